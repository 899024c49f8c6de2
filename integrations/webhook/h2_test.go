package webhook

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"

	"github.com/bravorevos/workers/integrations"
)

var okHeaders = []byte{0x88} // ":status: 200" of HPACK's table

// trusting is a sender that may call the servers of a test and trusts their certificate.
func trusting(server *httptest.Server, cfg Config) *Sender {
	cfg.AllowCIDRs = append(cfg.AllowCIDRs, netip.MustParsePrefix("127.0.0.1/32"))
	sender := New(cfg)
	if server.Certificate() != nil {
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		sender.client.HTTP.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return sender
}

func to(url string) Delivery {
	return Delivery{ID: "msg_1", URL: url + "/s3cret-path", Body: []byte(`{"email":"a@kelp.example"}`), Secret: "s3cret-key"}
}

// Ensure that a receiver which speaks HTTP/2 is spoken to in it, over one connection.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	var major, visits atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		major.Store(int32(r.ProtoMajor))
		visits.Add(1)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	sender := trusting(server, Config{})
	for try := range 3 {
		result, err := sender.Deliver(t.Context(), to(server.URL))
		if err != nil || result.Reused != (try > 0) || (result.Timings.TLS > 0) != (try == 0) {
			t.Errorf("try %d: result = %+v, %v", try, result, err)
		}
	}
	if major.Load() != 2 || visits.Load() != 3 {
		t.Errorf("%d visits over HTTP/%d, want 3 over HTTP/2", visits.Load(), major.Load())
	}
}

// Ensure that a receiver of HTTP/2 which fails in the middle has the right cause, and
// that the transport does not send the lead a second time, whatever the server says
// it has not done: one attempt is one request.
func TestHTTP2ThatFails(t *testing.T) {
	t.Parallel()
	reset := func(code http2.ErrCode) func(*http2.Framer, uint32) bool {
		return func(f *http2.Framer, stream uint32) bool { return f.WriteRSTStream(stream, code) == nil }
	}
	for name, tt := range map[string]struct {
		fail   func(f *http2.Framer, stream uint32) (goOn bool)
		cause  integrations.Cause
		status int
	}{
		"hangs up": {func(*http2.Framer, uint32) bool { return false }, integrations.CauseReset, 0},
		"hangs up within its body": {func(f *http2.Framer, stream uint32) bool {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: okHeaders, EndHeaders: true})
			_ = f.WriteData(stream, false, []byte("{"))
			return false
		}, integrations.CauseReset, 200},
		"resets within its body": {func(f *http2.Framer, stream uint32) bool {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: okHeaders, EndHeaders: true})
			return f.WriteRSTStream(stream, http2.ErrCodeInternal) == nil
		}, integrations.CauseReset, 200},
		"resets":                    {reset(http2.ErrCodeInternal), integrations.CauseReset, 0},
		"refuses what it has read":  {reset(http2.ErrCodeRefusedStream), integrations.CauseReset, 0},
		"calls it a protocol error": {reset(http2.ErrCodeProtocol), integrations.CauseReset, 0},
		"goes away, graceful": {func(f *http2.Framer, _ uint32) bool {
			return f.WriteGoAway(0, http2.ErrCodeNo, nil) == nil
		}, integrations.CauseReset, 0},
		"goes away in anger": {func(f *http2.Framer, _ uint32) bool {
			return f.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, nil) == nil
		}, integrations.CauseReset, 0},
		"goes away and hangs up": {func(f *http2.Framer, stream uint32) bool {
			_ = f.WriteGoAway(stream, http2.ErrCodeEnhanceYourCalm, []byte("s3cret-path"))
			return false
		}, integrations.CauseReset, 0},
		"breaks the protocol": {func(f *http2.Framer, stream uint32) bool {
			return f.WriteRawFrame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, stream, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) == nil
		}, integrations.CauseProtocol, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, posts := rawHTTP2(t, tt.fail)
			result, err := trusting(server, Config{}).Deliver(t.Context(), to(server.URL))
			failure := integrations.As(err)
			if failure == nil || failure.Kind != integrations.Temporary || result.Cause != string(tt.cause) || result.Status != tt.status || result.Ours {
				t.Errorf("result = %+v, error = %+v; want %s", result, failure, tt.cause)
			}
			if posts.Load() != 1 {
				t.Errorf("%d requests were received for one attempt", posts.Load())
			}
		})
	}
}

// rawHTTP2 is a server that reads whole requests and answers each with frames of its own.
func rawHTTP2(t *testing.T, answer func(f *http2.Framer, stream uint32) (goOn bool)) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var posts atomic.Int32
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{NextProtos: []string{"h2"}}
	server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"h2": func(_ *http.Server, conn *tls.Conn, _ http.Handler) { answerFrames(conn, &posts, answer) },
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, &posts
}

func answerFrames(conn net.Conn, posts *atomic.Int32, answer func(f *http2.Framer, stream uint32) bool) {
	defer func() { _ = conn.Close() }()
	if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	framer := http2.NewFramer(conn, conn)
	if framer.WriteSettings() != nil {
		return
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		if settings, ok := frame.(*http2.SettingsFrame); ok && !settings.IsAck() && framer.WriteSettingsAck() != nil {
			return
		}
		if frame.Header().Type != http2.FrameData || !frame.Header().Flags.Has(http2.FlagDataEndStream) {
			continue
		}
		posts.Add(1)
		if !answer(framer, frame.Header().StreamID) {
			return
		}
	}
}
