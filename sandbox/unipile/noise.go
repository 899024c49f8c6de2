package unipile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
)

// addNoise puts one unknown field into each object of the answer that stands for a
// thing, because the vendor adds fields without notice and clients must not mind.
func addNoise(rng *rand.Rand, data []byte) []byte {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var body any
	if err := dec.Decode(&body); err != nil {
		panic("unipile sandbox: own answer is not JSON: " + err.Error())
	}
	sprinkle(rng, body)
	noisy, err := json.Marshal(body)
	if err != nil {
		panic("unipile sandbox: noisy answer cannot be encoded: " + err.Error())
	}
	return noisy
}

func sprinkle(rng *rand.Rand, v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			sprinkle(rng, item)
		}
	case map[string]any:
		for _, item := range v {
			sprinkle(rng, item)
		}
		// seen_by is a map of ids, not a thing: only things have one of these keys.
		for _, key := range []string{"object", "id", "attendee_id", "event"} {
			if _, ok := v[key]; ok {
				values := []any{nil, rng.IntN(1000), "later", []any{}, map[string]any{"beta": true}}
				v[fmt.Sprintf("x_%04x", rng.IntN(1<<16))] = values[rng.IntN(len(values))]
				return
			}
		}
	}
}
