package audit

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// blockSize is the size of a read, forwards and backwards, in bytes: more than a usual
// record, for reading the last record at once.
const blockSize = 8 << 10

// textLine is a line of a file.
type textLine struct {
	text  []byte // without the newline; nil when long; valid until the next call
	start int64  // offset of the first byte
	end   int64  // offset after the newline, or of the file's end
	ended bool   // whether the line has a newline
	long  bool   // whether the line is longer than MaxLine
}

// forward reads lines from the beginning and holds at most one line.
type forward struct {
	r   *bufio.Reader
	pos int64
	buf []byte
}

func newForward(r io.Reader) *forward {
	return &forward{r: bufio.NewReaderSize(r, 8*blockSize)}
}

// next returns io.EOF after the last line.
func (f *forward) next() (textLine, error) {
	line := textLine{start: f.pos}
	f.buf = f.buf[:0]
	for {
		part, err := f.r.ReadSlice('\n')
		f.pos += int64(len(part))
		line.ended = err == nil
		if line.ended {
			part = part[:len(part)-1]
		}
		if line.long = line.long || len(f.buf)+len(part) > MaxLine; !line.long {
			f.buf = append(f.buf, part...)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil && err != io.EOF {
			return textLine{}, err
		}
		break
	}
	if f.pos == line.start {
		return textLine{}, io.EOF
	}
	if line.end = f.pos; !line.long {
		line.text = f.buf
	}
	return line, nil
}

// errFar says that a line would lie before the floor.
var errFar = errors.New("it is too far back")

// backward reads lines from the end and holds little more than one line.
type backward struct {
	r     io.ReaderAt
	pos   int64 // file offset of buf[0]
	end   int64 // file offset after the next line
	buf   []byte
	floor int64 // next fails instead of reading before floor
	long  bool  // the line at hand is longer than MaxLine and was dropped from buf
	ended bool  // whether a long line at hand has a newline
}

func newBackward(r io.ReaderAt, size int64) *backward {
	return &backward{r: r, pos: size, end: size}
}

// next returns io.EOF after the first line of the file, and errFar when the
// line at hand begins too far before floor.
func (b *backward) next() (textLine, error) {
	block := int64(blockSize)
	for {
		if i, found := b.lineStart(); found {
			return b.take(i), nil
		}
		if b.pos == 0 {
			if b.end == 0 {
				return textLine{}, io.EOF
			}
			return b.take(0), nil
		}
		if err := b.load(block); err != nil {
			return textLine{}, err
		}
		block = min(2*block, MaxLine)
	}
}

// lineStart finds the beginning of the line at hand in buf.
func (b *backward) lineStart() (int, bool) {
	body := b.buf
	if !b.long && len(body) > 0 && body[len(body)-1] == '\n' {
		body = body[:len(body)-1] // the line's own newline
	}
	i := bytes.LastIndexByte(body, '\n')
	return i + 1, i >= 0
}

// take removes the line that begins at buf[i].
func (b *backward) take(i int) textLine {
	line := textLine{start: b.pos + int64(i), end: b.end, long: b.long, ended: b.ended}
	if !b.long {
		line.text = b.buf[i:]
		if n := len(line.text); n > 0 && line.text[n-1] == '\n' {
			line.text, line.ended = line.text[:n-1], true
		}
		if len(line.text) > MaxLine {
			line.text, line.long = nil, true
		}
	}
	b.buf, b.end = b.buf[:i], line.start
	b.long, b.ended = false, false
	return line
}

// load puts the n bytes before buf in front of buf.
func (b *backward) load(n int64) error {
	if b.pos < b.floor {
		return errFar
	}
	if len(b.buf) > MaxLine+1 {
		if !b.long {
			b.ended = b.buf[len(b.buf)-1] == '\n'
		}
		b.long, b.buf = true, b.buf[:0]
	}
	if b.long {
		b.buf = b.buf[:0] // no newline was found: buf is a part of the long line
	}
	n = min(n, b.pos)
	next := make([]byte, n, int(n)+len(b.buf))
	if _, err := b.r.ReadAt(next, b.pos-n); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF // the file became shorter meanwhile
		}
		return err
	}
	b.pos -= n
	b.buf = append(next, b.buf...)
	return nil
}
