package mcpclient

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestDeafServer calls a server that no longer reads: the call ends at its time, and the
// servers end.
func TestDeafServer(t *testing.T) {
	w := newWorld(t)
	c := w.config("deaf")
	c.Call = time.Second
	set, s := w.start(c)
	w.must(s.Problem())
	for range 3 {
		if a, err := w.call(set, "mcp__box__look", `{"x":"`+strings.Repeat("x", 1<<20)+`"}`); err == nil || !strings.Contains(err.Error(), "no answer within") {
			t.Errorf("%+v, %v", a, err)
		}
	}
	closed := make(chan error, 1)
	go func() { closed <- set.Close() }()
	select {
	case err := <-closed:
		t.Log("Close:", err)
	case <-time.After(patience):
		t.Fatal("the server doesn't end")
	}
}

// memory returns the largest heap, in MiB, while do runs.
func memory(do func()) uint64 {
	var most atomic.Uint64
	done := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse>>20))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	do()
	close(done)
	<-watched
	return most.Load()
}

// mostHeap is what a server may make of our memory, in MiB.
const mostHeap = 100

// TestFloods has a server send requests and notifications without end, and read nothing.
func TestFloods(t *testing.T) {
	for _, way := range []string{"pings", "notes"} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			c := w.config(way)
			c.Call = 5 * time.Second
			heap := memory(func() {
				set, s := w.start(c)
				w.must(s.Problem())
				_, _ = w.call(set, "mcp__box__look", "{}") // may have no answer in time
				if err := set.Close(); err != nil {
					t.Log("Close:", err)
				}
			})
			if t.Logf("%d MiB", heap); heap > mostHeap {
				t.Errorf("the heap had %d MiB", heap)
			}
		})
	}
}

// far is a server at an address that answers a call of a tool in its own way.
func far(t *testing.T, call http.HandlerFunc) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			ID     json.RawMessage
			Method string
		}
		_ = json.NewDecoder(r.Body).Decode(&m)
		answer := map[string]string{
			"initialize": `{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"far","version":"1"}}`,
			"tools/list": `{"tools":[{"name":"look","inputSchema":{"type":"object"}}]}`,
		}[m.Method]
		switch {
		case m.Method == "tools/call":
			call(w, r)
		case answer == "":
			w.WriteHeader(http.StatusAccepted)
		default:
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, answer)
		}
	}))
	t.Cleanup(func() {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

// TestFarFloods calls servers at an address that answer without end, or too deeply.
func TestFarFloods(t *testing.T) {
	endless := func(kind, begin, part string, most int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, begin)
			for part := strings.Repeat(part, 1<<10); most > 0 && r.Context().Err() == nil; most -= len(part) {
				if _, err := io.WriteString(w, part); err != nil {
					return
				}
			}
		}
	}
	for name, call := range map[string]http.HandlerFunc{
		"endless JSON":       endless("application/json", `{"jsonrpc":"2.0","id":3,"result":"`, strings.Repeat("x", 64), 2<<30),
		"deep JSON":          endless("application/json", `{"jsonrpc":"2.0","id":3,"result":`, "[", 15<<20),
		"deep objects":       endless("application/json", `{"jsonrpc":"2.0","id":3,"result":`, `{"a":`, 15<<20),
		"endless event":      endless("text/event-stream", "data: ", strings.Repeat("x", 64), 1<<30),
		"deep event":         endless("text/event-stream", "data: ", `{"a":`, 15<<20),
		"endless events":     endless("text/event-stream", "", `data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`+"\n\n", 1<<30),
		"endless unanswered": endless("text/event-stream", "", `data: {"jsonrpc":"2.0","id":7,"method":"ping"}`+"\n\n", 1<<28),
		"endless error": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(404)
			endless("text/plain", "", strings.Repeat("x", 64), 2<<30)(w, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			heap := memory(func() {
				set, s := w.start(Config{Name: "far", URL: far(t, call), Start: patience, Call: 4 * time.Second})
				w.must(s.Problem())
				a, err := w.call(set, "mcp__far__look", "{}")
				if err == nil {
					t.Errorf("%.100s", a.Text)
				}
				t.Logf("%.200v", err)
				ended := make(chan error, 1)
				go func() { ended <- set.Close() }()
				select {
				case err := <-ended:
					t.Log("Close:", err)
				case <-time.After(patience):
					t.Error("no end of the server")
				}
			})
			if t.Logf("%d MiB", heap); heap > mostHeap {
				t.Errorf("the heap had %d MiB", heap)
			}
		})
	}
}

// TestNamesOfOthers has a server offer a tool by a name that belongs to another server.
func TestNamesOfOthers(t *testing.T) {
	all := []string{"box", "box__t", "other"}
	for name, c := range map[string]struct{ server, tool, why string }{
		"its own":            {"box", "u__look", ""},
		"another's":          {"box", "t__look", "belongs to the server box__t"},
		"the other way":      {"box__t", "look", ""},
		"a name with blanks": {"my box", "look", "other letters"},
	} {
		s := &Server{config: Config{Name: c.server}, names: all}
		_, why := s.tool(&mcp.Tool{Name: c.tool, InputSchema: map[string]any{"type": "object"}}, nil)
		if (why == "") != (c.why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%s: %q", name, why)
		}
	}
}

// TestImages checks that a server's image has the type of its bytes: a provider refuses the
// whole conversation for another one.
func TestImages(t *testing.T) {
	a := answerOf(&mcp.CallToolResult{Content: []mcp.Content{
		&mcp.ImageContent{MIMEType: "text/html;base64,x\",", Data: []byte("\x89PNG\r\n\x1a\nrest")},
		&mcp.ImageContent{MIMEType: "image/png", Data: []byte("<svg/>")}, &mcp.ImageContent{MIMEType: "image/png"},
	}})
	if len(a.Images) != 1 || a.Images[0].Type != "image/png" || strings.Count(a.Text, "[an image that no model takes]") != 2 {
		t.Errorf("%+v", a)
	}
}
