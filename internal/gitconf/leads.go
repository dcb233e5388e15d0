package gitconf

import (
	"path/filepath"
	"strconv"
	"strings"
)

// Lead is something that an entry makes git obey, start, write or enter.
type Lead struct {
	File  string // the configuration with the entry, as named; "" for the environment
	Key   string
	Line  int
	Kind  Kind
	Shape Shape
	To    string // a path as written, with "~" and "%(prefix)" for Expand
	base  base
}

// Leads returns what the entries of a file lead to, each lead once. Err says whether there
// are more leads.
func (f *File) Leads() []Lead { return f.leads }

// findLeads returns what the entries of a file lead to, or the entry with one lead too many.
func (f *File) findLeads() (leads []Lead, tooMany *Entry) {
	type target struct {
		kind  Kind
		shape Shape
		base  base
		to    string
	}
	remotes := f.remotes()
	seen := map[target]bool{}
	for _, e := range f.Entries {
		u := useOf(e.Key)
		if u.pattern == "branch.*.remote" && remotes[e.Value] {
			continue // a name, no address
		}
		for _, l := range e.leads(u) {
			to := target{l.Kind, l.Shape, l.base, l.To}
			if seen[to] {
				continue
			}
			if len(leads) == mostLeads {
				return leads, &e
			}
			seen[to] = true
			l.File = f.Path
			leads = append(leads, l)
		}
	}
	return leads, nil
}

// remotes returns the names of the remotes that have an address in a file.
func (f *File) remotes() map[string]bool {
	names := map[string]bool{}
	for _, e := range f.Entries {
		if name, ok := strings.CutPrefix(e.Key, "remote."); ok {
			if name, ok = strings.CutSuffix(name, ".url"); ok {
				names[name] = e.Value != "" // an empty address takes those before away
			}
		}
	}
	return names
}

// leads returns what an entry leads to, for each version of git, when git uses the key as u
// says.
func (e Entry) leads(u use) (leads []Lead) {
	if u.kind == None || e.Bare {
		return nil
	}
	add := func(kind Kind, shape Shape, paths ...string) {
		for _, to := range paths {
			if to != "" {
				leads = append(leads, Lead{"", e.Key, e.Line, kind, shape, to, u.base})
			}
		}
	}
	for _, v := range e.values() {
		switch u.kind {
		case Path:
			add(u.kind, u.shape, pathsIn(e.Key, v)...)
		case Program:
			add(u.kind, u.shape, v)
		case Command:
			add(u.kind, u.shape, words(strings.TrimPrefix(v, "!"))...)
		case Bang:
			command, ok := strings.CutPrefix(v, "!")
			if ok {
				add(Command, u.shape, words(command)...)
			} else {
				add(Command, u.shape, withSlash(words(v))...)
			}
		case Writes:
			add(u.kind, u.shape, written(e.Key, v))
		case Repository:
			to, isPath := local(v)
			if isPath {
				add(u.kind, u.shape, to...)
			} else {
				add(Command, RegularFile, to...)
			}
		}
	}
	return leads
}

// Rewritten returns the leads of addresses that url.BASE.insteadOf changes, whichever files
// have the two.
func Rewritten(files []*File) (leads []Lead) {
	type change struct{ base, from string }
	var changes []change
	for _, f := range files {
		for _, e := range f.Entries {
			if strings.HasPrefix(e.Key, "url.") && strings.HasSuffix(e.Key, "insteadof") && e.Value != "" {
				changes = append(changes, change{e.values()[0], e.Value})
			}
		}
	}
	for _, f := range files {
		for _, e := range f.Entries {
			u := useOf(e.Key)
			for _, c := range changes {
				rest, ok := strings.CutPrefix(e.Value, c.from)
				if u.kind != Repository || !ok || strings.HasPrefix(e.Key, "url.") {
					continue
				}
				if len(leads) >= mostLeads {
					return leads
				}
				for _, l := range (Entry{Key: e.Key, Value: c.base + rest, Line: e.Line}).leads(u) {
					l.File = f.Path
					leads = append(leads, l)
				}
			}
		}
	}
	return leads
}

