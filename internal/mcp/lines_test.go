package mcp

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// client is the other end of a server, line by line. A client always reads: a server may
// answer before the next line comes.
type client struct {
	testing.TB
	to    *io.PipeWriter
	lines chan string // closed at the end of the answers
}

const patience = 20 * time.Second

// connect serves s on pipes, after the handshake.
func connect(t testing.TB, s *mcp.Server) *client {
	t.Helper()
	in, to := io.Pipe()
	from, out := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	go func() { _ = s.Run(ctx, overLines(in, out)); out.Close() }()
	c := &client{t, to, make(chan string, 100)}
	go func() {
		defer close(c.lines)
		for r := bufio.NewReader(from); ; {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			c.lines <- line
		}
	}()
	t.Cleanup(func() {
		to.Close()
		cancel()
		for range c.lines { // until the server has ended
		}
	})
	c.send(`{"jsonrpc":"2.0","id":"begin","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}` + "\n")
	c.until("begin")
	c.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n")
	return c
}

func (c *client) send(text string) {
	c.Helper()
	if _, err := io.WriteString(c.to, text); err != nil {
		c.Fatal("the server has gone: ", err)
	}
}

// until returns the answers before the one with an id.
func (c *client) until(id string) (answers []string) {
	c.Helper()
	for {
		select {
		case line, ok := <-c.lines:
			if !ok {
				c.Fatalf("the server has gone, after %q", answers)
			}
			var m struct{ ID any }
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				c.Fatalf("%q is no JSON", line)
			}
			if m.ID == id {
				return answers
			}
			answers = append(answers, line)
		case <-time.After(patience):
			c.Fatalf("no answer to %s, but %q", id, answers)
		}
	}
}

// lives checks that the server answers.
func (c *client) lives() (before []string) {
	c.Helper()
	c.send(`{"jsonrpc":"2.0","id":"alive","method":"ping"}` + "\n")
	return c.until("alive")
}

func bare() *mcp.Server { return mcp.NewServer(&mcp.Implementation{Name: "t", Version: "1"}, nil) }

// badLines are lines that are no messages, with the code and the id of the answer.
var badLines = map[string]struct{ line, answer string }{
	"no JSON":              {"{nope}\n", `"code":-32700`},
	"text":                 {"hello\n", `"code":-32700`},
	"half a message":       {`{"jsonrpc":"2.0","id":9,` + "\n", `"code":-32700`},
	"two on a line":        {`{"jsonrpc":"2.0","id":9,"method":"ping"}{}` + "\n", `"code":-32700`},
	"a header":             {"Content-Length: 12\r\n\r\n", `"code":-32700`},
	"a batch":              {`[{"jsonrpc":"2.0","id":9,"method":"ping"}]` + "\n", `"code":-32600`},
	"an empty batch":       {"[]\n", `"code":-32600`},
	"a number":             {"42\n", `"code":-32600`},
	"a string":             {`"ping"` + "\n", `"code":-32600`},
	"an empty object":      {"{}\n", `"code":-32600`},
	"no version":           {`{"id":9,"method":"ping"}` + "\n", `"id":9`},
	"another version":      {`{"jsonrpc":"1.0","id":"n","method":"ping"}` + "\n", `"id":"n"`},
	"an id that is null":   {`{"jsonrpc":"2.0","id":null,"method":"ping"}` + "\n", `"code":-32600`},
	"an id that is a list": {`{"jsonrpc":"2.0","id":[1],"method":"ping"}` + "\n", `"code":-32600`},
	"a fraction":           {`{"jsonrpc":"2.0","id":1.5,"method":"ping"}` + "\n", `"code":-32600`},
	"a method of numbers":  {`{"jsonrpc":"2.0","id":9,"method":5}` + "\n", `"id":9`},
	"bytes":                {"\xff\xfe{\x00}\n", `"code":-32700`},
	"a long line":          {strings.Repeat("x", mostLine+1) + "\n", `"code":-32600`},
}

