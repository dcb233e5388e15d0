package model

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// eventReader reads server-sent events as the HTML standard interprets a stream (section
// 9.2.6). Of the fields only data counts: each event of the API names its type in the data.
type eventReader struct {
	in      *bufio.Reader
	most    int    // the bytes that a line or an event may have
	line    []byte // the present line
	data    []byte // the data of the present event, each line with a newline behind
	afterCR bool   // the last line ended with CR: an LF at once belongs to the end
	begun   bool   // the first line was read, and a byte order mark with it
}

var errLong = errors.New("an event of the stream is too long")

func newEventReader(in io.Reader, most int) *eventReader {
	return &eventReader{in: bufio.NewReaderSize(in, 32<<10), most: most}
}

// next returns the data of the next event, valid until the next call. At the end of the
// stream the error is io.EOF, and an event without its blank line is none.
func (e *eventReader) next() ([]byte, error) {
	e.data = e.data[:0]
	for {
		if err := e.readLine(); err != nil {
			return nil, err
		}
		if len(e.line) == 0 {
			if len(e.data) == 0 {
				continue
			}
			return e.data[:len(e.data)-1], nil
		}
		field, value, _ := bytes.Cut(e.line, []byte{':'})
		if string(field) != "data" {
			continue // a comment has an empty field
		}
		value = bytes.TrimPrefix(value, []byte{' '})
		if len(e.data)+len(value) >= e.most {
			return nil, errLong
		}
		e.data = append(append(e.data, value...), '\n')
	}
}

// readLine reads a line without its end, which is LF, CR, or CR and LF. A CR ends the line
// at once: the server may wait before the next byte.
func (e *eventReader) readLine() error {
	e.line = e.line[:0]
	for {
		if _, err := e.in.Peek(1); err != nil {
			return err
		}
		chunk, _ := e.in.Peek(e.in.Buffered())
		if e.afterCR {
			e.afterCR = false
			if chunk[0] == '\n' {
				_, _ = e.in.Discard(1)
				continue
			}
		}
		end := bytes.IndexAny(chunk, "\r\n")
		part := chunk
		if end >= 0 {
			part = chunk[:end]
		}
		if len(e.line)+len(part) > e.most {
			return errLong
		}
		e.line = append(e.line, part...)
		if end < 0 {
			_, _ = e.in.Discard(len(part))
			continue
		}
		e.afterCR = chunk[end] == '\r'
		_, _ = e.in.Discard(end + 1)
		if !e.begun {
			e.begun = true
			e.line = bytes.TrimPrefix(e.line, []byte("\ufeff"))
		}
		return nil
	}
}
