package model

import (
	"encoding/json"
	"testing"
)

// TestSchema checks that a request carries a schema for the answer, and none without one.
func TestSchema(t *testing.T) {
	for _, schema := range []string{"", `{"type":"object"}`} {
		r := Request{Model: "m"}
		if schema != "" {
			r.Schema = json.RawMessage(schema)
		}
		body, err := r.body()
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Text *struct {
				Format struct {
					Type   string
					Strict bool
					Schema json.RawMessage
				}
			}
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if (got.Text != nil) != (schema != "") || got.Text != nil && (got.Text.Format.Type != "json_schema" || !got.Text.Format.Strict || string(got.Text.Format.Schema) != schema) {
			t.Errorf("schema %q: %s", schema, body)
		}
	}
}
