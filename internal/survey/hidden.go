package survey

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/glob"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/stores"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// One walk from "/" down the patterns of the rules finds the denied paths. The walk
// returns the existing denied paths, to be covered, and the readable part of the folders
// on the way: all present entries except the denied. Whatever appears in a folder on the
// way later is then denied without a check: a store made during a run, or a replaced
// store, without a cover.

// Bounds of the walk: a pattern with ** can lead anywhere.
const (
	mostFolders = 262_144
	mostLinks   = 64
)

// state is a rule on the way down: the rest of the pattern.
type state struct {
	rule  *policy.ReadRule
	rest  []string
	guard bool // new entries on the way may not be read
}

// key tells rules apart.
type key struct {
	pattern string
	allow   bool
}

// search is one walk.
type search struct {
	policy  policy.Policy    // policy.Read has the rules met so far
	closed  []string         // the folders that a view would replace, without a view
	exempt  *policy.ReadRule // shows the workspace inside the closed folders
	known   map[key]bool
	allows  bool // a rule allows
	roots   []string
	found   host.Hidden
	folders int
	queue   []state // patterns from "/": the rules, and the links met
	links   int
	mounts  string // the machine's mount table
	basis   *basis
}

// FindHidden finds the paths that a policy's rules for reading hide on this machine. The
// zero value means that nothing is hidden. store is the folder where the result is kept
// for the next start; "" for none. closed is nil if a view covers the hidden paths.
// Otherwise closed names the folders that a view would replace: only the workspace may be
// read there, and only the listed paths open, so that every folder with a hidden path
// inside is listed.
func FindHidden(p policy.Policy, store string, closed []string) (host.Hidden, error) {
	if p.Mode != policy.ModeReadOnly && p.Mode != policy.ModeWorkspaceWrite || len(p.Read) == 0 && closed == nil {
		return host.Hidden{}, nil
	}
	mounts, err := mountTable()
	if err != nil {
		return host.Hidden{}, err
	}
	return hiddenAmong(mounts, p, store, closed)
}

func hiddenAmong(mounts string, p policy.Policy, store string, closed []string) (host.Hidden, error) {
	b := basisOf(p, mounts, closed)
	file := filepath.Join(store, "hidden."+p.Mode.String())
	if store != "" {
		if found, ok := kept(file, b.key); ok {
			return found, nil
		}
	}
	found, err := findHidden(p, mounts, b, closed)
	if err == nil && store != "" {
		_ = keep(file, b, found) // after a failure the next start walks again
	}
	return found, err
}

func findHidden(p policy.Policy, mounts string, b *basis, closed []string) (host.Hidden, error) {
	s := &search{policy: p, closed: closed, allows: closed != nil, mounts: mounts, basis: b, known: make(map[key]bool, len(p.Read)), links: mostLinks}
	s.policy.Read = make([]policy.ReadRule, 0, len(p.Read))
	s.queue = make([]state, 0, len(p.Read))
	for _, r := range p.Roots() {
		s.roots = append(s.roots, r.Path)
	}
	if closed != nil {
		s.close()
	}
	for _, r := range p.Read {
		// The files of /etc are replaced all the time, and read by every program.
		s.add(r, closed != nil || !stores.IsSystem(r.Pattern))
	}
	if len(s.queue) == 0 {
		return host.Hidden{}, nil
	}
	// The walk may meet links, which add patterns at other places. The walk is repeated
	// with the new patterns until no link is new.
	for done := 0; done < len(s.queue); {
		if err := s.aliases(s.queue[done:]); err != nil {
			return host.Hidden{}, err
		}
		done = len(s.queue)
		s.found, s.folders = host.Hidden{}, 0
		if err := s.walk("/", s.queue[:done], true); err != nil {
			return host.Hidden{}, err
		}
	}
	return s.found, s.rootsShown()
}

// rootsShown refuses a workspace or a writable root that may not be read: the mount of the
// root would show again what a rule hides in the root.
func (s *search) rootsShown() error {
	places := append([]string{s.policy.Workspace}, s.roots...)
	for i, place := range places {
		what := "writable root "
		if place == s.policy.Workspace {
			what = "workspace "
		}
		if d := s.policy.DecideRead(place); !d.Allowed && (i == 0 || place != s.policy.Workspace) {
			return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Restriction: refusal.Mount(place),
				Reason: "the " + what + place + " may not be read: " + d.Rule, Hint: "choose another folder, or name it in filesystem.allow_read"}
		}
	}
	return nil
}

// close sends the closed folders on the way, then the workspace. Neither becomes a rule
// of the policy: the workspace is shown, and the policy decides about the content.
func (s *search) close() {
	s.exempt = &policy.ReadRule{Pattern: glob.Escape(s.policy.Workspace), Allow: true}
	for _, dir := range s.closed {
		s.send(&policy.ReadRule{Pattern: glob.Escape(dir)}, true)
	}
	s.send(s.exempt, true)
}

