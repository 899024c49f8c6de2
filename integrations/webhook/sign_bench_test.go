package webhook

import (
	"bytes"
	"net/http"
	"testing"
	"time"
)

// BenchmarkSign is all the signing of one delivery of half a kilobyte: the header of old
// and that of Standard Webhooks.
func BenchmarkSign(b *testing.B) {
	d := Delivery{
		ID: "4f0c2a51-6b0e-4a3c-9a53-0d7f5a5d8f0e", Body: bytes.Repeat([]byte("x"), 512), Now: time.Unix(1_795_426_202, 0),
		Secret: "secret-of-the-benchmark", Secrets: []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
	}
	for b.Loop() {
		if failure := sign(http.Header{}, d); failure != nil {
			b.Fatal(failure)
		}
	}
}
