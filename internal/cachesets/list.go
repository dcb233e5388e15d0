package cachesets

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockstile/lockstile/internal/filelock"
)

// Entry is a seat as it lies on the disk.
type Entry struct {
	Workspace string
	Folder    string
	Used      time.Time // the last start, or the last end of a removal
	Bytes     int64     // of the files, after Measure
	Busy      bool      // a start has the seat
}

// List lists the seats of all workspaces, the oldest first. root is the folder with the
// sets. List changes nothing.
func List(root string) ([]Entry, error) {
	sets, err := os.ReadDir(root)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var out []Entry
	for _, set := range sets {
		dir := filepath.Join(root, set.Name())
		workspace, err := os.ReadFile(filepath.Join(dir, workspaceName))
		if err != nil {
			continue // no set
		}
		for i := range mostSeats {
			e := Entry{Workspace: string(workspace), Folder: FolderOf(dir, i)}
			if info, err := os.Lstat(filepath.Join(e.Folder, lockName)); err == nil {
				e.Used, e.Busy = info.ModTime(), busy(e.Folder)
				out = append(out, e)
			}
		}
	}
	slices.SortFunc(out, func(a, b Entry) int { return a.Used.Compare(b.Used) })
	return out, nil
}

func busy(folder string) bool {
	f, err := os.Open(filepath.Join(folder, lockName))
	if err != nil {
		return false
	}
	defer f.Close()
	free, err := filelock.Try(f, false)
	return !free || err != nil
}

// Measure adds up the files of a seat. A value on stop ends the measurement; ok is false
// then.
func (e *Entry) Measure(stop <-chan struct{}) (ok bool) {
	e.Bytes = 0
	err := filepath.WalkDir(e.Folder, func(_ string, d fs.DirEntry, err error) error {
		select {
		case <-stop:
			return fs.SkipAll
		default:
		}
		if err != nil || !d.Type().IsRegular() {
			return nil // a file that went away meanwhile, or a folder of the kernel's
		}
		if info, err := d.Info(); err == nil {
			e.Bytes += info.Size()
		}
		return nil
	})
	return err == nil && !stopped(stop)
}

func stopped(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

// Remove removes a seat that no start has. removed is false for a seat that a start has.
func (e Entry) Remove() (removed bool, err error) {
	seat, err := take(e.Folder, false)
	if os.IsNotExist(err) {
		return true, nil
	}
	if err != nil || seat.Folder == "" {
		return false, err
	}
	gone, err := seat.moveAway()
	if err != nil {
		return false, err
	}
	return true, remove(gone)
}

// gonePrefix begins the names of seats that are being removed.
const gonePrefix = "gone."

// moveAway takes the seat's name from its folder, and gives the seat up.
func (s *Seat) moveAway() (gone string, err error) {
	defer s.Leave()
	gone = filepath.Join(filepath.Dir(filepath.Dir(s.Folder)), gonePrefix+strconv.FormatInt(time.Now().UnixNano(), 36))
	return gone, os.Rename(s.Folder, gone)
}

// Prune removes the oldest seats until the rest has at most that many bytes, and what an
// earlier removal left. A seat that a start has stays: alone above the bound, the seat is
// marked, and the next start begins anew. A value on stop ends the work.
func Prune(root string, most int64, stop <-chan struct{}) error {
	names, _ := os.ReadDir(root) // before the first start the folder is absent
	for _, n := range names {
		if strings.HasPrefix(n.Name(), gonePrefix) && !stopped(stop) {
			if err := remove(filepath.Join(root, n.Name())); err != nil {
				return err
			}
		}
	}
	all, err := List(root)
	if err != nil {
		return err
	}
	total := int64(0)
	for i := range all {
		if !all[i].Measure(stop) {
			return nil
		}
		total += all[i].Bytes
	}
	for _, e := range all {
		if total <= most || stopped(stop) {
			return nil
		}
		removed, err := e.Remove()
		switch {
		case err != nil:
			return err
		case removed:
			total -= e.Bytes
		case e.Bytes > most:
			if err := os.WriteFile(filepath.Join(e.Folder, overName), nil, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// overName is the mark of a seat above the bound.
const overName = "over"

// pruneEvery is the time from one pruning to the next.
const pruneEvery = time.Hour

// Due reports whether a pruning is due.
func Due(root string) bool {
	info, err := os.Lstat(filepath.Join(root, prunedName))
	return err != nil || time.Since(info.ModTime()) > pruneEvery
}

// Pruned notes the end of a pruning.
func Pruned(root string) error { return os.WriteFile(filepath.Join(root, prunedName), nil, 0o600) }

const prunedName = "pruned"
