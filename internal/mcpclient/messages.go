package mcpclient

import (
	"bytes"
	"encoding/json"
	"io"
	"sync/atomic"
)

// mostMessage bounds a message of a server, in bytes.
const mostMessage = 16 << 20

// mostAsked is how many requests of a server may wait for our answers.
const mostAsked = 100

// messages keeps those lines of a program that are messages: one JSON object each. Other
// lines are the program's words for people. The SDK would hang up at the first of them,
// and many programs greet on standard output. The SDK keeps what it hasn't answered yet
// without a bound: messages leaves notifications out, since nothing here acts on one, and
// the requests of a server that doesn't read the answers.
type messages struct {
	words io.Writer
	asked atomic.Int32
}

// message returns a line that the SDK gets, nil for none.
func (m *messages) message(line []byte, _ bool) []byte {
	var head struct {
		ID     json.RawMessage
		Method json.RawMessage
	}
	trimmed := bytes.TrimSpace(line)
	switch {
	case len(trimmed) == 0 || trimmed[0] != '{' || json.Unmarshal(trimmed, &head) != nil:
		_, _ = m.words.Write(line)
		return nil
	case head.Method != nil && (head.ID == nil || m.asked.Load() >= mostAsked):
		return nil
	case head.Method != nil:
		m.asked.Add(1)
	}
	return append(trimmed, '\n')
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
