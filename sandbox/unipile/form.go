package unipile

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// maxBody is well above the 15 MB that LinkedIn allows an attachment.
const maxBody = 32 << 20

// form is a request body. JSON is flattened to the names that multipart uses:
// {"linkedin":{"api":"classic"}} is linkedin[api]. Fields nobody reads are dropped
// in silence, as the vendor does.
type form struct {
	values map[string][]string
	wrong  map[string]any // JSON values where the schemas want text
	files  int
}

// jsonForm reads a body that must be JSON.
func (c *call) jsonForm() (*form, error) {
	if kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")); kind != "application/json" {
		return nil, known("unsupported_media_type")
	}
	var body map[string]any
	if err := json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, maxBody)).Decode(&body); err != nil {
		return nil, badBody(err)
	}
	c.drain()
	f := &form{values: map[string][]string{}, wrong: map[string]any{}}
	for _, key := range slices.Sorted(maps.Keys(body)) {
		f.flatten(key, body[key])
	}
	return f, nil
}

// form reads a body that may be JSON or multipart: the vendor documents multipart
// and takes both.
func (c *call) form() (*form, error) {
	if kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")); kind != "multipart/form-data" {
		return c.jsonForm()
	}
	c.r.Body = http.MaxBytesReader(c.w, c.r.Body, maxBody)
	if err := c.r.ParseMultipartForm(1 << 20); err != nil {
		return nil, badBody(err)
	}
	defer func() { _ = c.r.MultipartForm.RemoveAll() }()
	c.drain()
	f := &form{values: map[string][]string{}}
	for key, values := range c.r.MultipartForm.Value {
		key = strings.TrimSuffix(key, "[]")
		f.values[key] = append(f.values[key], values...)
	}
	for _, files := range c.r.MultipartForm.File {
		f.files += len(files)
	}
	return f, nil
}

// drain reads what follows the body proper, because net/http can tell that a client
// has left only once all it sent was read.
func (c *call) drain() { _, _ = io.Copy(io.Discard, io.LimitReader(c.r.Body, maxBody)) }

func badBody(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return known("content_too_large")
	}
	return known("malformed_request")
}

func (f *form) flatten(key string, value any) {
	switch v := value.(type) {
	case string:
		f.values[key] = append(f.values[key], v)
	case bool:
		f.values[key] = append(f.values[key], strconv.FormatBool(v))
	case map[string]any:
		for name, inner := range v {
			f.flatten(key+"["+name+"]", inner)
		}
	case []any:
		for _, item := range v {
			if object, ok := item.(map[string]any); ok { // mentions: kept as JSON text
				text, err := json.Marshal(object)
				if err != nil {
					panic("unipile sandbox: decoded JSON cannot be encoded: " + err.Error())
				}
				item = string(text)
			}
			f.flatten(key, item)
		}
	default: // numbers and null fit no field
		f.wrong[key] = v
	}
}

// optional reads a text field; "" when it is not there.
func (f *form) optional(key string) (string, error) {
	if v, ok := f.wrong[key]; ok {
		return "", violation("/"+key, "Expected string", v)
	}
	if v := f.values[key]; len(v) > 0 {
		return v[0], nil
	}
	return "", nil
}

// required reads a text field that must be there and not empty.
func (f *form) required(key string) (string, error) {
	v, err := f.optional(key)
	if err == nil && v == "" {
		return "", violation("/"+key, "Expected required property", nil)
	}
	return v, err
}

// content reads the text of a message, which only a file may replace.
func (f *form) content() (string, error) {
	if f.files > 0 {
		return f.optional("text")
	}
	return f.required("text")
}

// length counts text as JavaScript does, in UTF-16 units.
func length(text string) int { return len(utf16.Encode([]rune(text))) }
