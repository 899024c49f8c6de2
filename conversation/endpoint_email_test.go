package conversation

import (
	"strings"
	"testing"
	"time"
)

// Ensure that the owner of a receiver learns what happened, since when, what waits and
// what to do, in HTML and in plain text, and that nothing from outside is markup there.
func TestEndpointEmail(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 20, 9, 5, 0, 0, time.FixedZone("CET", 3600))
	tests := map[string]struct {
		email   EndpointEmail
		subject string
		holds   []string
		not     []string
	}{
		"failing": {
			EndpointEmail{RecipientAddress: "jo@tarn.example", Host: "crm.tarn.example", Since: since, Cause: "timeout", Waiting: 1},
			"Your webhook at crm.tarn.example is failing",
			[]string{"Hi jo,", "20 November 2026, 08:05 UTC", "it did not answer in time", "one lead waiting", "five days"},
			[]string{"worker webhooks", "was switched off"},
		},
		"disabled": {
			EndpointEmail{RecipientName: "Jo", Host: "crm.tarn.example", EndpointID: 12, Disabled: true, Since: since, Cause: "http_5xx", Waiting: 40},
			"Your webhook at crm.tarn.example was switched off",
			[]string{"Hi Jo,", "500 to 599", "40 leads waiting", "worker webhooks enable 12"},
			[]string{"410"},
		},
		"gone, and hostile": {
			EndpointEmail{RecipientName: "<script>\r\nBcc: x", Host: "crm\r\nBcc: <b>y</b>", Disabled: true, Gone: true, Product: "A & B"},
			"Your webhook at crm Bcc: <b>y</b> was switched off",
			[]string{"410", "no leads waiting"},
			[]string{"\r", "since"},
		},
		"a cause that nobody knows": {
			EndpointEmail{Host: "h.example", Cause: "<i>"}, "Your webhook at h.example is failing",
			[]string{"Hi there,", "it could not be reached"}, []string{"<i>"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := RenderEndpointEmail(tc.email)
			if err != nil {
				t.Fatal(err)
			}
			if got.Subject != tc.subject {
				t.Errorf("subject %q, want %q", got.Subject, tc.subject)
			}
			for _, body := range []string{got.HTML, got.Text} {
				for _, want := range tc.holds {
					if !strings.Contains(body, want) {
						t.Errorf("%q is not in:\n%s", want, body)
					}
				}
				for _, not := range tc.not {
					if strings.Contains(body, not) {
						t.Errorf("%q is in:\n%s", not, body)
					}
				}
			}
			if strings.Contains(got.HTML, "<script>") || strings.Contains(got.HTML, "<b>y") {
				t.Errorf("text from outside is markup:\n%s", got.HTML)
			}
		})
	}
}
