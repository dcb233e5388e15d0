package gitdir

import (
	"errors"
	"fmt"
	"strings"
)

// refsPlace is the place of a path below refs, or of refs itself for "".
func (a area) refsPlace(below string) Place {
	switch {
	case below == "", below == "heads", below == "tags":
		return Place{Class: Ref, Folder: true}
	case !isRefName("refs/" + below):
		return Place{}
	case a.kind == commonDir && isPerWorktree(below):
		return Place{}
	}
	return Place{Class: Ref, Folder: true, File: true, Remove: true}
}

// isPerWorktree reports whether each worktree has refs of its own below the name.
func isPerWorktree(below string) bool {
	first, _, _ := strings.Cut(below, "/")
	return first == "bisect" || first == "worktree" || first == "rewritten"
}

// logsPlace is the place of a path below logs, or of logs itself for "".
func (a area) logsPlace(below string) Place {
	switch {
	case below == "":
		return Place{Class: Log, Folder: true}
	case below == "HEAD":
		if a.kind == commonDir {
			return Place{}
		}
		return Place{Class: Log, File: true, Remove: true}
	case below == "refs", below == "refs/heads":
		return Place{Class: Log, Folder: true, Remove: true}
	case below == "refs/.tmp-renamed-log": // "git branch -m" puts a log there
		return Place{Class: Log, File: true, Remove: true}
	case isRefName(below):
		return Place{Class: Log, Folder: true, File: true, Remove: true}
	}
	return Place{}
}

// ParseRef reads the content of a ref or of HEAD: a hash, or "ref: NAME" without the line
// end. Content of neither form gives false.
func ParseRef(content []byte) (value string, ok bool) {
	value = strings.TrimSuffix(string(content), "\n")
	if target, symbolic := strings.CutPrefix(value, "ref: "); symbolic {
		return value, isRefName(target)
	}
	return value, isHash(value)
}

func (r *Rules) checkRef(content []byte) error {
	value, ok := ParseRef(content)
	if !ok || isHash(value) && r.facts.HashSize != 0 && len(value) != 2*r.facts.HashSize {
		return fmt.Errorf("%q is neither a hash nor the name of a ref", shorten(value))
	}
	return nil
}

// ParsePackedRefs reads the refs of a packed-refs file by name.
func ParsePackedRefs(content []byte) (map[string]string, error) {
	refs := map[string]string{}
	for line := range strings.Lines(string(content)) {
		line, ended := strings.CutSuffix(line, "\n")
		if !ended {
			return nil, errors.New("the last line has no end")
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		if peeled, ok := strings.CutPrefix(line, "^"); ok && isHash(peeled) {
			continue
		}
		hash, name, ok := strings.Cut(line, " ")
		if !ok || !isHash(hash) || name == "" {
			return nil, fmt.Errorf("the line %q is none of packed refs", shorten(line))
		}
		if _, twice := refs[name]; twice {
			return nil, fmt.Errorf("the ref %q is there twice", shorten(name))
		}
		refs[name] = hash
	}
	return refs, nil
}

// checkPackedRefs allows good names. Another name stays if the old file has the
// name with the same hash.
func (r *Rules) checkPackedRefs(content, old []byte) error {
	refs, err := ParsePackedRefs(content)
	if err != nil {
		return err
	}
	was, err := ParsePackedRefs(old)
	if err != nil {
		was = nil
	}
	for name, hash := range refs {
		if r.facts.HashSize != 0 && len(hash) != 2*r.facts.HashSize {
			return fmt.Errorf("the hash of the ref %q has %d digits", shorten(name), len(hash))
		}
		if !isRefName(name) && was[name] != hash {
			return fmt.Errorf("the ref %q has a name that is not allowed", shorten(name))
		}
	}
	return nil
}

// Move is a change of a ref. Old is "" for a new ref, and New is "" for a removed one.
type Move struct{ Name, Old, New string }

// PackedMoves returns the refs with different hashes in two packed-refs files, without order.
func PackedMoves(old, content []byte) []Move {
	before, _ := ParsePackedRefs(old)
	after, _ := ParsePackedRefs(content)
	var moves []Move
	for name, hash := range after {
		if before[name] != hash {
			moves = append(moves, Move{name, before[name], hash})
		}
	}
	for name, hash := range before {
		if after[name] == "" {
			moves = append(moves, Move{name, hash, ""})
		}
	}
	return moves
}

// shorten keeps a message short.
func shorten(s string) string {
	const most = 80
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
