package resend

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/bravorevos/workers/integrations"
)

// Ensure that a full second waits for seconds and an empty quota for its day.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 23, 0, 0, 0, time.FixedZone("CET", 3600)) // 22:00 UTC
	tests := []struct {
		name, header string
		want         time.Duration
	}{
		{"rate_limit_exceeded", "2", 2 * time.Second},
		{"rate_limit_exceeded", "", 0},
		{"daily_quota_exceeded", "2", 2 * time.Hour},
		{"daily_quota_exceeded", "10800", 3 * time.Hour},
		{"monthly_quota_exceeded", "2", 24 * time.Hour},
	}
	for _, tt := range tests {
		r := record{answer: integrations.Answer{
			Status: http.StatusTooManyRequests,
			Header: http.Header{"Retry-After": {tt.header}},
			Body:   fmt.Appendf(nil, `{"name":%q}`, tt.name),
		}}
		if got := r.failure(nil, now).RetryAfter; got != tt.want {
			t.Errorf("%s with Retry-After %q: wait %v, want %v", tt.name, tt.header, got, tt.want)
		}
	}
}
