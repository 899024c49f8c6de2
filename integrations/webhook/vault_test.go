package webhook_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/bravorevos/workers/integrations/webhook"
)

var (
	kelp = uuid.MustParse("11111111-1111-4111-8111-111111111111")
	tarn = uuid.MustParse("22222222-2222-4222-8222-222222222222")
)

// vaultKey is the base64 of 32 bytes of n.
func vaultKey(n byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{n}, 32)) }

func newVault(tb testing.TB, keys ...string) *webhook.Vault {
	tb.Helper()
	v, err := webhook.NewVault(strings.Join(keys, ","))
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// Ensure a secret comes back for its own campaign alone, and not twice in the same
// form.
func TestVault(t *testing.T) {
	t.Parallel()
	v := newVault(t, vaultKey(1))
	secret := webhook.NewSecret()
	sealed, err := v.Seal(kelp, secret)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed.Ciphertext, []byte(secret)) || bytes.Contains(sealed.Ciphertext, []byte(secret[6:])) {
		t.Error("the secret stands in what is stored")
	}
	if got, err := v.Open(kelp, sealed); err != nil || got != secret {
		t.Errorf("opened: %q, %v; want the secret", got, err)
	}
	if got, err := v.Open(tarn, sealed); !errors.Is(err, webhook.ErrSealed) || got != "" {
		t.Errorf("opened for another campaign: %q, %v", got, err)
	}
	again, err := v.Seal(kelp, secret)
	if err != nil || bytes.Equal(again.Ciphertext, sealed.Ciphertext) {
		t.Errorf("sealed twice in the same form (%v)", err)
	}
}

// Ensure no byte of what is stored can be changed, left out or added.
func TestVaultRefusesWhatWasTamperedWith(t *testing.T) {
	t.Parallel()
	v := newVault(t, vaultKey(1))
	sealed, err := v.Seal(kelp, webhook.NewSecret())
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, ciphertext []byte) {
		t.Helper()
		if got, err := v.Open(kelp, webhook.Sealed{Ciphertext: ciphertext, KeyID: sealed.KeyID}); !errors.Is(err, webhook.ErrSealed) || got != "" {
			t.Errorf("%s: opened %q, %v", what, got, err)
		}
	}
	for i := range sealed.Ciphertext {
		changed := bytes.Clone(sealed.Ciphertext)
		changed[i] ^= 1
		refused("a bit changed", changed)
		refused("cut", sealed.Ciphertext[:i])
	}
	refused("a byte more", append(bytes.Clone(sealed.Ciphertext), 0))
	refused("nothing", nil)
}

// Ensure the key can be changed: the first one encrypts, all of them decrypt.
func TestVaultKeysRotate(t *testing.T) {
	t.Parallel()
	oldKey, newKey := vaultKey(1), vaultKey(2)
	before, during, after := newVault(t, oldKey), newVault(t, newKey, oldKey), newVault(t, newKey)
	secret := webhook.NewSecret()
	sealed, err := before.Seal(kelp, secret)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := during.Open(kelp, sealed); err != nil || got != secret {
		t.Errorf("with both keys: %q, %v", got, err)
	}
	if _, err := after.Open(kelp, sealed); !errors.Is(err, webhook.ErrNoKey) {
		t.Errorf("without the old key: %v, want ErrNoKey", err)
	}
	again, err := during.Seal(kelp, secret)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := after.Open(kelp, again); err != nil || got != secret {
		t.Errorf("sealed anew: %q, %v", got, err)
	}
	if ids := during.KeyIDs(); len(ids) != 2 || ids[0] != again.KeyID || ids[1] != sealed.KeyID {
		t.Errorf("ids are %v, want %s and then %s", ids, again.KeyID, sealed.KeyID)
	}
}