// TestBadLines checks that the server answers a line that is no message with an error, and
// goes on.
func TestBadLines(t *testing.T) {
	for name, c := range badLines {
		t.Run(name, func(t *testing.T) {
			server := connect(t, bare())
			server.send(c.line)
			got := strings.Join(server.lives(), "")
			if !strings.Contains(got, c.answer) || !strings.Contains(got, `"error"`) || strings.Count(got, "\n") != 1 {
				t.Errorf("answered %q", got)
			}
		})
	}
}

// TestOddLines checks lines that are messages in another dress, or need no answer.
func TestOddLines(t *testing.T) {
	const ping = `{"jsonrpc":"2.0","id":9,"method":"ping"}`
	for name, c := range map[string]struct {
		line    string
		answers int
	}{
		"a byte order mark":          {"\xef\xbb\xbf" + ping + "\n", 1},
		"carriage returns":           {ping + "\r\n", 1},
		"blank lines":                {"\n\r\n \t\n", 0},
		"an answer to no question":   {`{"jsonrpc":"2.0","id":77,"result":{}}` + "\n", 0},
		"an error to no question":    {`{"jsonrpc":"2.0","id":77,"error":{"code":1,"message":"x"}}` + "\n", 0},
		"an unknown notification":    {`{"jsonrpc":"2.0","method":"notifications/none"}` + "\n", 0},
		"an unknown method":          {`{"jsonrpc":"2.0","id":9,"method":"none"}` + "\n", 1},
		"parameters that are null":   {`{"jsonrpc":"2.0","id":9,"method":"tools/list","params":null}` + "\n", 1},
		"parameters that are a list": {`{"jsonrpc":"2.0","id":9,"method":"tools/list","params":[1]}` + "\n", 1},
		"parameters that are text":   {`{"jsonrpc":"2.0","id":9,"method":"tools/call","params":"x"}` + "\n", 1},
		"a cancellation of nothing":  {`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[5]}}` + "\n", 0},
		"a second handshake":         {`{"jsonrpc":"2.0","id":9,"method":"initialize","params":{}}` + "\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := connect(t, bare())
			server.send(c.line)
			got := server.lives()
			for len(got) < c.answers { // an answer may come later than the next one
				select {
				case line := <-server.lines:
					got = append(got, line)
				case <-time.After(patience):
					t.Fatalf("answered %q", got)
				}
			}
			if len(got) != c.answers {
				t.Errorf("answered %q", got)
			}
		})
	}
}

// TestRepeatedID checks that a client that repeats an id is served. The SDK leaves out the
// second answer where the first is still to come.
func TestRepeatedID(t *testing.T) {
	server := connect(t, bare())
	server.send(strings.Repeat(`{"jsonrpc":"2.0","id":9,"method":"tools/list"}`+"\n", 5))
	server.lives()
}

// FuzzLines checks that no line ends the server.
func FuzzLines(f *testing.F) {
	for _, c := range badLines {
		if len(c.line) < 1000 {
			f.Add(c.line)
		}
	}
	f.Add(`{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"x","arguments":null,"_meta":{"progressToken":[]}}}` + "\n")
	f.Fuzz(func(t *testing.T, line string) {
		if strings.Contains(line, `alive`) {
			return
		}
		server := connect(t, bare())
		server.send(line + "\n")
		server.lives()
	})
}

// TestDropNulls checks that null counts as absence.
func TestDropNulls(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":null,"b":1}`:                  `{"b":1}`,
		`{"a":{"b":null,"c":{"d":null}}}`:   `{"a":{"c":{}}}`,
		`{"a":[null]}`:                      `{"a":[null]}`,
		`{"a":"null","b":9007199254740993}`: `{"a":"null","b":9007199254740993}`,
		`null`:                              `null`,
		`[null]`:                            `[null]`,
		``:                                  ``,
	} {
		if got := string(dropNulls(json.RawMessage(in))); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
