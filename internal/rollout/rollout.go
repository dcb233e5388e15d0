// Package rollout keeps a thread as lines on disk: each line is written once and never
// changed, and the lines are read again after any death of the writer. Package rollout
// must never give a meaning to the items, or write a secret that package redact knows.
package rollout

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lockstile/lockstile/internal/filelock"
)

// Line is a line of a rollout. Other tools read the same form, since Type has the names
// of codex, and pass over Number. The numbers show a line that was removed.
type Line struct {
	Timestamp string          `json:"timestamp"` // RFC 3339, UTC, with milliseconds
	Number    int             `json:"line"`      // from 1
	Type      Type            `json:"type"`
	Payload   json.RawMessage `json:"payload"`
}

// Type names a kind of lines.
type Type string

// The kinds of lines.
const (
	Meta      Type = "session_meta"  // the first line: what the thread is
	Context   Type = "turn_context"  // the settings of the turn that begins
	Item      Type = "response_item" // an item of the model's history
	Event     Type = "event_msg"     // something that was shown
	Compacted Type = "compacted"     // the history begins anew with the payload
)

// File is a rollout with one writer. Methods may be called from any goroutine.
type File struct {
	ID   string
	Path string
	mu   sync.Mutex
	f    *os.File
	last int // the number of the last line
}

// ErrBusy means that another process writes the rollout.
var ErrBusy = errors.New("the session is open in another process")

// folder is where rollouts lie, below the product's folder.
const folder = "sessions"

// stamp is the time in a rollout's name. The name sorts by time.
const stamp = "2006-01-02T15-04-05"

// Create begins a rollout below the product's folder home. Only the user can read the
// rollout. at is the begin of the thread, in the user's time zone.
func Create(home, id string, at time.Time) (*File, error) {
	dir := filepath.Join(home, folder, at.Format("2006"), at.Format("01"), at.Format("02"))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "rollout-"+at.Format(stamp)+"-"+id+".jsonl")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return lock(&File{ID: id, Path: path, f: f})
}

// lock makes the caller the only writer.
func lock(f *File) (*File, error) {
	mine, err := filelock.Try(f.f, false)
	if err == nil && !mine {
		err = ErrBusy
	}
	if err != nil {
		f.f.Close()
		return nil, err
	}
	return f, nil
}

// Open returns a rollout for more lines, and its lines. A torn last line is removed. The
// error is ErrBusy while another process writes the rollout, and a *DamageError for a line
// that no death of a writer leaves.
func Open(path string) (*File, []Line, error) {
	handle, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return nil, nil, err
	}
	_, id, _ := parseName(path)
	f, err := lock(&File{ID: id, Path: path, f: handle})
	if err != nil {
		return nil, nil, err
	}
	lines, end, err := read(handle)
	if err == nil {
		err = handle.Truncate(end)
	}
	if err != nil {
		handle.Close()
		return nil, nil, err
	}
	if len(lines) > 0 {
		f.last = lines[len(lines)-1].Number
	}
	return f, lines, nil
}

// Append writes a line with one write(2), so that a line is whole or torn at the end of
// the file. Secrets in the payload are removed.
func (f *File) Append(kind Type, payload any) error {
	raw, err := withoutSecrets(payload)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	line, err := encode(Line{time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), f.last + 1, kind, raw})
	if err != nil {
		return err
	}
	end, err := f.f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if _, err := f.f.Write(line); err != nil {
		return errors.Join(err, f.f.Truncate(end)) // no torn line in the middle
	}
	f.last++
	return nil
}

// Close ends the writing.
func (f *File) Close() error { return f.f.Close() }

// encode returns v as JSON on a line. Letters stay as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// Info is a rollout on disk.
type Info struct {
	ID      string
	Path    string
	Begun   time.Time
	Written time.Time // when the last line was written
}

// List returns the rollouts below the product's folder, the last written first. List opens
// none.
func List(home string) ([]Info, error) {
	paths, err := filepath.Glob(filepath.Join(home, folder, "*", "*", "*", "rollout-*.jsonl"))
	if err != nil {
		return nil, err
	}
	var out []Info
	for _, path := range paths {
		if at, id, ok := parseName(path); ok {
			info, err := os.Stat(path)
			if err != nil {
				continue // removed meanwhile
			}
			out = append(out, Info{id, path, at, info.ModTime()})
		}
	}
	slices.SortFunc(out, func(a, b Info) int {
		return cmp.Or(b.Written.Compare(a.Written), strings.Compare(filepath.Base(b.Path), filepath.Base(a.Path)))
	})
	return out, nil
}

// parseName returns the time and the ID in a rollout's name.
func parseName(path string) (at time.Time, id string, ok bool) {
	name, ok := strings.CutPrefix(filepath.Base(path), "rollout-")
	name, jsonl := strings.CutSuffix(name, ".jsonl")
	if !ok || !jsonl || len(name) < len(stamp)+2 || name[len(stamp)] != '-' {
		return at, "", false
	}
	at, err := time.ParseInLocation(stamp, name[:len(stamp)], time.Local)
	return at, name[len(stamp)+1:], err == nil
}

// DamageError is a line that can't be read, in the middle of a rollout.
type DamageError struct {
	Path string
	Line int // from 1
	Err  error
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("%s:%d: the line is damaged: %v", e.Path, e.Line, e.Err)
}

func (e *DamageError) Unwrap() error { return e.Err }
