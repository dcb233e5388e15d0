// Package audit writes and verifies sandbox.log: one JSON object per line, each line with
// the hash of the line before. Many processes may write at once.
//
// Package audit knows bytes and the chain, not the meaning of records: the caller decides
// about content. Package audit must never report a record as written before the whole
// line is in the file, never write a line over another line, and never weaken a failed
// write into a warning: every failure of Open and Append is a *refusal.Error, since a
// start without a record must not happen.
//
// docs/log.md says what the chain shows and does not show. In short: a record survives
// SIGKILL of any process. The log is not synced to the disk, and the last records may be
// gone after a power loss. A program with the rights of the log's owner can rewrite the
// whole log.
package audit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/lockstile/lockstile/internal/filelock"
)

// LogName and HeadName are the files' names in the product's home.
const (
	LogName  = "sandbox.log"
	HeadName = "sandbox.head"
)

// MaxLine is the greatest length of a line, in bytes, without the newline. A longer
// record is refused and a longer line is never read into memory.
const MaxLine = 1 << 20

// lockPatience is how long an append waits for the file lock. A holder keeps the lock for
// microseconds and loses the lock on its death; only a stopped holder keeps the lock.
const lockPatience = 10 * time.Second

// maxReplaced is how often another program may replace the log during an append before
// Append fails.
const maxReplaced = 8

// Log is an open sandbox.log. Several goroutines may use a Log. The zero value is not
// usable; Open makes a Log.
type Log struct {
	path     string
	headPath string
	patience time.Duration

	mu   sync.Mutex // guards the fields below; the file lock orders processes, not goroutines
	file *os.File
	info fs.FileInfo // of the opened file: for checking that path still names the file
	head *os.File    // nil until the first append
	hinf fs.FileInfo // of head
	last mark        // the mark of this Log's last append; last.end 0 means unknown
}

// Receipt says that the whole record is in the log.
type Receipt struct {
	Seq  uint64 // the line's number in the chain, from 1
	Hash string // hex SHA-256 of the line, newline not counted
}

// mark is a place in the chain: a record and the end of its line in the file.
type mark struct {
	seq  uint64 // 0: before the first record
	hash string // 64 hex digits
	end  int64  // offset just behind the line's newline, in bytes
}

// zeroHash stands for "no record before" in the first line.
var zeroHash = strings.Repeat("0", 64)

// Open opens dir/sandbox.log for appending. Open makes a missing log with mode 0600 and a
// missing dir with mode 0700, and reads nothing. Open refuses a symbolic link, a file
// that is not regular, a file of another owner, and a file that others may write. Every
// error is a *refusal.Error.
func Open(dir string) (*Log, error) {
	if dir == "" {
		return nil, refuse("no folder is given for the log", "set LOCKSTILE_HOME or HOME", nil)
	}
	l := &Log{
		path:     filepath.Join(dir, LogName),
		headPath: filepath.Join(dir, HeadName),
		patience: lockPatience,
	}
	if err := checkFileLimit(); err != nil {
		return nil, err
	}
	if err := l.reopen(); err != nil {
		return nil, err
	}
	return l, nil
}

// Path returns the name of the log file.
func (l *Log) Path() string { return l.path }

// Close closes the files. The Log may not be used afterwards.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.file.Close()
	if l.head != nil {
		err = errors.Join(err, l.head.Close())
	}
	return err
}

// Append writes record as the next line. encoding/json must make an object of record; the
// keys v, seq, time, prev and torn are reserved, in any case. When Append returns a
// Receipt, the whole line is in the file and survives the death of our process. Otherwise
// the error is a *refusal.Error, and Append removes the line again if the system allows
// the removal.
func (l *Log) Append(record any) (Receipt, error) {
	fields, err := encodeFields(record)
	if err != nil {
		return Receipt{}, refuse("the record cannot be written as a line", "", err)
	}
	if err := checkFileLimit(); err != nil { // the limit may be lower by now
		return Receipt{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	size, err := l.acquire()
	if err != nil {
		return Receipt{}, err
	}
	defer filelock.Release(l.file) // the lock ends with the process in any case
	return l.appendLocked(fields, size)
}

// appendLocked writes a line at the end of the file.
//
// Preconditions: mu and the file lock are held, size is the file's size.
func (l *Log) appendLocked(fields []byte, size int64) (Receipt, error) {
	at, err := l.position(size)
	if err != nil {
		return Receipt{}, err
	}
	if at.seq >= maxNumber {
		return Receipt{}, refuse("the log's numbers are used up", "move "+l.path+" and "+l.headPath+" away", nil)
	}
	buf := make([]byte, 0, len(fields)+256)
	if at.newline {
		buf = append(buf, '\n')
	}
	start := len(buf)
	buf = appendLine(buf, at.mark, at.torn, time.Now(), fields)
	line := buf[start:]
	if len(line) > MaxLine {
		return Receipt{}, refuse("the record is longer than a line of the log may be (1 MiB)", "shorten the command line", nil)
	}
	next := mark{seq: at.seq + 1, hash: hashLine(line)}
	buf = append(buf, '\n')
	next.end = size + int64(len(buf))

	// The line goes first: a head that is behind is harmless, a head that is ahead would
	// say that a line was removed.
	if err := appendBytes(l.file, buf, size); err != nil {
		return Receipt{}, l.takeBack(size, "the record could not be written", err)
	}
	if err := writeHead(l.head, next); err != nil {
		return Receipt{}, l.takeBack(size, "the head of the log could not be written", err)
	}
	l.last = next
	return Receipt{Seq: next.seq, Hash: next.hash}, nil
}

// takeBack removes the rest of a failed append and returns the refusal.
func (l *Log) takeBack(size int64, reason string, cause error) error {
	l.last = mark{}
	if err := l.file.Truncate(size); err != nil {
		reason += " and what was written of it could not be removed"
		cause = errors.Join(cause, err)
	}
	return refuse(reason, hintFor(l.path, cause), cause)
}

// acquire locks the file that path names now and returns its size. acquire reopens a log
// that was moved away or removed.
func (l *Log) acquire() (int64, error) {
	for range maxReplaced {
		if err := lockFile(l.file, false, l.patience); err != nil {
			return 0, refuse("the log could not be locked", "look for a stopped lockstile process", err)
		}
		size, current, err := l.stat()
		if err == nil && current {
			return size, nil
		}
		filelock.Release(l.file)
		if err != nil {
			return 0, err
		}
		if err := l.reopen(); err != nil {
			return 0, err
		}
	}
	return 0, refuse("the log is being replaced again and again", "let only lockstile write "+l.path, nil)
}

// stat returns the size of the file and whether path still names the file. stat repeats
// the checks of Open: the answers may have changed since.
func (l *Log) stat() (size int64, current bool, err error) {
	now, err := os.Lstat(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, refuse("the log could not be examined", hintFor(l.path, err), err)
	}
	if !os.SameFile(now, l.info) {
		return 0, false, nil
	}
	return now.Size(), true, checkOwned(l.path, now)
}

// reopen opens the file that path names now, in place of the old file.
func (l *Log) reopen() error {
	f, info, err := openOwned(l.path, true)
	if err != nil {
		return err
	}
	if l.file != nil {
		l.file.Close() // nothing is buffered; the lock is given up already
	}
	l.file, l.info, l.last = f, info, mark{}
	return nil
}
