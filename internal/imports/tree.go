package imports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	toml "github.com/pelletier/go-toml/v2"
)

// Bounds of an input.
const (
	mostBytes = 1 << 20
	mostDepth = 32
	mostLines = 2000 // of a report
)

// tree is a decoded table.
type tree = map[string]any

// readTOML decodes a TOML text.
func readTOML(data []byte) (tree, error) {
	var t tree
	if err := toml.Unmarshal(data, &t); err != nil {
		var bad *toml.DecodeError
		if errors.As(err, &bad) {
			line, _ := bad.Position()
			return nil, fmt.Errorf("line %d is not valid TOML", line)
		}
		return nil, errors.New("the file is not valid TOML")
	}
	return t, nil
}

// readJSON decodes a JSON object. A name given twice is an error: readers differ about it.
func readJSON(data []byte) (tree, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		return nil, errors.New("the file is not valid UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	v, err := value(d, 0)
	if err != nil {
		return nil, fmt.Errorf("the file is not valid JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("the file is not valid JSON: something stands behind the object")
	}
	t, ok := v.(tree)
	if !ok {
		return nil, errors.New("the file holds no JSON object")
	}
	return t, nil
}

func value(d *json.Decoder, depth int) (any, error) {
	if depth > mostDepth {
		return nil, fmt.Errorf("deeper than %d levels", mostDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, errors.New("a value is missing or malformed")
	}
	switch t {
	case json.Delim('{'):
		return object(d, depth)
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return t, nil
}

func object(d *json.Decoder, depth int) (any, error) {
	out := tree{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, errors.New("a name is malformed")
		}
		key, _ := name.(string)
		if _, twice := out[key]; twice {
			return nil, errors.New("a name is given twice")
		}
		if out[key], err = value(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return out, err
}

// keysOf returns the sorted keys of a table, at most mostLines.
func keysOf(t tree) []string {
	keys := slices.Sorted(maps.Keys(t))
	return keys[:min(len(keys), mostLines)]
}

// each calls f for each string of a list, and reports other values.
func (im *importer) each(key string, v any, f func(item string)) {
	list, ok := v.([]any)
	if !ok {
		im.wrong(key)
		return
	}
	for _, item := range list[:min(len(list), mostLines)] {
		if s, ok := item.(string); ok && s != "" && len(s) < 4096 && utf8.ValidString(s) {
			f(s)
		} else {
			im.wrong(key)
		}
	}
	if len(list) > mostLines {
		im.looser(key, fmt.Sprintf("more than %d items: the rest was not read", mostLines), "")
	}
}

// inside calls f for each key of a table.
func (im *importer) inside(key string, v any, f func(name string, v any)) {
	t, ok := v.(tree)
	if !ok {
		im.wrong(key)
		return
	}
	for _, name := range keysOf(t) {
		f(name, t[name])
	}
	if len(t) > mostLines {
		im.looser(key, fmt.Sprintf("more than %d keys: the rest was not read", mostLines), "")
	}
}

// Text writes a setting as a line of config.toml.
func Text(key string, v any) string {
	for _, table := range []string{setKey, providersKey, serversKey} {
		if name, ok := strings.CutPrefix(key, table+"."); ok && (table == setKey || !strings.Contains(name, ".")) {
			key = table + "." + quote(name)
		}
	}
	return key + " = " + literal(v)
}

// literal writes a value on a single line.
func literal(v any) string {
	var items []string
	switch v := v.(type) {
	case string:
		return quote(v)
	case []string:
		for _, item := range v {
			items = append(items, quote(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case []any:
		for _, item := range v {
			items = append(items, literal(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case tree:
		for _, name := range keysOf(v) {
			items = append(items, quote(name)+" = "+literal(v[name]))
		}
		return "{ " + strings.Join(items, ", ") + " }"
	case float64:
		if s := strconv.FormatFloat(v, 'f', -1, 64); strings.Contains(s, ".") || math.IsInf(v, 0) || math.IsNaN(v) {
			return strings.ToLower(strings.TrimPrefix(s, "+"))
		}
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return fmt.Sprint(v)
}

// quote writes a basic string of TOML.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r > 0xffff && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08X`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Quote writes a name as a quoted key of TOML.
func Quote(name string) string { return quote(name) }
