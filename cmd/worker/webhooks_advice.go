package main

import (
	"fmt"
	"net/http"

	"github.com/bravorevos/workers/integrations"
	"github.com/bravorevos/workers/integrations/webhook"
)

// advice is what to check when a sample failed.
func advice(r webhook.Result) string {
	switch r.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "the receiver refuses the signature: does it hold this secret, and verify the exact bytes of the body, before any JSON parser?"
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return "the path of the URL: the receiver has no route for a POST there"
	case http.StatusGone:
		return "the receiver wants no more webhooks at this URL: a 410 disables the endpoint, and its deliveries wait until somebody enables it"
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType:
		return "the receiver does not take the body: it is JSON with the fields of docs/webhooks.md, and fields may be added"
	case http.StatusTooManyRequests:
		return "the receiver limits how much it takes; deliveries slow down and wait as long as its Retry-After says"
	}
	if text, ok := causes()[integrations.Cause(r.Cause)]; ok {
		return text
	}
	if r.Status >= http.StatusInternalServerError {
		return fmt.Sprintf("the receiver's own log: it failed with %d", r.Status)
	}
	return "docs/webhooks.md: only 2xx within the time limit is success"
}

// causes are those of failures without an answer, or with one that is none.
func causes() map[integrations.Cause]string {
	return map[integrations.Cause]string{
		integrations.CauseDNS:            "the host of the URL: its name has no address",
		integrations.CauseRefused:        "whether the receiver runs, and its port: nothing listens there",
		integrations.CauseReset:          "the receiver's own log, and any proxy before it: the connection was cut",
		integrations.CauseNetwork:        "the receiver's own log, and any proxy before it: the connection was cut",
		integrations.CauseProtocol:       "the port and the scheme of the URL: what answers there speaks no HTTP",
		integrations.CauseLocal:          "this machine: it has run out of something; receivers are not charged for it",
		integrations.CauseUnreachable:    "the network of this machine and the receiver's address: there is no route",
		integrations.CauseTimeout:        "how long the receiver takes: it has WEBHOOK_TIMEOUT for the whole answer; let it store the lead, answer, and do the slow part after",
		integrations.CauseTLS:            "the receiver's certificate: its dates, its name, and that its chain is complete; or the URL, where no TLS is spoken at that port",
		integrations.CauseRedirect:       "the URL: the receiver is elsewhere, and redirects are not followed; configure the final one",
		integrations.CauseBlockedAddress: "the URL: it leads to a private address; WEBHOOK_ALLOW_CIDRS opens networks of one's own, and receivers at host:port, for all clients or for one",
		integrations.CauseInvalidURL:     "the URL: it must begin with https:// (or with http://, where WEBHOOK_REQUIRE_HTTPS is off) and hold no user or password",
		integrations.CauseInvalidRequest: "WEBHOOK_SECRET: there is nothing to sign with",
	}
}
