# syntax=docker/dockerfile:1

# Builds as the user that also runs: the demo compiles the worker once more.
FROM golang:1.26.8-bookworm@sha256:a688600ca24f8a4d3ca77f95b0dd40704a9fc787c826660eb7ba0b641b8b175d AS build
RUN install -d -o 65532 -g 65532 /src /home/build
ENV HOME=/home/build CGO_ENABLED=0 GOTOOLCHAIN=local
USER 65532:65532
WORKDIR /src
COPY --chown=65532:65532 go.mod go.sum ./
RUN go mod download
COPY --chown=65532:65532 . .
# docker build --build-arg VERSION=$(git describe --tags --always --dirty) .
ARG VERSION=dev
RUN go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o bin/ ./cmd/worker ./cmd/enqueue

# The demo: fakes of all outside services and the real worker between them. It
# keeps the compiler, because it builds the worker that it proves; the first build
# here is only for the cache. Its pages are out of reach in a container: it ends.
FROM build AS sandbox
RUN go build -buildvcs=false -o /dev/null ./cmd/worker && go build -buildvcs=false -o bin/ ./sandbox
CMD ["bin/sandbox", "demo", "--exit"]

# The product: two static binaries, certificates and time zones; no shell.
FROM gcr.io/distroless/static-debian12:nonroot@sha256:afa5c872c891853ca7fcf1f12c3edb23f7eeef36189728842dd51042ff57f7ab
ARG VERSION=dev
LABEL org.opencontainers.image.title="Bravo revOS background workers" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build /src/bin/worker /src/bin/enqueue /usr/local/bin/
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["/usr/local/bin/worker", "health"]
ENTRYPOINT ["/usr/local/bin/worker"]
CMD ["run"]
