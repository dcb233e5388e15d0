package mcpclient

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
)

// mostMessage bounds a message of a server, in bytes.
const mostMessage = 16 << 20

// messages reads those lines of a program that are messages: one JSON object each. Other
// lines are the program's words for people. The SDK would hang up at the first of them,
// and many programs greet on standard output.
type messages struct {
	in    io.ReadCloser
	lines *bufio.Reader
	words io.Writer
	left  []byte // of the last message
}

func newMessages(in io.ReadCloser, words io.Writer) *messages {
	return &messages{in: in, lines: bufio.NewReaderSize(in, 64<<10), words: words}
}

func (m *messages) Close() error { return m.in.Close() }

func (m *messages) Read(p []byte) (int, error) {
	for len(m.left) == 0 {
		line, err := m.line()
		if len(line) == 0 && err != nil {
			return 0, err
		}
		if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 && trimmed[0] == '{' && json.Valid(trimmed) {
			m.left = append(trimmed, '\n')
		} else {
			_, _ = m.words.Write(line)
		}
	}
	n := copy(p, m.left)
	m.left = m.left[n:]
	return n, nil
}

// line reads a line to its end. Of a line that is too long nothing is kept.
func (m *messages) line() ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := m.lines.ReadSlice('\n')
		if long = long || len(line)+len(part) > mostMessage; long {
			line = nil
		} else {
			line = append(line, part...)
		}
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}
