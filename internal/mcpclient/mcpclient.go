// Package mcpclient gives a model the tools of MCP servers. A server that is a program
// starts at the gate, confined as the session's commands are, with a record of its own.
// Package mcpclient must never start a program elsewhere, believe what a server says about
// itself, or let a server do more than answer.
package mcpclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
)

// Config describes a server: a program, or an address.
type Config struct {
	Name    string
	Command []string          // a program; nil for an address
	Env     map[string]string // more variables for the program
	Dir     string            // the program's folder, "" for the workspace
	Free    bool              // the user's own configuration starts the program outside the sandbox
	URL     string            // an address of the streamable HTTP transport
	Token   string            // a bearer token for the address, "" for none
	Start   time.Duration     // for the greeting and the list of tools
	Call    time.Duration     // for a call
	Only    []string          // the tools to offer; nil: all
	Without []string          // tools not to offer
}

// Set holds the servers of a session. The methods may be called at the same time.
type Set struct {
	ready   sync.WaitGroup
	servers []*Server
	stop    context.CancelFunc
}

// StartAll starts servers side by side, without waiting. The policy is the session's.
func StartAll(g *lockstile.Gate, p policy.Policy, environ []string, all []Config) *Set {
	ctx, stop := context.WithCancel(context.Background())
	set := &Set{stop: stop}
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.Name
	}
	for _, c := range all {
		s := &Server{config: c, names: names}
		set.servers = append(set.servers, s)
		set.ready.Go(func() { s.fail(s.start(ctx, g, p, environ)) })
	}
	return set
}

// Wait waits until each server has greeted or failed, or until ctx is done.
func (set *Set) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		set.ready.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Servers lists the servers, in the order of the configuration.
func (set *Set) Servers() []*Server { return set.servers }

// Close ends all servers, and returns when no process of them is left.
func (set *Set) Close() error {
	set.stop()
	set.ready.Wait()
	errs := make([]error, len(set.servers))
	var ending sync.WaitGroup
	for i, s := range set.servers {
		ending.Go(func() { errs[i] = s.close() })
	}
	ending.Wait()
	return errors.Join(errs...)
}

// prefix begins the name of each tool for the model.
const prefix = "mcp__"

// Declare lists the tools of all servers for a model.
func (set *Set) Declare() []json.RawMessage {
	var out []json.RawMessage
	for _, s := range set.servers {
		for _, t := range s.Tools() {
			raw, err := json.Marshal(map[string]any{"type": "function", "name": t.Call, "description": t.Description, "strict": false, "parameters": t.Schema})
			if err == nil {
				out = append(out, raw)
			}
		}
	}
	return out
}

// Find returns the server and the tool with a name for the model.
func (set *Set) Find(call string) (*Server, Tool, bool) {
	if !strings.HasPrefix(call, prefix) {
		return nil, Tool{}, false
	}
	for _, s := range set.servers {
		for _, t := range s.Tools() {
			if t.Call == call {
				return s, t, true
			}
		}
	}
	return nil, Tool{}, false
}

// Server is an MCP server. Tools, Problem and Record may be asked at any time.
type Server struct {
	config Config
	names  []string // of all servers
	conn   *connection
	said   tail // standard error, and lines that are no messages

	mu      sync.Mutex
	tools   []Tool
	notes   []string
	problem error
	record  lockstile.Record
}

// Name is the name in the configuration.
func (s *Server) Name() string { return s.config.Name }

// Free reports whether the program runs outside the sandbox, as the user wrote.
func (s *Server) Free() bool { return s.config.Free }

// URL is the address of a server that is no program.
func (s *Server) URL() string { return s.config.URL }

// Tools lists the tools that the server offered at the beginning. A list that changes
// later is not read: a tool stays what the user saw.
func (s *Server) Tools() []Tool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tools
}

// Notes lists what was left out of a server's offer, and why.
func (s *Server) Notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.notes
}

// Problem returns why the server offers nothing, or nil.
func (s *Server) Problem() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem
}

// Record returns what the log says about the program's start, the zero Record without one.
func (s *Server) Record() lockstile.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record
}

// fail remembers a problem, with the server's own last words.
func (s *Server) fail(err error) {
	if err == nil {
		return
	}
	err = s.lastWords(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problem, s.tools = fmt.Errorf("MCP server %s: %w", s.config.Name, err), nil
}

// lastTime is how long an error waits for the last words of a program that may have ended.
const lastTime = 300 * time.Millisecond

// lastWords adds the end of what the server said on standard error to an error.
func (s *Server) lastWords(err error) error {
	if s.conn.heard != nil {
		select {
		case <-s.conn.heard:
		case <-time.After(lastTime):
		}
	}
	if said := s.said.String(); said != "" {
		// On one line: no line of a server's words looks like a line of the screen.
		return fmt.Errorf("%w; the server's last words: %s", err, strings.Join(strings.Split(said, "\n"), " | "))
	}
	return err
}

// tail keeps the last bytes of a text.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const mostSaid = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p[max(0, len(p)-mostSaid):]...)
	if len(t.text) > 2*mostSaid {
		t.text = append([]byte(nil), t.text[len(t.text)-mostSaid:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(strings.ToValidUTF8(string(t.text[max(0, len(t.text)-mostSaid):]), "\uFFFD"))
}
