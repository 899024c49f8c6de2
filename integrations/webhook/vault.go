package webhook

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

const (
	vaultKeyBytes = 32 // AES-256
	vaultVersion  = 1  // first byte of what is sealed
)

var (
	// ErrNoKey says that a secret was sealed under a key that the vault lacks.
	ErrNoKey = errors.New("the key that the secret was encrypted with is not among those given")
	// ErrSealed says that what was sealed is damaged, or belongs to another campaign.
	ErrSealed = errors.New("the encrypted secret is damaged or of another campaign")
	errKey    = errors.New("not 32 bytes as base64 or as hexadecimal digits")
)

// Vault encrypts the secrets of campaigns for the database. Its first key encrypts
// and all of them decrypt, so that the key can be changed while secrets live on. A
// nil vault holds no key.
type Vault struct{ keys []vaultKey }

type vaultKey struct {
	id   string
	aead cipher.AEAD
}

// Sealed is a secret as the database keeps it.
type Sealed struct {
	Ciphertext []byte
	KeyID      string // which key opens it; tells nothing about the key
}

// NewVault reads keys that commas part, each 32 bytes as base64 or as hexadecimal
// digits. The error names the place of a wrong one and never the key.
func NewVault(keys string) (*Vault, error) {
	v := &Vault{}
	place := 0
	for text := range strings.SplitSeq(keys, ",") {
		place++
		key, err := readVaultKey(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("key %d is %w", place, err)
		}
		k, err := newVaultKey(key)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", place, err)
		}
		v.keys = append(v.keys, k)
	}
	return v, nil
}

// readVaultKey tells the two forms apart by their length: 64 digits, or 43 and 44
// characters of base64, which may be that of URLs.
func readVaultKey(text string) ([]byte, error) {
	decode := hex.DecodeString
	if len(text) != hex.EncodedLen(vaultKeyBytes) {
		text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimSuffix(text, "="))
		decode = base64.RawStdEncoding.DecodeString
	}
	key, err := decode(text)
	if err != nil || len(key) != vaultKeyBytes {
		return nil, errKey
	}
	return key, nil
}

func newVaultKey(key []byte) (vaultKey, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return vaultKey{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return vaultKey{}, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("id of a webhook encryption key"))
	return vaultKey{id: hex.EncodeToString(mac.Sum(nil)[:4]), aead: aead}, nil
}

// KeyIDs names the keys, the one that encrypts first.
func (v *Vault) KeyIDs() []string {
	if v == nil {
		return nil
	}
	ids := make([]string, len(v.keys))
	for i, k := range v.keys {
		ids[i] = k.id
	}
	return ids
}

// Seal encrypts a campaign's secret with AES-256-GCM under the first key, bound to
// the campaign: copied into another campaign's row it does not open.
func (v *Vault) Seal(campaign uuid.UUID, secret string) (Sealed, error) {
	if v == nil || len(v.keys) == 0 {
		return Sealed{}, ErrNoKey
	}
	key := v.keys[0]
	//nolint:gosec // not without a nonce: this cipher draws it and puts it first
	sealed := key.aead.Seal([]byte{vaultVersion}, nil, []byte(secret), binding(campaign))
	return Sealed{Ciphertext: sealed, KeyID: key.id}, nil
}

// Open decrypts what [Vault.Seal] made for the same campaign. What does not come
// from there, or was changed by one bit, is [ErrSealed].
func (v *Vault) Open(campaign uuid.UUID, s Sealed) (string, error) {
	key, ok := v.key(s.KeyID)
	if !ok {
		return "", ErrNoKey
	}
	if len(s.Ciphertext) == 0 || s.Ciphertext[0] != vaultVersion {
		return "", ErrSealed
	}
	secret, err := key.aead.Open(nil, nil, s.Ciphertext[1:], binding(campaign))
	if err != nil {
		return "", ErrSealed
	}
	return string(secret), nil
}

func (v *Vault) key(id string) (vaultKey, bool) {
	if v == nil {
		return vaultKey{}, false
	}
	for _, k := range v.keys {
		if k.id == id {
			return k, true
		}
	}
	return vaultKey{}, false
}

// binding is authenticated with the secret and not stored beside it.
func binding(campaign uuid.UUID) []byte {
	return append([]byte{vaultVersion}, campaign[:]...)
}
