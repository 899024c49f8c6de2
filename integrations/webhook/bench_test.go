package webhook

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// BenchmarkDeliver is one signed delivery on this machine, to the end of the answer.
func BenchmarkDeliver(b *testing.B) {
	for name, keep := range map[string]bool{"reused": true, "opened": false} {
		b.Run(name, func(b *testing.B) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if !keep {
					w.Header().Set("Connection", "close")
				}
			}))
			b.Cleanup(server.Close)
			sender := trusting(server, Config{})
			d := to(server.URL)
			d.Secrets = []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
			for b.Loop() {
				d.Now = time.Now()
				if _, err := sender.Deliver(b.Context(), d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
