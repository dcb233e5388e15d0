package config

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"

	toml "github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/lockstile/lockstile/policy"
)

// document is a decoded TOML text with the lines of its keys.
type document struct {
	file  string // for origins; empty when the text is no file
	note  string // for origins
	tree  map[string]any
	lines map[string]int // path, as pathKey joins it, to 1-based line
}

// maxDepth is the depth of the deepest key (profiles.NAME.table.set.NAME); deeper names
// are unknown anyway. Both bounds keep the line index small for hostile files.
const (
	maxDepth    = 6
	maxNameSize = 128
)

// parse decodes a config file. It decodes to a tree and not to a struct, since
// the decoder matches the names of a struct in any case and then drops the lines.
func parse(file string, data []byte) (document, error) {
	doc := document{file: file}
	if err := toml.Unmarshal(data, &doc.tree); err != nil {
		origin := policy.Origin{File: file}
		var bad *toml.DecodeError
		if errors.As(err, &bad) {
			origin.Line, _ = bad.Position()
		}
		// The decoder's own text quotes at most a character or a key.
		return document{}, refuse("", "%snot valid TOML: %s", at(origin), strings.Trim(quote(strings.TrimPrefix(err.Error(), "toml: ")), `"`))
	}
	doc.lines = index(data)
	return doc, nil
}

// index walks the syntax tree for the line of each key and table.
func index(data []byte) map[string]int {
	lines := map[string]int{}
	var p unstable.Parser
	p.Reset(data)
	var table []string
	line, offset := 1, 0
	for p.NextExpression() {
		e := p.Expression()
		parts, start := keyParts(e)
		if start > offset {
			line += bytes.Count(data[offset:start], []byte{'\n'})
			offset = start
		}
		path := parts
		if e.Kind == unstable.KeyValue {
			path = slices.Concat(table, parts)
		} else {
			table = parts
		}
		for depth := 1; depth <= min(len(path), maxDepth); depth++ {
			k := pathKey(path[:depth])
			if _, seen := lines[k]; !seen || depth == len(path) {
				lines[k] = line
			}
		}
	}
	return lines
}

// keyParts returns the names of an expression's key, up to maxDepth, and the offset of
// the first.
func keyParts(e *unstable.Node) (parts []string, offset int) {
	it := e.Key()
	for first := true; it.Next(); first = false {
		n := it.Node()
		if first {
			offset = int(n.Raw.Offset)
		}
		if len(parts) < maxDepth {
			parts = append(parts, string(n.Data[:min(len(n.Data), maxNameSize)]))
		}
	}
	return parts, offset
}

func pathKey(path []string) string {
	var b strings.Builder
	for _, name := range path {
		b.WriteString(name[:min(len(name), maxNameSize)])
		b.WriteByte(0)
	}
	return b.String()
}

// origin returns the place of a path: its own line, or the line of the innermost table
// around (for a key within an inline table).
func (d document) origin(path []string) policy.Origin {
	o := policy.Origin{File: d.file, Note: d.note}
	for n := min(len(path), maxDepth); n > 0; n-- {
		if line, ok := d.lines[pathKey(path[:n])]; ok {
			o.Line = line
			break
		}
	}
	return o
}

// flatten checks every key of the document, with the profiles that are not in use, and
// returns the settings of the top level and of each profile.
func (d document) flatten() (settings, map[string]settings, error) {
	base, profiles := settings{}, map[string]settings{}
	for _, name := range slices.Sorted(maps.Keys(d.tree)) {
		if name == "profiles" {
			if err := d.flattenProfiles(profiles); err != nil {
				return nil, nil, err
			}
			continue
		}
		if err := d.walk(base, []string{name}, 0, d.tree[name]); err != nil {
			return nil, nil, err
		}
	}
	return base, profiles, nil
}

func (d document) flattenProfiles(profiles map[string]settings) error {
	tables, ok := d.tree["profiles"].(map[string]any)
	if !ok {
		return refuse("", "%sprofiles must be tables, [profiles.NAME]", at(d.origin([]string{"profiles"})))
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		path := []string{"profiles", name}
		table, ok := tables[name].(map[string]any)
		if !ok {
			return refuse("", "%sprofile %s must be a table, not %s", at(d.origin(path)), quote(name), describe(tables[name]))
		}
		inner := d
		inner.note = "profile " + name
		profiles[name] = settings{}
		for _, k := range slices.Sorted(maps.Keys(table)) {
			if err := inner.walk(profiles[name], append(slices.Clone(path), k), 2, table[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

// walk stores the value at path, or everything below path. The first skip names of path
// are no part of the key. walk goes no deeper than the deepest key.
func (d document) walk(into settings, path []string, skip int, value any) error {
	name := strings.Join(path[skip:], ".")
	from := d.origin(path)
	table := isTable(name)
	if !table && lookup(name) == nil {
		done, err := d.walkSession(into, path, skip, value)
		if done || err != nil {
			return err
		}
		table = isSessionTable(path[skip:])
	}
	if !table || slices.ContainsFunc(path[skip:], isDotted) && !isSetName(path[skip:]) {
		return d.leaf(into, path[skip:], value, from)
	}
	inner, ok := value.(map[string]any)
	if !ok {
		nearest := ""
		if key := meant(name); key != "" {
			nearest = "; the nearest is " + quote(key)
		}
		return refuse("", "%s%s must be a table, not %s%s", at(from), name, describe(value), nearest)
	}
	for _, k := range slices.Sorted(maps.Keys(inner)) {
		if err := d.walk(into, append(slices.Clone(path), k), skip, inner[k]); err != nil {
			return err
		}
	}
	return nil
}

// walkSession is walk for what is no key of a policy: done reports that the path was a key
// of codex, or a table with free names.
func (d document) walkSession(into settings, path []string, skip int, value any) (done bool, err error) {
	name, from := strings.Join(path[skip:], "."), d.origin(path)
	if f := foreignKey(path[skip:]); f != nil && f.class != obeyed {
		into[name] = setting{ignoredKey{}, from}
		return true, f.refuse(name, at(from), value)
	}
	if problem := checkGiven(path[skip:]); problem != "" {
		return true, refuse("", "%s%s: %s", at(from), path[skip], problem)
	}
	if k := sessionKey(path[skip:]); k != nil && (k.kind == kindSecrets || k.kind == kindVars) {
		return true, d.putEntries(into, k, path, skip, value)
	}
	return false, nil
}

// leaf stores a value, if the key is known.
func (d document) leaf(into settings, path []string, value any, from policy.Origin) error {
	name := strings.Join(path, ".")
	if isSetName(path) {
		if problem := checkSetName(path[2]); problem != "" {
			return refuse("", "%s%s: %s %s", at(from), setKey, quote(path[2]), problem)
		}
		return into.put(name, value, from)
	}
	if lookup(name) == nil && sessionKey(path) == nil || slices.ContainsFunc(path, isDotted) || strings.HasPrefix(name, setKey+".") {
		return refuse("", "%sunknown key %s; the nearest is %q", at(from), quote(name), unknownKey(name))
	}
	return into.put(name, value, from)
}

// isDotted distinguishes a quoted "a.b" from a path of two names.
func isDotted(name string) bool { return strings.Contains(name, ".") }

// isSetName reports whether the path is a variable of the set table.
func isSetName(path []string) bool {
	return len(path) == 3 && path[0]+"."+path[1] == setKey
}

func checkSetName(name string) string {
	if name == "" || strings.ContainsAny(name, "=") || hasControl(name) {
		return "cannot be the name of a variable"
	}
	return ""
}
