package integrations

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"
)

const (
	// UserAgent names us to the vendors. Resend refuses requests without one.
	UserAgent = "bravorevos-workers/1.0"

	// DefaultTimeout bounds one exchange from the name lookup to the last byte of the answer.
	DefaultTimeout = 20 * time.Second

	// DefaultLimit is how many bytes of an answer are read, counted after
	// decompression. The largest page of messages is far below it.
	DefaultLimit = 8 << 20

	// errorLimit is enough of a refusal to know why.
	errorLimit = 64 << 10
)

// Observation is one finished exchange. Status is 0 when there was no answer;
// Cause is empty when there was a whole one.
type Observation struct {
	Service   string
	Operation string
	Status    int
	Cause     Cause
	Duration  time.Duration
	// Connected is set when there was a connection, and Reused when it was there before.
	Connected bool
	Reused    bool
}

// Observer is called once for each exchange, for metrics. It must not block.
type Observer func(Observation)

// Client performs exchanges with one service: bounded in time and size, observed,
// and with errors that hold nothing of the request.
type Client struct {
	Service string        // names the service in errors and observations
	HTTP    *http.Client  // required; see [NoRedirects]
	Timeout time.Duration // of one whole exchange; 0 means DefaultTimeout
	Limit   int64         // bytes of a 2xx answer; 0 means DefaultLimit
	Cut     bool          // read a longer answer up to Limit instead of failing
	Observe Observer      // may be nil
}

// Answer is what came back. When Do fails, it holds what was known until then.
type Answer struct {
	Status  int
	Header  http.Header
	Body    []byte // decompressed
	Address string // ip:port that was dialled
	Reused  bool   // the connection was there before
	Timings Timings
}

// OK reports a 2xx status. Vendors differ between 200, 201 and 202 for the same thing.
func (a Answer) OK() bool { return a.Status/100 == 2 }

// Do sends the request and reads the answer, whatever its status.
//
// It fails with a Temporary [*Error] whose Type is a [Cause] when no whole answer
// came. OutcomeUnknown is then set if there was a connection to write the request
// to (after TLS, where there is TLS) and no refusal had been received. Cancelling
// ctx keeps errors.Is(err, context.Canceled) true.
func (c *Client) Do(ctx context.Context, operation string, req *http.Request) (Answer, error) {
	started := time.Now()
	bounded, cancel := context.WithTimeout(ctx, cmp.Or(c.Timeout, DefaultTimeout))
	defer cancel()

	var trace trace
	answer, err := c.exchange(httptrace.WithClientTrace(bounded, trace.hooks()), req, &trace)
	maybeWritten := trace.read(&answer, started)

	var failure *Error
	if err != nil {
		failure = &Error{
			Service:        c.Service,
			Operation:      operation,
			Status:         answer.Status,
			OutcomeUnknown: maybeWritten && (answer.Status < 300 || answer.Status >= 500),
		}
		cause, detail := diagnose(err)
		switch {
		case cause == CauseNetwork && maybeWritten:
			cause = CauseProtocol
		case cause == CauseTimeout && trace.isLookingUp():
			cause, detail = CauseDNS, noNameServer
		case cause == CauseUnreachable:
			failure.Ours = !routed()
		case cause == CauseLocal:
			failure.Ours = true
		}
		// The transport reports the cause a context was cancelled with, which is not
		// always context.Canceled; the context itself is always right.
		withheld, isWithheld := errors.AsType[*withheldError](err)
		switch {
		case isWithheld:
			cause, detail, failure.Err, failure.OutcomeUnknown = CauseCanceled, "", withheld.error, withheld.begun
		case errors.Is(ctx.Err(), context.Canceled):
			cause, detail, failure.Err = CauseCanceled, "", context.Canceled
		case cause == CauseTimeout:
			failure.Err = context.DeadlineExceeded
		}
		failure.Type, failure.Detail = string(cause), detail
	}

	if c.Observe != nil {
		o := Observation{
			Service: c.Service, Operation: operation, Status: answer.Status, Duration: answer.Timings.Total,
			Connected: maybeWritten, Reused: answer.Reused,
		}
		if failure != nil {
			o.Cause = Cause(failure.Type)
		}
		c.Observe(o)
	}
	if failure != nil {
		return answer, failure
	}
	return answer, nil
}

func (c *Client) exchange(ctx context.Context, req *http.Request, trace *trace) (Answer, error) {
	response, err := c.HTTP.Do(once(gated(ctx, req.WithContext(ctx)), trace))
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()

	answer := Answer{Status: response.StatusCode, Header: response.Header}
	if answer.Status == http.StatusSwitchingProtocols {
		// Nobody asked for it. Its body is the bare connection, which no deadline ends.
		return answer, CauseProtocol
	}
	limit, cut := cmp.Or(c.Limit, DefaultLimit), c.Cut
	if !answer.OK() {
		// The status has said what matters; the rest only explains it.
		limit, cut = min(limit, errorLimit), true
	}
	answer.Body, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	if int64(len(answer.Body)) > limit {
		answer.Body = answer.Body[:limit]
		if !cut {
			return answer, CauseTooLarge
		}
		return answer, nil
	}
	if err != nil {
		if cause, _ := diagnose(err); cause == CauseNetwork {
			return answer, CauseBadAnswer // broken compression or framing
		}
	}
	return answer, err
}

// NoRedirects gives a copy of h, or of a default for vendor APIs when h is nil,
// that answers with a redirect instead of following it: whoever controls the
// Location would be sent our credentials.
func NoRedirects(h *http.Client) *http.Client {
	client := http.Client{}
	if h != nil {
		client = *h
	} else {
		transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // the standard library's own
		transport.MaxIdleConnsPerHost = 32                           // the queue calls one host from many workers
		transport.MaxResponseHeaderBytes = errorLimit
		client.Transport = transport
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}
