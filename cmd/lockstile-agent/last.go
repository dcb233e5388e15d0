package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// openLast opens the file of -o before any command of the turn runs. Commands may make
// links where they may write, and an earlier command may have made one: there the name may
// not lead to another place.
func openLast(name string, p policy.Policy) (*os.File, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	const how = os.O_WRONLY | os.O_CREATE | syscall.O_NONBLOCK // a FIFO without a reader would wait
	dir, rel := rootOf(path, p)
	if dir == "" {
		return os.OpenFile(path, how, 0o600)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(rel, how, 0o600)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return nil, &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StageConfig, Reason: fmt.Sprintf("-o %s: the name leads out of %s, or to no file", name, dir),
			Hint: "remove the link, or give a file that commands can't change", Err: err}
	}
	return f, err
}

// rootOf finds the folder in which commands may write and on which the way to path first
// comes, and the rest of the way; "" for a way that comes on none. Up to there no command
// has a say in the way.
func rootOf(path string, p policy.Policy) (dir, rest string) {
	for at := range len(path) {
		if path[at] != filepath.Separator {
			continue
		}
		real, err := filepath.EvalSymlinks(path[:at+1])
		if err != nil {
			return "", ""
		}
		for _, r := range append(p.Roots(), policy.Root{Path: p.Workspace}) { // of an earlier session too
			if rel, err := filepath.Rel(r.Path, real); err == nil && filepath.IsLocal(rel) {
				return r.Path, filepath.Join(rel, path[at+1:])
			}
		}
	}
	return "", ""
}

// replaceText makes text the whole content of a file. What can't be cut off, like a
// terminal, gets the text behind.
func replaceText(f *os.File, text string) error {
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		if err := f.Truncate(0); err != nil {
			return err
		}
	}
	_, err := f.WriteString(text)
	return err
}
