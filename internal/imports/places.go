package imports

import (
	"path"
	"strings"
)

// place is a path of the other tool: at tells where it lies.
type place struct {
	at   where
	path string // absolute or with ~; for inner relative to the workspace
}

type where uint8

const (
	nowhere   where = iota // a form that we can't read
	workspace              // the folder of the command
	inner                  // in the workspace
	outer                  // elsewhere, by a full path
)

// placeOf reads a path.
func placeOf(item string) place {
	for _, mark := range []string{"$WORKDIR", "${WORKDIR}", "$PWD"} {
		if rest, ok := strings.CutPrefix(item, mark); ok && (rest == "" || rest[0] == '/') {
			item = "." + rest
		}
	}
	for _, mark := range []string{"$HOME", "${HOME}"} {
		if rest, ok := strings.CutPrefix(item, mark); ok && (rest == "" || rest[0] == '/') {
			item = "~" + rest
		}
	}
	for part := range strings.SplitSeq(item, "/") {
		if part == ".." {
			return place{nowhere, item}
		}
	}
	switch {
	case strings.Contains(item, "$") || strings.HasPrefix(item, "~") && item != "~" && !strings.HasPrefix(item, "~/") || hasControl(item):
		return place{nowhere, item}
	case strings.HasPrefix(item, "/"), item == "~", strings.HasPrefix(item, "~/"):
		return place{outer, path.Clean(item)}
	}
	if clean := path.Clean(item); clean != "." {
		return place{inner, clean}
	}
	return place{workspace, "."}
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// pattern returns the pattern of deny_read for a place, "" for none. In the workspace the
// pattern counts at any depth, and in each writable root.
func (p place) pattern() string {
	switch p.at {
	case inner:
		if strings.HasPrefix(p.path, "**/") {
			return p.path
		}
		return "**/" + p.path
	case outer:
		if p.path == "/" || p.path == "~" {
			return ""
		}
		return p.path
	}
	return ""
}

// folder returns a folder for writable_roots, and otherwise why there is none.
func (p place) folder() (root, why string) {
	dir := strings.TrimSuffix(p.path, "/**")
	switch {
	case p.at == nowhere:
		return "", "the path has a form that lockstile doesn't read"
	case strings.ContainsAny(dir, "*?[{"):
		return "", "a pattern is no folder"
	case dir == "/" || dir == "~" || dir == "":
		return "", "the folder is too wide"
	}
	return dir, ""
}

// denyRead carries a path that may not be read.
func (im *importer) denyRead(key, item string) {
	key += " " + item
	pattern := placeOf(item).pattern()
	if pattern == "" || strings.ContainsAny(pattern, "{}!") {
		im.looser(key, "no pattern of deny_read says that", "")
		return
	}
	im.line(key, Carried, im.add(denyKey, pattern), "", "")
}

// denyWrite carries a path that may not be written: in a writable folder only what may not
// be read may not be written.
func (im *importer) denyWrite(key, item string, writes func(place) bool) {
	p := placeOf(item)
	key += " " + item
	pattern := p.pattern()
	switch {
	case protected(p):
		im.line(key, Carried, "", "a protected name, which no command writes", "")
	case p.at == outer && !writes(p):
		im.line(key, Carried, "", "no command writes there", "")
	case pattern == "" || strings.ContainsAny(pattern, "{}!"):
		im.looser(key, "lockstile has no list of what may not be written", "")
	default:
		im.line(key, Stricter, im.add(denyKey, pattern), "what may not be written may not be read either", "")
	}
}

// root carries a folder that may be written.
func (im *importer) root(key, item string) {
	p := placeOf(item)
	key += " " + item
	dir, why := p.folder()
	switch {
	case p.at == workspace || p.at == inner:
		im.line(key, Carried, "", "a part of the workspace", "")
	case why != "":
		im.left(key, why, "")
	case dir == "/tmp" || dir == "/private/tmp" || dir == "/var/tmp" || dir == "/dev/shm":
		im.line(key, Stricter, "", "commands have a /tmp of their own", Text(rootsKey, []string{dir}))
	default:
		im.line(key, Carried, im.add(rootsKey, dir), "", "")
	}
}
