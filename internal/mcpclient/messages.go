package mcpclient

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"sync/atomic"
)

// mostMessage bounds a message of a server, in bytes.
const mostMessage = 16 << 20

// mostAsked is how many requests of a server may wait for our answers.
const mostAsked = 100

// messages reads those lines of a program that are messages: one JSON object each. Other
// lines are the program's words for people. The SDK would hang up at the first of them,
// and many programs greet on standard output. The SDK keeps what it hasn't answered yet
// without a bound: messages leaves notifications out, since nothing here acts on one, and
// the requests of a server that doesn't read the answers.
type messages struct {
	in    io.ReadCloser
	lines *bufio.Reader
	words io.Writer
	left  []byte // of the last message
	asked atomic.Int32
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
		var head struct {
			ID     json.RawMessage
			Method json.RawMessage
		}
		trimmed := bytes.TrimSpace(line)
		switch {
		case len(trimmed) == 0 || trimmed[0] != '{' || json.Unmarshal(trimmed, &head) != nil:
			_, _ = m.words.Write(line)
		case head.Method == nil:
			m.left = append(trimmed, '\n')
		case head.ID != nil && m.asked.Load() < mostAsked:
			m.asked.Add(1)
			m.left = append(trimmed, '\n')
		}
	}
	n := copy(p, m.left)
	m.left = m.left[n:]
	return n, nil
}

// answers writes our messages to a program, and counts those that answer.
type answers struct {
	io.WriteCloser
	to *messages
}

func (a answers) Write(p []byte) (int, error) {
	n, err := a.WriteCloser.Write(p)
	var head struct{ Method json.RawMessage }
	if err == nil && json.Unmarshal(p, &head) == nil && head.Method == nil {
		a.to.asked.Add(-1)
	}
	return n, err
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
