// Package cachesets keeps the private folders of caches in the product's own folder. Each
// workspace has a set, and each set has seats: a start takes a seat alone until its
// command has ended, because two overlays must not share an upper folder. Package
// cachesets must never touch a cache of the host, nor a seat that another start has.
//
// CACHES/SET/workspace     the path of the workspace
// CACHES/SET/SEAT/lock     held while a start has the seat
// CACHES/SET/SEAT/STORE    upper and work of an overlay
// CACHES/SET/SEAT/own      caches without a place on the host
package cachesets

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/lockstile/lockstile/internal/filelock"
)

// mostSeats is how many commands of a workspace have caches at a time.
const mostSeats = 32

const (
	lockName      = "lock"
	workspaceName = "workspace"
)

// Seat is a set of private folders that one start has. The zero value has none.
type Seat struct {
	Folder string // "" without a seat
	lock   *os.File
}

// FolderOf returns the folder of a seat.
func FolderOf(set string, seat int) string { return filepath.Join(set, strconv.Itoa(seat)) }

// Take takes the first free seat of a set. With all seats taken Take returns the zero
// value.
func Take(set, workspace string) (Seat, error) {
	name := filepath.Join(set, workspaceName)
	if was, err := os.ReadFile(name); err != nil || string(was) != workspace {
		if err := os.MkdirAll(set, 0o700); err != nil {
			return Seat{}, err
		}
		if err := os.WriteFile(name, []byte(workspace), 0o600); err != nil {
			return Seat{}, err
		}
	}
	for i := range mostSeats {
		seat, err := take(FolderOf(set, i), true)
		if err == nil && seat.Folder != "" && seat.over() {
			if _, err = seat.moveAway(); err == nil { // the next pruning removes the folder
				seat, err = take(FolderOf(set, i), true)
			}
		}
		if err != nil || seat.Folder != "" {
			return seat, err
		}
	}
	return Seat{}, nil
}

// take takes a seat, and returns the zero value for a seat that is taken.
func take(folder string, anew bool) (Seat, error) {
	name := filepath.Join(folder, lockName)
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if os.IsNotExist(err) && anew {
		if err := os.Mkdir(folder, 0o700); err != nil && !os.IsExist(err) {
			return Seat{}, err
		}
		f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	}
	if err != nil {
		return Seat{}, err
	}
	ok, err := filelock.Try(f, false)
	if err == nil && ok {
		// Another process may have removed the seat before the lock was ours.
		if ok = same(f, name); ok {
			now := time.Now()
			_ = os.Chtimes(name, now, now) // the age of the seat; an older one is only removed sooner
			return Seat{folder, f}, nil
		}
	}
	f.Close()
	return Seat{}, err
}

// same reports whether a name still leads to an open file.
func same(f *os.File, name string) bool {
	a, err := f.Stat()
	b, err2 := os.Lstat(name)
	return err == nil && err2 == nil && os.SameFile(a, b)
}

// over reports whether the seat was marked as one above the bound.
func (s *Seat) over() bool {
	_, err := os.Lstat(filepath.Join(s.Folder, overName))
	return err == nil
}

// Leave gives the seat to the next start.
func (s *Seat) Leave() {
	if s.lock != nil {
		s.lock.Close()
	}
	*s = Seat{}
}

// Make makes the folders of the stores, before an overlay is mounted on them. No overlay may
// stand on the folders.
func Make(folder string, stores, own []string) error {
	results := make([]error, len(stores))
	var all sync.WaitGroup
	for i, store := range stores {
		all.Go(func() { results[i] = makeStore(filepath.Join(folder, store)) })
	}
	all.Wait()
	for _, name := range own {
		dir := filepath.Join(folder, "own", name)
		if _, err := os.Lstat(dir); err == nil {
			continue
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	return errors.Join(results...)
}

// makeStore makes the folder work anew: the kernel refuses one that a volatile overlay has
// left. The old one is moved away and removed beside, because a removal may wait for the
// disk.
func makeStore(dir string) error {
	work, old, upper := filepath.Join(dir, "work"), filepath.Join(dir, "old"), filepath.Join(dir, "upper")
	if _, err := os.Lstat(old); err == nil { // the process ended before the removal
		if err := remove(old); err != nil {
			return err
		}
	}
	switch err := os.Rename(work, old); {
	case err == nil:
		go remove(old) // the next start removes what stays
	case !os.IsNotExist(err):
		return err
	default:
		if err := os.MkdirAll(upper, 0o700); err != nil {
			return err
		}
	}
	return os.Mkdir(work, 0o700)
}

// remove removes a tree that may hold folders without rights, as Go's modules are, and
// folders in folders without end.
func remove(dir string) error {
	if err := os.RemoveAll(dir); err == nil {
		return nil
	}
	if err := flatten(dir); err != nil {
		return fmt.Errorf("remove a private cache: %w", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove a private cache: %w", err)
	}
	return nil
}

// flatten moves all folders of a tree up into the top folder, and gives each all rights. A
// command may have made the content: no link may lead out, and a path may be too long for
// the system.
func flatten(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	todo, err := folders(root, ".")
	if err != nil {
		return err
	}
	up := upPrefix + strconv.FormatInt(time.Now().UnixNano(), 36) + "." // no name of an earlier removal
	for n := 0; len(todo) > 0; {
		below := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		inside, err := folders(root, below)
		if err != nil {
			return err
		}
		for _, name := range inside {
			from, to := filepath.Join(below, name), up+strconv.Itoa(n)
			if err := root.Chmod(from, 0o700); err != nil { // a folder without rights can't move
				return err
			}
			if err := root.Rename(from, to); err != nil {
				return err
			}
			n, todo = n+1, append(todo, to)
		}
	}
	return nil
}

// upPrefix begins the names of folders that were moved up. Commands make nothing in the top
// folder.
const upPrefix = "up."

// folders lists the folders in a folder, after giving the folder all rights.
func folders(root *os.Root, dir string) (out []string, err error) {
	if err := root.Chmod(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out, err
}
