package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// parse is strict: an unknown field may come from another version, and a message must not
// be half understood.
func parse(text []byte, message any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(message); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind a message")
	}
	return nil
}
