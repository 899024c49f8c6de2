package resend

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/bravorevos/workers/integrations"
)

// record is what one call of the SDK met. It travels in the context of the call,
// so that concurrent calls of one client keep apart.
type record struct {
	operation string
	answer    integrations.Answer
}

type recordKey struct{}

func (r *record) within(ctx context.Context) context.Context {
	return context.WithValue(ctx, recordKey{}, r)
}

// recorder is the transport below the SDK. It performs the whole exchange, body
// included, and hands the SDK an answer that is already in memory.
type recorder struct{ client integrations.Client }

var errNoRecord = errors.New("resend: request without a record")

// RoundTrip implements [http.RoundTripper].
func (t *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	record, ok := req.Context().Value(recordKey{}).(*record)
	if !ok {
		return nil, errNoRecord
	}
	outgoing, err := rewindable(req)
	if err != nil {
		return nil, err
	}
	record.answer, err = t.client.Do(req.Context(), record.operation, outgoing)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status:        http.StatusText(record.answer.Status),
		StatusCode:    record.answer.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        record.answer.Header,
		Body:          io.NopCloser(bytes.NewReader(record.answer.Body)),
		ContentLength: int64(len(record.answer.Body)),
		Request:       req,
	}, nil
}

// rewindable gives the request a body of known length that can be read again. The
// SDK's has neither, which makes it chunked, and fails on a stale connection
// instead of taking a new one.
func rewindable(req *http.Request) (*http.Request, error) {
	var body io.Reader
	if req.Body != nil {
		b, err := io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	outgoing, err := http.NewRequest(req.Method, req.URL.String(), body) //nolint:noctx // the shared client gives it the caller's
	if err != nil {
		return nil, err
	}
	outgoing.Header = req.Header.Clone()
	return outgoing, nil
}
