package config

import (
	"strings"

	toml "github.com/pelletier/go-toml/v2"
)

// addOverride lays a -c key=value over the settings. The value is read as TOML; a value
// that is not TOML is a plain string.
func (l *loaded) addOverride(override string) error {
	name, text, ok := strings.Cut(override, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" {
		return refuse("write -c key=value, such as -c sandbox_mode=read-only", "-c: %s has no key or no value", quote(name))
	}
	if len(override) > maxFileSize {
		return refuse("", "-c %s: longer than %d bytes", quote(name), maxFileSize)
	}
	path := splitOverride(name)
	if path[0] == "profiles" {
		return refuse("choose one with --profile, or set the key itself", "-c %s: a profile can't be changed on the command line", quote(name))
	}
	tree := overrideValue(text)
	if _, ok := tree.(string); !ok && isSetName(path) {
		tree = strings.TrimSpace(text) // DEBUG=1 is a string, as every variable is
	}
	for i := len(path) - 1; i > 0; i-- {
		tree = map[string]any{path[i]: tree}
	}
	doc := document{note: "-c", tree: map[string]any{path[0]: tree}}
	settings, _, err := doc.flatten()
	if err != nil {
		return err
	}
	settings.named(l.variables)
	l.lay(settings)
	return nil
}

// splitOverride splits a dotted key. The rest after the set table is a single name, since
// names of variables may hold dots.
func splitOverride(name string) []string {
	if variable, ok := strings.CutPrefix(name, setKey+"."); ok {
		return append(strings.Split(setKey, "."), variable)
	}
	return strings.SplitN(name, ".", maxDepth)
}

// overrideValue decodes a TOML value. A text with more than a value (a line break and
// another key) is a plain string.
func overrideValue(text string) any {
	var decoded map[string]any
	err := toml.Unmarshal([]byte("v = "+text), &decoded)
	if v, ok := decoded["v"]; err == nil && ok && len(decoded) == 1 && !strings.ContainsAny(text, "\n\r") {
		return v
	}
	return strings.TrimSpace(text)
}
