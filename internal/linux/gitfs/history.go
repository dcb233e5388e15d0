//go:build linux

package gitfs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/gitdir"
)

// mostDenied is how many denied names are counted apart.
const mostDenied = 100

// mostMoved is how many refs are kept with the value from before.
const mostMoved = 100_000

var errMoved = fmt.Errorf("the command touched more than %d refs, and the others can't be undone", mostMoved)

// history is what a sandbox did to the repository. History that git would lose is kept.
type history struct {
	mu     sync.Mutex
	before map[string]string // the refs that were touched, with the values from before; "" for absent
	kept   map[string]bool   // logs of which the state from before is kept
	locks  map[string]bool   // made here and still there
	denied map[string]Denied
	lost   bool // more refs were touched than are kept
}

// Denied is an act at a name that was refused.
type Denied struct {
	Name  string `json:"name"`
	Why   string `json:"why"`
	Count int    `json:"count"`
}

func newHistory() history {
	return history{before: map[string]string{}, kept: map[string]bool{}, locks: map[string]bool{}, denied: map[string]Denied{}}
}

func (h *history) lock(path string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.locks[path] = true
}

func (h *history) unlock(path string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.locks, path)
}

func (h *history) deny(path, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d, ok := h.denied[path]
	if !ok && len(h.denied) >= mostDenied {
		return
	}
	d.Name, d.Count = path, d.Count+1
	if d.Why == "" || strings.Contains(why, " ") { // a reason says more than a verb
		d.Why = why
	}
	h.denied[path] = d
}

// touch remembers, before a change, the values of the refs that the change is about.
func (s *Server) touch(path string, old, content []byte) {
	place := s.rules.Place(path)
	if place.Fresh {
		return // there is no state from before
	}
	switch place.Class {
	case gitdir.Ref, gitdir.Head:
		s.history.remember(path, s.ref(path))
	case gitdir.PackedRefs:
		dir, _ := split(path)
		for _, m := range gitdir.PackedMoves(old, content) {
			name := join(dir, m.Name)
			value, loose := s.looseRef(name)
			if !loose {
				value = m.Old
			}
			s.history.remember(name, value)
		}
	}
}

// touchGone is touch for a file that goes, and keeps a log that goes.
func (s *Server) touchGone(path string) error {
	var old []byte
	if s.rules.Class(path) == gitdir.PackedRefs {
		var err error
		if old, err = s.content(path, mostContent); err != nil {
			return err
		}
	}
	s.touch(path, old, nil)
	return s.keep(path)
}

// remember keeps the first value of a ref. Names such as ORIG_HEAD are no history.
func (h *history) remember(name, value string) {
	if _, base := split(name); !strings.Contains("/"+name, "/refs/") && base != "HEAD" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.before[name]; ok {
		return
	}
	if len(h.before) == mostMoved {
		h.lost = true
		return
	}
	h.before[name] = value
}

// ref returns the value of a ref: of the ref's own file, else of the packed refs, "" for
// absent.
func (f *Folder) ref(path string) string { return f.refIn(path, packs{}) }

// packs has the packed refs of git directories, read once.
type packs map[string]map[string]string

// refIn is ref for many refs.
func (f *Folder) refIn(path string, read packs) string {
	if value, ok := f.looseRef(path); ok {
		return value
	}
	return f.packedRef(path, read)
}

// packedRef returns the value of a ref in the packed refs, "" for absent.
func (f *Folder) packedRef(path string, read packs) string {
	dir, name := commonOf(path)
	if _, ok := read[dir]; !ok {
		content, _ := f.content(join(dir, "packed-refs"), mostContent) // an unreadable file has no refs
		read[dir], _ = gitdir.ParsePackedRefs(content)
	}
	return read[dir][name]
}

// looseRef returns the value of a ref's own file.
func (f *Folder) looseRef(path string) (value string, ok bool) {
	content, err := f.content(path, mostDraft)
	if err != nil || content == nil {
		return "", false
	}
	value, _ = gitdir.ParseRef(content)
	return value, true
}

// commonOf returns the git directory that has the packed refs of a ref, and the ref's name
// there.
func commonOf(path string) (dir, name string) {
	if i := strings.Index(path, "/refs/"); i > 0 {
		return path[:i], path[i+1:]
	}
	return "", path
}

// keep copies a log, before git replaces or removes it, to the folder of kept logs: the
// state from before the start, once.
func (s *Server) keep(path string) error {
	if s.rules.Class(path) != gitdir.Log || s.kept == "" {
		return nil
	}
	s.history.mu.Lock()
	done := s.history.kept[path]
	s.history.kept[path] = true
	s.history.mu.Unlock()
	if done {
		return nil
	}
	content, err := s.content(path, mostContent)
	if err != nil || content == nil {
		return err
	}
	file := filepath.Join(s.kept, path)
	err = os.MkdirAll(filepath.Dir(file), 0o700)
	if err == nil {
		err = os.WriteFile(file, content, 0o600)
	}
	switch {
	case errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.EISDIR):
		return nil // a kept log is in the way: this one was not there before the start
	case err != nil:
		return unix.EIO
	}
	return nil
}

// Report is what a sandbox did to a repository.
type Report struct {
	Moves  []gitdir.Move // the refs that have another value now
	Denied []Denied      // by name
	Kept   []string      // logs that git replaced or removed, and that were kept
}

// Finish ends the file system after the end of the tree, removes the locks that are left,
// and returns what was done.
func (s *Server) Finish() (Report, error) {
	s.device.Close()
	s.done.Wait()
	s.handles.close()
	defer s.Folder.Close()
	s.history.mu.Lock()
	defer s.history.mu.Unlock()
	var errs []error
	for path := range s.history.locks {
		err := s.in(path, func(dir int, base string) error { return unix.Unlinkat(dir, base, 0) })
		if err != nil && err != unix.ENOENT {
			errs = append(errs, &os.PathError{Op: "remove", Path: path, Err: err})
		}
	}
	if s.history.lost {
		errs = append(errs, errMoved)
	}
	return s.report(), errors.Join(errs...)
}

// report is for a caller that holds the history.
func (s *Server) report() Report {
	var out Report
	read := packs{}
	for name, old := range s.history.before {
		if now := s.refIn(name, read); now != old {
			out.Moves = append(out.Moves, gitdir.Move{Name: name, Old: old, New: now})
		}
	}
	slices.SortFunc(out.Moves, func(a, b gitdir.Move) int { return strings.Compare(a.Name, b.Name) })
	for _, d := range s.history.denied {
		out.Denied = append(out.Denied, d)
	}
	slices.SortFunc(out.Denied, func(a, b Denied) int { return strings.Compare(a.Name, b.Name) })
	for path := range s.history.kept {
		if info, err := os.Lstat(filepath.Join(s.kept, path)); err == nil && info.Mode().IsRegular() {
			out.Kept = append(out.Kept, path)
		}
	}
	slices.Sort(out.Kept)
	return out
}