// closes reports whether a path lies in a closed folder and outside the workspace.
func (s *search) closes(name string) bool {
	return slices.ContainsFunc(s.closed, func(dir string) bool { return trail.Within(name, dir) }) && !trail.Within(name, s.policy.Workspace)
}

// add takes up a rule, once, and reports whether it was new.
func (s *search) add(rule policy.ReadRule, guard bool) bool {
	known := key{rule.Pattern, rule.Allow}
	if s.known[known] {
		return false
	}
	s.known[known] = true
	s.policy.Read = append(s.policy.Read, rule)
	s.allows = s.allows || rule.Allow
	s.send(&rule, guard)
	return true
}

// send puts a rule's pattern at "/", where the walk begins.
func (s *search) send(rule *policy.ReadRule, guard bool) {
	rest := slices.DeleteFunc(strings.Split(rule.Pattern, "/"), func(c string) bool { return c == "" || c == "." })
	// Two ** in a row match the same as a single **.
	rest = slices.CompactFunc(rest, func(a, b string) bool { return a == "**" && b == "**" })
	// The root folder can't be hidden, and needn't be shown.
	if len(rest) > 0 {
		s.queue = append(s.queue, state{rule, rest, guard})
	}
}

// walk goes on in one folder. guard means that new entries of the folder must not be
// read.
func (s *search) walk(dir string, states []state, guard bool) error {
	if s.folders++; s.folders > mostFolders {
		return s.tooMany(dir, states)
	}
	s.basis.saw(dir)
	guard = guard && s.guarded(dir, states)
	b := branch(states)
	entries, err := s.entries(dir, b, guard)
	if err != nil {
		s.basis.missed(err)
		return nil // a folder that can't be listed can't be read either
	}
	if !guard && s.granted(dir) {
		s.found.Readable = append(s.found.Readable, dir)
	}
	for _, e := range entries {
		if err := s.entry(join(dir, e.Name()), e, b, guard); err != nil {
			return err
		}
	}
	return nil
}

// guarded reports whether new entries of a folder must not be read. Without a view, every
// folder with a hidden path inside is guarded: opening a folder opens the whole content.
func (s *search) guarded(dir string, states []state) bool {
	return (s.closed != nil || !slices.Contains(s.roots, dir)) &&
		slices.ContainsFunc(states, func(st state) bool { return st.guard && (s.closed != nil || st.rest[0] != "**") })
}

// granted reports whether a folder is the uppermost unguarded folder.
func (s *search) granted(dir string) bool {
	return !slices.ContainsFunc(s.found.Readable, func(r string) bool { return trail.Within(dir, r) })
}

func (s *search) entry(name string, e fs.DirEntry, b branches, guard bool) error {
	matched, next := b.step(e.Name(), e.IsDir())
	switch {
	case e.Type()&fs.ModeSymlink != 0:
		return s.link(name, b)
	case matched && s.denied(name):
		return s.hide(name, e, next)
	case len(next) > 0 && e.IsDir() && !s.replaced(name):
		return s.walk(name, next, guard)
	case guard && !e.IsDir() && !e.Type().IsRegular() && e.Type()&fs.ModeDevice == 0:
		// A FIFO or a socket is a way to its maker.
	case guard:
		s.found.Readable = append(s.found.Readable, name)
	}
	return nil
}

// hide covers one path, and shows the readable part of the path again.
func (s *search) hide(name string, e fs.DirEntry, next []state) error {
	s.found.Covered = append(s.found.Covered, host.Covered{Path: name, Dir: e.IsDir()})
	if !e.IsDir() || !allows(next) {
		return nil
	}
	return s.show(name, next)
}

// allows reports whether a rule on the way allows.
func allows(states []state) bool {
	return slices.ContainsFunc(states, func(st state) bool { return st.rule.Allow })
}

// show walks a hidden folder for readable paths. A folder that is shown again is walked
// like any other folder, for hidden paths inside.
func (s *search) show(dir string, states []state) error {
	if s.folders++; s.folders > mostFolders {
		return s.tooMany(dir, states)
	}
	s.basis.saw(dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		s.basis.missed(err)
		return nil
	}
	b := branch(states)
	for _, e := range entries {
		name := join(dir, e.Name())
		matched, next := b.step(e.Name(), e.IsDir())
		switch {
		case matched && (e.IsDir() || e.Type().IsRegular()) && !s.denied(name):
			s.found.Shown = append(s.found.Shown, host.Covered{Path: name, Dir: e.IsDir()})
			if e.IsDir() && len(next) > 0 {
				if err := s.walk(name, next, true); err != nil {
					return err
				}
				continue
			}
			s.found.Readable = append(s.found.Readable, name)
		case e.IsDir() && allows(next):
			if err := s.show(name, next); err != nil {
				return err
			}
		}
	}
	return nil
}

