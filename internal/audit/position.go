package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxTorn is how far an append looks back from the end for a whole record, in bytes.
// Several torn lines of the greatest length fit in; a longer tail is not torn: another
// program wrote the file.
const maxTorn = 4 << 20

// position is the place of the next line.
type position struct {
	mark          // the last record; only seq and hash are used
	torn    int64 // bytes between the last record and the next line, once newline is written
	newline bool  // the file's last line has no newline yet
}

// position finds the record that the next line must follow. position reads nothing if the
// file still ends at this Log's own last append: only a holder of the lock appends, and
// no holder changes earlier bytes.
//
// Preconditions: mu and the file lock are held, size is the file's size.
func (l *Log) position(size int64) (position, error) {
	sameHead, err := l.openHead()
	if err != nil {
		return position{}, err
	}
	if sameHead && l.last.end != 0 && l.last.end == size {
		return position{mark: l.last}, nil
	}
	at, err := findEnd(l.file, size)
	if err != nil {
		return position{}, refuse("the end of the log could not be read", "run lockstile log verify; to begin anew, move "+l.path+" and "+l.headPath+" away", err)
	}
	head, ok := readHead(l.head)
	if !ok {
		// The head is written before the first line: a crash never leaves a log without a
		// head.
		if err := writeHead(l.head, at.mark); err != nil {
			return position{}, refuse("the head of the log could not be written", hintFor(l.headPath, err), err)
		}
		return at, nil
	}
	// The head names the last written record. If the file has an earlier or another last
	// record, the chain goes on from the head, and the gap stays visible.
	if head.seq > at.seq || head.seq == at.seq && head.hash != at.hash {
		at.seq, at.hash = head.seq, head.hash
	}
	return at, nil
}

// openHead opens the head, unless the open head is still the file at headPath, and
// reports whether the open head was still right.
func (l *Log) openHead() (same bool, err error) {
	if l.head != nil {
		now, err := os.Lstat(l.headPath)
		if err == nil && os.SameFile(now, l.hinf) {
			return true, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, refuse("the head of the log could not be examined", hintFor(l.headPath, err), err)
		}
		l.head.Close() // nothing is buffered
		l.head = nil
	}
	l.head, l.hinf, err = openOwned(l.headPath, false)
	return false, err
}

// findEnd looks back from the end for the last whole record.
func findEnd(r io.ReaderAt, size int64) (position, error) {
	lines := newBackward(r, size)
	lines.floor = size - maxTorn
	at := position{mark: mark{hash: zeroHash}, torn: size}
	for {
		line, err := lines.next()
		if err == io.EOF {
			return at.terminated(), nil
		}
		if err == errFar {
			return position{}, fmt.Errorf("no record in its last %d bytes", maxTorn)
		}
		if err != nil {
			return position{}, err
		}
		if !line.ended {
			at.newline = true
		}
		rec, bad := parseRecord(line.text)
		switch {
		case line.long || bad != nil:
			continue
		case rec.version != version:
			return position{}, fmt.Errorf("its last record has version %d, this program writes version %d", rec.version, version)
		}
		at.mark = mark{seq: rec.seq, hash: hashLine(line.text), end: line.end}
		at.torn = size - line.end
		if !line.ended {
			at.end++ // only the newline is missing; the next append writes the newline
		}
		return at.terminated(), nil
	}
}

// terminated counts the newline that the next append writes first. The newline belongs to
// the torn line, unless the unterminated line is a whole record.
func (p position) terminated() position {
	if p.newline && p.torn > 0 {
		p.torn++
	}
	return p
}
