package unipile

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// ids makes identifiers in the vendor's forms.
type ids struct {
	rng   *rand.Rand
	count uint64
}

func newIDs(seed uint64) *ids { return &ids{rng: rand.New(rand.NewPCG(seed, 1))} }

// opaque is a Unipile id: 128 bits in 22 characters.
func (g *ids) opaque() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], g.rng.Uint64())
	binary.BigEndian.PutUint64(b[8:], g.rng.Uint64())
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// digits is a LinkedIn id: 19 digits with the milliseconds of t on top. A counter
// below keeps ids of one instant apart.
func (g *ids) digits(t time.Time) string {
	g.count++
	return strconv.FormatUint(uint64(t.UnixMilli())<<22|g.count&(1<<22-1), 10)
}

// provider is LinkedIn's own id of a chat or message: "2-" and base64.
func (g *ids) provider() string {
	return "2-" + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%016x_%d", g.rng.Uint64(), g.rng.IntN(1000)))
}

// memberNumber is the number in a member URN.
func (g *ids) memberNumber() string { return strconv.Itoa(100_000_000 + g.rng.IntN(900_000_000)) }

// isMemberID tells provider ids of people (ACo… and ADo… classic, ACw… Sales
// Navigator, AE… Recruiter) from slugs, URLs and company numbers.
func isMemberID(id string) bool {
	for _, prefix := range []string{"ACo", "ADo", "ACw", "AE"} {
		if strings.HasPrefix(id, prefix) {
			return strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
		}
	}
	return false
}

// isDigits tells a bare post number.
func isDigits(id string) bool { return id != "" && strings.Trim(id, "0123456789") == "" }

// isPostURN tells urn:li:activity|ugcPost|share:<digits>.
func isPostURN(id string) bool {
	for _, kind := range []string{"activity", "ugcPost", "share"} {
		if number, ok := strings.CutPrefix(id, "urn:li:"+kind+":"); ok {
			return isDigits(number)
		}
	}
	return false
}
