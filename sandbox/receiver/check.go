package receiver

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	userAgent = "BravoRevOS-Webhook/1.0"

	// tolerance is how far the time of a Standard Webhooks attempt may be from
	// the clock.
	// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
	tolerance = 5 * time.Minute
)

// problem is what is wrong with a delivery and how it is answered.
type problem struct {
	status int
	text   string
}

func unauthorized(format string, args ...any) *problem {
	return &problem{http.StatusUnauthorized, fmt.Sprintf(format, args...)}
}

func malformed(format string, args ...any) *problem {
	return &problem{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// check returns the lead of a valid delivery. The texts of problems name fields
// and headers, never their values.
func (s *Server) check(h http.Header, body []byte) (lead string, p *problem) {
	for _, check := range []func(http.Header, []byte) *problem{s.checkSignature, s.checkStandard, checkHeaders} {
		if p := check(h, body); p != nil {
			return "", p
		}
	}
	return checkBody(body)
}

// checkSignature checks the header of the product's first contract:
// lower-case hex of HMAC-SHA256 over the exact bytes of the body.
func (s *Server) checkSignature(h http.Header, body []byte) *problem {
	given := h.Get("X-Webhook-Signature")
	if s.options.Secret == "" || given == "" {
		return unauthorized("X-Webhook-Signature or the receiver's secret is missing")
	}
	want := hex.EncodeToString(sign([]byte(s.options.Secret), body))
	if !hmac.Equal([]byte(given), []byte(want)) {
		return unauthorized("X-Webhook-Signature does not match")
	}
	return nil
}

// checkStandard checks the Standard Webhooks headers where they are signed: one
// of the signatures must match.
func (s *Server) checkStandard(h http.Header, body []byte) *problem {
	if len(h.Values("Webhook-Signature")) == 0 {
		return nil
	}
	id, timestamp := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	if id == "" || strings.Contains(id, ".") {
		return unauthorized("webhook-id is missing or holds a full stop")
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return unauthorized("webhook-timestamp is not in Unix seconds")
	}
	if age := s.options.Now().Sub(time.Unix(seconds, 0)); age.Abs() > tolerance {
		return unauthorized("webhook-timestamp is more than %s away", tolerance)
	}
	content := id + "." + timestamp + "." + string(body)
	for given := range strings.FieldsSeq(h.Get("Webhook-Signature")) {
		version, encoded, _ := strings.Cut(given, ",")
		signature, err := base64.StdEncoding.DecodeString(encoded)
		if version != "v1" || err != nil {
			continue
		}
		for _, key := range standardKeys(cmp.Or(s.options.Own, s.options.Secret)) {
			if hmac.Equal(signature, sign(key, []byte(content))) {
				return nil
			}
		}
	}
	return unauthorized("webhook-signature does not match")
}

// standardKeys are the keys that a secret stands for. After whsec_ it is base64.
// Without it, libraries disagree, so its bytes count too.
func standardKeys(secret string) [][]byte {
	encoded, marked := strings.CutPrefix(secret, "whsec_")
	var keys [][]byte
	if key, err := base64.StdEncoding.DecodeString(encoded); err == nil {
		keys = append(keys, key)
	}
	if !marked {
		keys = append(keys, []byte(secret))
	}
	return keys
}

func sign(key, content []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(content)
	return mac.Sum(nil)
}

func checkHeaders(h http.Header, _ []byte) *problem {
	if h.Get("User-Agent") != userAgent {
		return malformed("User-Agent is not %s", userAgent)
	}
	if kind, _, _ := strings.Cut(h.Get("Content-Type"), ";"); kind != "application/json" {
		return malformed("Content-Type is not application/json")
	}
	if !isTime(h.Get("X-Webhook-Timestamp")) {
		return malformed("X-Webhook-Timestamp is missing or not a time")
	}
	return nil
}

// checkBody wants the fields of the contract. More fields are welcome.
func checkBody(body []byte) (lead string, p *problem) {
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		return "", malformed("the body is not a JSON object")
	}
	text := map[string]string{}
	for _, name := range []string{"email", "name", "source", "campaign_id", "timestamp"} {
		value, ok := fields[name].(string)
		if !ok || value == "" && name != "name" {
			return "", malformed("%s is missing or not a text", name)
		}
		text[name] = value
	}
	if !strings.Contains(text["email"], "@") {
		return "", malformed("email is not an address")
	}
	if !isTime(text["timestamp"]) {
		return "", malformed("timestamp is not a time")
	}
	if p := checkType(fields); p != nil {
		return "", p
	}
	return leadKey(text["campaign_id"], text["email"]), nil
}

// checkType checks what the workers' own leads hold besides. Rows of other programs
// have no type, or one of their own.
func checkType(fields map[string]any) *problem {
	if fields["type"] != "lead.captured" {
		return nil
	}
	for name, value := range fields {
		if (value == nil || value == "") && name != "name" {
			return malformed("%s is empty: what is unknown is left out", name)
		}
	}
	for _, name := range []string{"event_id", "lead_id"} {
		if _, ok := fields[name].(string); !ok {
			return malformed("%s is missing", name)
		}
	}
	return nil
}

// isTime accepts RFC 3339, which the contract uses, and Unix seconds.
func isTime(s string) bool {
	if _, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return true
	}
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}
