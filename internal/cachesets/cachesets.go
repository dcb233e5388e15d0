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
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
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
	if err := os.MkdirAll(set, 0o700); err != nil {
		return Seat{}, err
	}
	name := filepath.Join(set, workspaceName)
	if was, err := os.ReadFile(name); err != nil || string(was) != workspace {
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
	flags := os.O_RDWR
	if anew {
		flags |= os.O_CREATE
		if err := os.Mkdir(folder, 0o700); err != nil && !os.IsExist(err) {
			return Seat{}, err
		}
	}
	name := filepath.Join(folder, lockName)
	f, err := os.OpenFile(name, flags, 0o600)
	if err != nil {
		return Seat{}, err
	}
	ok, err := tryLock(f)
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

// Make makes the folders of the stores, before an overlay is mounted on them. The folder
// work is made anew: the kernel refuses one that a volatile overlay has left. No overlay
// may stand on the folders.
func Make(folder string, stores, own []string) error {
	for _, store := range stores {
		work := filepath.Join(folder, store, "work")
		if err := remove(work); err != nil {
			return err
		}
		for _, dir := range []string{work, filepath.Join(folder, store, "upper")} {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
		}
	}
	for _, name := range own {
		if err := os.MkdirAll(filepath.Join(folder, "own", name), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// remove removes a tree that may hold folders without rights, as Go's modules are.
func remove(dir string) error {
	if err := os.RemoveAll(dir); err == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(name, 0o700) // RemoveAll reports what stays
		}
		return nil
	})
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove a private cache: %w", err)
	}
	return nil
}
