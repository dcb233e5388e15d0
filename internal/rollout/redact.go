package rollout

import (
	"bytes"
	"encoding/json"

	"github.com/lockstile/lockstile/internal/redact"
)

// withoutSecrets returns a payload as JSON, with the secrets removed from each text. A
// look over the whole line would break the JSON, and would change what a model has sealed.
func withoutSecrets(payload any) (json.RawMessage, error) {
	raw, err := encode(payload)
	if err != nil {
		return nil, err
	}
	value, err := decode(raw)
	if err != nil {
		return nil, err
	}
	raw, err = encode(clean(value, true))
	return bytes.TrimSpace(raw), err
}

// decode reads JSON, with numbers as they are written.
func decode(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// clean removes the secrets from a value. ours says that the names of members are the
// wire's, so that some members must go back to the server as they came.
func clean(v any, ours bool) any {
	switch v := v.(type) {
	case string:
		return redact.Text(v)
	case []any:
		for i := range v {
			v[i] = clean(v[i], ours)
		}
	case map[string]any:
		for name, member := range v {
			v[name] = cleanMember(name, member, ours)
		}
	}
	return v
}

func cleanMember(name string, v any, ours bool) any {
	text, isText := v.(string)
	if !isText {
		return clean(v, ours)
	}
	if !ours {
		if redact.Text(name+"="+text) == name+"="+redact.Mark {
			return redact.Mark // a telling name
		}
		return clean(v, ours)
	}
	switch name {
	case "encrypted_content", "id", "call_id", "type", "thread_id", "image_url":
		return v
	case "arguments": // JSON in a text: of the model's making
		in, err := decode([]byte(text))
		if err != nil {
			return clean(v, false)
		}
		out, err := encode(clean(in, false))
		if err != nil {
			return clean(v, false)
		}
		return string(bytes.TrimSpace(out))
	}
	return clean(v, ours)
}