// Ensure keys are read as openssl writes them, and that a wrong one is not repeated.
func TestVaultReadsKeys(t *testing.T) {
	t.Parallel()
	bits := bytes.Repeat([]byte{0xfb}, 32) // with + and / in base64
	for name, text := range map[string]string{
		"base64":          base64.StdEncoding.EncodeToString(bits),
		"without its end": base64.RawStdEncoding.EncodeToString(bits),
		"of URLs":         base64.URLEncoding.EncodeToString(bits),
		"hexadecimal":     hex.EncodeToString(bits),
		"in capitals":     strings.ToUpper(hex.EncodeToString(bits)),
		"with blanks":     " " + hex.EncodeToString(bits) + " ",
	} {
		if got := newVault(t, text).KeyIDs(); got[0] != newVault(t, hex.EncodeToString(bits)).KeyIDs()[0] {
			t.Errorf("%s: another key was read", name)
		}
	}
	for _, text := range []string{
		"", ",", "hunter2hunter2", vaultKey(1) + ",", "," + vaultKey(1), vaultKey(1)[1:], vaultKey(1) + "AAAA",
		strings.Repeat("z", 64), strings.Repeat("0", 63), vaultKey(1) + "==",
	} {
		_, err := webhook.NewVault(text)
		if err == nil {
			t.Errorf("%q was taken for a key", text)
		} else if text != "" && text != "," && strings.Contains(err.Error(), text) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
}

// Ensure a vault without any key neither opens nor seals.
func TestVaultWithoutKey(t *testing.T) {
	t.Parallel()
	sealed, err := newVault(t, vaultKey(1)).Seal(kelp, webhook.NewSecret())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []*webhook.Vault{nil, {}} {
		if _, err := v.Seal(kelp, "x"); !errors.Is(err, webhook.ErrNoKey) {
			t.Errorf("sealed: %v", err)
		}
		if _, err := v.Open(kelp, sealed); !errors.Is(err, webhook.ErrNoKey) {
			t.Errorf("opened: %v", err)
		}
		if ids := v.KeyIDs(); len(ids) != 0 {
			t.Errorf("keys %v", ids)
		}
	}
}

// Ensure secrets are drawn in the form of the standard, and others told apart.
func TestSecrets(t *testing.T) {
	t.Parallel()
	one, other := webhook.NewSecret(), webhook.NewSecret()
	if one == other || !strings.HasPrefix(one, "whsec_") || len(one) != 6+44 {
		t.Errorf("drew %d and %d characters, the same: %t", len(one), len(other), one == other)
	}
	for _, secret := range []string{one, "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 24)), "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 64))} {
		if err := webhook.CheckSecret(secret); err != nil {
			t.Errorf("%q: %v", secret, err)
		}
	}
	for _, text := range []string{
		"", "whsec_", one[6:], "WHSEC_" + one[6:], one + "\n", one[:20] + "\n" + one[20:], one[:len(one)-1], "whsec_é" + one[6:],
		"whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23)), "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65)),
	} {
		if err := webhook.CheckSecret(text); err == nil {
			t.Errorf("%q was taken for a secret", text)
		} else if text != "" && strings.Contains(err.Error(), text) && text != "whsec_" {
			t.Errorf("the error repeats the secret: %v", err)
		}
	}
	if got := webhook.Fingerprint("whsec_x"); got != "07de" {
		t.Errorf("fingerprint is %s, want what `printf %%s whsec_x | sha256sum | cut -c61-64` says", got)
	}
}

// Ensure whatever stands in the database or the environment, nothing panics, and only
// what was sealed for the campaign opens.
func FuzzVault(f *testing.F) {
	secret := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	v := newVault(f, vaultKey(1))
	sealed, err := v.Seal(kelp, secret)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed.Ciphertext, uint16(0), byte(1), vaultKey(1), secret)
	f.Add([]byte{}, uint16(1), byte(0x80), "", "whsec_")
	f.Add([]byte{1}, uint16(13), byte(0xff), strings.Repeat("0", 64), "whsec_====")
	f.Add(append(sealed.Ciphertext, 0), uint16(60), byte(2), vaultKey(1)+","+vaultKey(2), "whsec_"+vaultKey(2))
	f.Fuzz(func(t *testing.T, ciphertext []byte, place uint16, mask byte, keys, text string) {
		// Another process may have sealed the seed: it opens, but to the same secret.
		if got, err := v.Open(kelp, webhook.Sealed{Ciphertext: ciphertext, KeyID: sealed.KeyID}); err == nil && got != secret {
			t.Errorf("opened %x: %q", ciphertext, got)
		}
		tampered := bytes.Clone(sealed.Ciphertext)
		tampered[int(place)%len(tampered)] ^= mask
		if _, err := v.Open(kelp, webhook.Sealed{Ciphertext: tampered, KeyID: sealed.KeyID}); (err == nil) != (mask == 0) {
			t.Errorf("byte %d changed by %x: %v", place, mask, err)
		}
		if other, err := webhook.NewVault(keys); err == nil {
			s, err := other.Seal(tarn, text)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := other.Open(tarn, s); err != nil || back != text {
				t.Errorf("sealed %q, opened %q, %v", text, back, err)
			}
		}
		if webhook.CheckSecret(text) == nil && len(text) != len(strings.TrimSpace(text)) {
			t.Errorf("%q is taken for a secret", text)
		}
	})
}