// values returns what an entry says, in each reading. For url.BASE.insteadOf that is BASE,
// the beginning of addresses.
func (e Entry) values() []string {
	if base, ok := strings.CutPrefix(e.Key, "url."); ok {
		return []string{base[:max(0, strings.LastIndexByte(base, '.'))]}
	}
	return e.readings()
}

// pathsIn returns the paths that a value of kind Path may mean: ":(optional)" is a part of
// the path for git before 2.52.
func pathsIn(key, v string) []string {
	switch key {
	case "extensions.refstorage": // FORMAT://PATH, or a format alone
		_, path, _ := strings.Cut(v, "://")
		return []string{path}
	}
	if rest, ok := strings.CutPrefix(v, ":(optional)"); ok {
		return []string{rest, v}
	}
	return []string{v}
}

// written returns the path that a value of kind Writes means, or "".
func written(key, v string) string {
	if !strings.HasPrefix(key, "trace2.") {
		return v
	}
	if rest, ok := strings.CutPrefix(v, "af_unix:"); ok {
		return strings.TrimPrefix(strings.TrimPrefix(rest, "stream:"), "dgram:")
	}
	if !isAbsolute(v) {
		return "" // a switch, or a descriptor
	}
	return v
}

// local returns the paths that the address of a repository may mean, none for another
// machine's. The addresses of other transports are words of a command: isPath is false.
func local(address string) (paths []string, isPath bool) {
	scheme, rest, ok := strings.Cut(address, "://")
	switch {
	case strings.EqualFold(scheme, "file") && ok:
		paths = append(paths, rest)
		if plain := unescapePercent(rest); plain != rest {
			paths = append(paths, plain)
		}
		return paths, true
	case strings.Contains(address, "::"):
		return words(address), false
	case ok, address == ".":
		return nil, true
	}
	if colon := strings.IndexByte(address, ':'); colon >= 0 && !strings.Contains(address[:colon], "/") && filepath.VolumeName(address) == "" {
		return nil, true // HOST:PATH
	}
	return []string{address}, true
}

// unescapePercent replaces each %XX by its character, as git does in addresses.
func unescapePercent(s string) string {
	var out []byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil && n > 0 {
				c = byte(n)
				i += 2
			}
		}
		out = append(out, c)
	}
	return string(out)
}

// Bases returns the folders from which git resolves the path of a lead if the path is
// relative: tree is the top of the tree, gitDir the git directory.
func (l Lead) Bases(tree, gitDir string) []string {
	switch l.base {
	case folderOfFile:
		return []string{folderOf(l.File)}
	case inGitDir:
		return []string{gitDir}
	}
	return []string{tree, gitDir}
}

// Paths returns the absolute paths that a lead may mean, none of them cleaned: "..", "." and
// double slashes are the kernel's. unknown says that the path begins with a home folder that
// isn't known.
func (l *Loader) Paths(lead Lead, tree, gitDir string) (paths []string, unknown bool) {
	to := lead.To
	if lead.Kind == Command {
		to = l.withVariable(to)
	}
	expanded, ok := l.Expand(to)
	for _, to := range expanded {
		if rest, ok := strings.CutPrefix(to, "/proc/self/cwd/"); ok {
			to = strings.TrimLeft(rest, "/")
		}
		if isAbsolute(to) {
			paths = append(paths, to)
			continue
		}
		for _, base := range lead.Bases(tree, gitDir) {
			if base != "" {
				paths = append(paths, strings.TrimSuffix(base, "/")+"/"+to)
			}
		}
	}
	return paths, !ok
}

// withVariable replaces the variable with which a word begins, as in $HOME/x.
func (l *Loader) withVariable(word string) string {
	rest, ok := strings.CutPrefix(word, "$")
	if !ok {
		return word
	}
	name, rest, _ := strings.Cut(rest, "/")
	name = strings.TrimSuffix(strings.TrimPrefix(name, "{"), "}")
	value, ok := l.variable(name)
	if !ok && name == "HOME" {
		value, ok = l.Home, true
	}
	if !ok {
		return word
	}
	return value + "/" + rest
}

// isSwitch reports whether git takes a value for yes or no.
func isSwitch(v string) bool {
	switch strings.ToLower(v) {
	case "", "true", "yes", "on", "false", "no", "off":
		return true
	}
	_, err := strconv.Atoi(v)
	return err == nil
}