// denied decides about a path that a rule names.
func (s *search) denied(name string) bool {
	return !s.allows || s.closes(name) || !s.policy.DecideRead(name).Allowed
}

// branches are the states of a folder, sorted by the kind of the next component.
type branches struct {
	named    map[string][]state
	patterns []state // patterns for the next component, ** among them
}

func branch(states []state) branches {
	b := branches{named: make(map[string][]state, len(states))}
	for _, st := range states {
		if c := st.rest[0]; glob.IsPattern(c) {
			b.patterns = append(b.patterns, st)
		} else {
			b.named[c] = append(b.named[c], st)
		}
	}
	return b
}

// step matches one component, and returns the states for the level below.
func (b branches) step(name string, dir bool) (matched bool, next []state) {
	pass := func(st state, rest []string) {
		if len(rest) == 0 {
			matched = true
		} else {
			next = append(next, state{st.rule, rest, st.guard})
		}
	}
	for _, st := range b.named[name] {
		pass(st, st.rest[1:])
	}
	for _, st := range b.patterns {
		rest := st.rest
		if rest[0] == "**" {
			if dir {
				next = append(next, st)
			}
			if rest = rest[1:]; len(rest) == 0 {
				matched = true // everything below a folder
				continue
			}
		}
		if glob.Match(rest[0], name) {
			pass(st, rest[1:])
		}
	}
	return matched, next
}

// link follows a link on a pattern's way: the pattern goes on at the link's target. **
// follows no link, since a link can lead up, but a link can itself be a match of the
// pattern behind **.
func (s *search) link(name string, b branches) error {
	matched, next := b.step(path.Base(name), false)
	if !matched && len(next) == 0 {
		return nil
	}
	target, err := s.basis.resolved(name)
	if err != nil || s.replaced(target) {
		return nil
	}
	if matched {
		for _, st := range slices.Concat(b.named[path.Base(name)], b.patterns) {
			if hit, _ := branch([]state{st}).step(path.Base(name), false); hit {
				next = append(next, state{rule: st.rule, guard: st.guard})
			}
		}
	}
	for _, st := range next {
		if err := s.follow(st, target); err != nil {
			return err
		}
	}
	return nil
}

// replaced reports whether no view has the host's files at a path.
func (s *search) replaced(target string) bool {
	for _, dir := range []string{"/dev", "/proc", "/run"} {
		if trail.Within(target, dir) && !trail.Within(s.policy.Workspace, dir) && !slices.ContainsFunc(s.roots, func(r string) bool { return trail.Within(r, dir) }) {
			return true
		}
	}
	return false
}

// follow takes a pattern up at the target of a link. An allowance follows no link: a
// command of an earlier start could have made the link, and would choose what is shown.
func (s *search) follow(st state, target string) error {
	if st.rule.Allow {
		return nil
	}
	rule := *st.rule
	rule.Pattern = path.Join(glob.Escape(target), path.Join(st.rest...))
	if !s.add(rule, st.guard) {
		return nil
	}
	if s.links--; s.links < 0 {
		return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan,
			Reason: fmt.Sprintf("more than %d links lie on the way of what may not be read, the last to %s", mostLinks, target),
			Hint:   "name in filesystem.deny_read where they lead"}
	}
	return nil
}

// entries lists the needed entries of a folder: all entries if a pattern or a guard needs
// all, otherwise the names in the patterns.
func (s *search) entries(dir string, b branches, guard bool) ([]fs.DirEntry, error) {
	if guard || len(b.patterns) > 0 {
		return list(dir)
	}
	var out []fs.DirEntry
	for name := range b.named {
		info, err := os.Lstat(join(dir, name))
		if err != nil {
			s.basis.missed(err)
			continue
		}
		out = append(out, fs.FileInfoToDirEntry(info))
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

// join is path.Join for clean paths.
func join(dir, name string) string {
	if dir == "/" {
		return dir + name
	}
	return dir + "/" + name
}

// tooMany refuses a walk that has come to too many folders. What holds the folders is named,
// where a command can have made it.
func (s *search) tooMany(dir string, states []state) error {
	out := &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan,
		Reason: fmt.Sprintf("looking for what %q hides means to look into more than %d folders, the last is %s", states[0].rule.Pattern, mostFolders, dir),
		Hint:   "begin the pattern of filesystem.deny_read with the folder that is meant"}
	for _, r := range s.policy.Roots() {
		if rest, ok := strings.CutPrefix(dir, r.Path+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			out.Hint += ", or remove the folders: rm -rf " + plain.ShellQuote(r.Path+"/"+name)
		}
	}
	return out
}
