package webhook

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

const (
	// secretBytes are drawn for a new secret; the standard wants 24 to 64.
	// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
	secretBytes = 32

	minSecretBytes = 24
	maxSecretBytes = 64
)

var errSecret = errors.New("not a secret: want whsec_ and then 24 to 64 bytes as base64")

// NewSecret draws a secret for one receiver: whsec_ and 32 random bytes as base64.
func NewSecret() string {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // never fails: without randomness the process ends
	return SecretPrefix + base64.StdEncoding.EncodeToString(key)
}

// CheckSecret tells whether a text is a secret in the form that [NewSecret] gives.
// The error does not repeat it.
func CheckSecret(secret string) error {
	encoded, marked := strings.CutPrefix(secret, SecretPrefix)
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	// The decoder skips line breaks, which no header and no library would.
	if !marked || err != nil || strings.ContainsAny(encoded, "\r\n") || len(key) < minSecretBytes || len(key) > maxSecretBytes {
		return errSecret
	}
	return nil
}

// Fingerprint is what may be shown of a secret: the last four hexadecimal digits of
// its SHA-256. Whoever holds the secret can tell by them which one it is.
func Fingerprint(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[len(sum)-2:])
}
