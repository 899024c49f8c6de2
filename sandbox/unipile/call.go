package unipile

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// errCut ends an exchange without an answer.
var errCut = errors.New("connection cut")

// call is one exchange with a client.
type call struct {
	s      *Server
	w      http.ResponseWriter
	r      *http.Request
	record *Request
	fault  *armedFault // the fault that struck this call, if any
}

// begin enters the exchange in the traffic log, before anything can hold it.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, operation string) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{s: s, w: w, r: r, record: &Request{
		At: s.now(), Method: r.Method, Path: r.URL.EscapedPath(), Operation: operation,
	}}
	s.requests = keepLast(append(s.requests, c.record), s.opts.MaxTraffic)
	return c
}

// serve runs one endpoint: key, the endpoint's own work with the first half of a
// fault inside (see enter), the second half of the fault, the answer.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, rt route) {
	c := s.begin(w, r, rt.operation)
	if key := r.Header.Get("X-API-KEY"); key == "" || (s.opts.APIKey != "" && key != s.opts.APIKey) {
		c.refuse(known("missing_credentials"))
		return
	}
	result, err := rt.handle(c)
	if err == nil {
		result, err = c.leave(result)
	}
	if problem, ok := errors.AsType[*problem](err); ok {
		c.refuse(problem)
		return
	}
	if err != nil { // errCut: net/http closes the connection without a word
		s.mu.Lock()
		c.record.Cut = true
		s.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	c.answer(rt.status, result)
}

// refuse answers with one of the vendor's error bodies.
func (c *call) refuse(p *problem) { c.answer(p.Status, p) }

// answer writes the body and completes the traffic log first, so that who has read
// the answer finds it there.
func (c *call) answer(status int, body any) {
	data := c.s.encode(body, status < 300)
	c.s.mu.Lock()
	c.record.Status = status
	c.s.mu.Unlock()
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.w.Header().Set("Date", c.s.date())
	c.w.WriteHeader(status)
	_, _ = c.w.Write(data)
}

// encode turns the body into JSON; a success may carry noise.
func (s *Server) encode(body any, success bool) []byte {
	data := marshal(body)
	if !s.opts.ExtraFields || !success {
		return data
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return addNoise(s.noise, data)
}

// marshal gives JSON as the vendor writes it, with < and & as they are.
func marshal(body any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		panic("unipile sandbox: answer cannot be encoded: " + err.Error())
	}
	return bytes.TrimSpace(buf.Bytes())
}

// accountID reads the query parameter that must be there.
func (c *call) accountID() (string, error) {
	if v := c.r.URL.Query().Get("account_id"); v != "" {
		return v, nil
	}
	return "", violation("/account_id", "Expected required property", nil)
}

// oneOf reads an optional query parameter with a closed set of values.
func (c *call) oneOf(name string, allowed ...string) (string, error) {
	v := c.r.URL.Query().Get(name)
	if v == "" {
		return "", nil
	}
	if slices.Contains(allowed, v) {
		return v, nil
	}
	return "", violation("/"+name, "Expected union value", v)
}

// moment reads a date filter, which must have exactly the vendor's form.
func (c *call) moment(name string) (string, error) {
	v := c.r.URL.Query().Get(name)
	if v == "" {
		return "", nil
	}
	if _, err := parseTime(v); err != nil {
		return "", violation("/"+name, `Expected string to match '^[1-2]\d{3}-[0-1]\d-[0-3]\dT\d{2}:\d{2}:\d{2}.\d{3}Z$'`, v)
	}
	return v, nil
}

// timeLayout is the one form of times in v1: UTC with three digits of milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z"

func formatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

func parseTime(v string) (time.Time, error) {
	if len(v) != len(timeLayout) { // time.Parse alone lets one-digit hours pass
		return time.Time{}, errors.New("not a time of this API")
	}
	return time.Parse(timeLayout, v)
}

// splitList reads "a,b" as the vendor reads lists in queries.
func splitList(v string) []string {
	if v == "" {
		return nil
	}
	return strings.Split(v, ",")
}

// keepLast caps a log at n entries.
func keepLast[T any](log []T, n int) []T {
	if len(log) > n {
		return log[len(log)-n:]
	}
	return log
}
