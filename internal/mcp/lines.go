package mcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/lockstile/lockstile/internal/linefilter"
)

// mostLine bounds a line of the client, in bytes.
const mostLine = 16 << 20

// stdio returns the transport on this program's own streams.
func stdio() mcp.Transport { return overLines(os.Stdin, os.Stdout) }

// overLines returns a transport on a pair of streams. A line that is no message gets an
// error as its answer and goes no further: the SDK would close the connection, and with
// it all sessions.
func overLines(in io.ReadCloser, out io.WriteCloser) mcp.Transport {
	w := &wholeWrites{out: out}
	return &mcp.IOTransport{Reader: linefilter.New(in, mostLine, messages{w}.message), Writer: w, MaxLineLength: -1}
}

// wholeWrites keeps writes apart that come from several goroutines. Each write of the SDK
// is one line.
type wholeWrites struct {
	mu  sync.Mutex
	out io.WriteCloser
}

func (w *wholeWrites) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}

func (w *wholeWrites) Close() error { return w.out.Close() }

// messages keeps those lines of a client that are messages.
type messages struct{ answers io.Writer }

// message returns a line that is a message, on one line, or nil after the answer to
// another line. A byte order mark counts as nothing.
func (m messages) message(line []byte, long bool) []byte {
	if long {
		m.answer(nil, jsonrpc.CodeInvalidRequest, "the line is longer than 16 MiB")
		return nil
	}
	line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")))
	if len(line) == 0 {
		return nil
	}
	var head struct {
		ID json.RawMessage `json:"id"`
	}
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(line, &head); {
	case errors.As(err, &syntax):
		m.answer(nil, jsonrpc.CodeParseError, "the line is no JSON: a message is one JSON object on one line, without headers")
		return nil
	case line[0] == '[':
		m.answer(nil, jsonrpc.CodeInvalidRequest, "a batch is not taken: send each message on a line of its own")
		return nil
	case err != nil:
		m.answer(nil, jsonrpc.CodeInvalidRequest, "a message is a JSON object")
		return nil
	}
	if !goodID(head.ID) {
		m.answer(nil, jsonrpc.CodeInvalidRequest, "an id is a string or a whole number")
		return nil
	}
	if _, err := jsonrpc.DecodeMessage(line); err != nil {
		m.answer(head.ID, jsonrpc.CodeInvalidRequest, `a message has "jsonrpc": "2.0" and a method, or an id with a result or an error`)
		return nil
	}
	return append(line, '\n')
}

// goodID reports whether an id is absent, a string or a whole number that JSON's readers
// agree about.
func goodID(id json.RawMessage) bool {
	if len(id) == 0 {
		return true
	}
	var text string
	if id[0] == '"' {
		return json.Unmarshal(id, &text) == nil
	}
	const exact = 1 << 53
	var n int64
	return json.Unmarshal(id, &n) == nil && string(id) != "null" && n > -exact && n < exact
}

// answer writes an error to the client. A client that is gone will end the reading too.
func (m messages) answer(id json.RawMessage, code int, text string) {
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	line, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": code, "message": text}})
	if err == nil {
		_, _ = m.answers.Write(append(line, '\n'))
	}
}
