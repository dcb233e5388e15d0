// Package standin plays a provider for tests: a server of the Responses API that follows a
// script, well or badly, and remembers what it was asked. Package standin must never listen
// beyond this machine, and never be linked into a program for users.
package standin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Server is a running server. URL goes up to and with /v1.
type Server struct {
	URL string

	http   *http.Server
	script Script
	idle   sync.WaitGroup // the requests that are answered now, and the listener
	stop   context.CancelFunc

	mu       sync.Mutex
	requests []Request
	faults   []string
	calls    int // that the server has made: each has an id of its own
}

// Script decides about the answer to a request. Requests are numbered from 1 in r.Number.
// A script may be called by several goroutines at once.
type Script func(r Request) Answer

// Answers gives the answers in turn, and then says "done" without end.
func Answers(all ...Answer) Script {
	return func(r Request) Answer {
		if r.Number <= len(all) {
			return all[r.Number-1]
		}
		return Say("done")
	}
}

// Always gives the same answer without end.
func Always(a Answer) Script { return func(Request) Answer { return a } }

// New starts a server on a free port of 127.0.0.1.
func New(script Script) (*Server, error) { return Listen("127.0.0.1:0", script) }

// Listen starts a server at an address of this machine.
func Listen(address string, script Script) (*Server, error) {
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(name); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%s is not an address of this machine alone, like 127.0.0.1:0", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{URL: "http://" + l.Addr().String() + "/v1", script: script, stop: stop}
	s.http = &http.Server{Handler: s, BaseContext: func(net.Listener) context.Context { return ctx }, ReadHeaderTimeout: time.Minute}
	s.idle.Go(func() { _ = s.http.Serve(l) })
	return s, nil
}

// Close ends all answers and the server.
func (s *Server) Close() error {
	s.stop()
	err := s.http.Close()
	s.idle.Wait()
	return err
}

// TB is the part of a test that ForTest needs: a program without tests links no package
// testing.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// ForTest starts a server that ends with the test. A request that breaks the rules of the
// API fails the test.
func ForTest(t TB, script Script) *Server {
	t.Helper()
	s, err := New(script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the stand-in: %v", err)
		}
		for _, fault := range s.Faults() {
			t.Errorf("the stand-in was asked wrongly: %s", fault)
		}
	})
	return s
}

// Requests returns what the server was asked so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Faults returns the rules that requests have broken.
func (s *Server) Faults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.faults)
}

// fault remembers a broken rule. The first hundred are enough.
func (s *Server) fault(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) < 100 {
		s.faults = append(s.faults, fmt.Sprintf(format, args...))
	}
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.idle.Add(1)
	defer s.idle.Done()
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/v1/models":
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"object":"list","data":[{"id":"standin","object":"model"}]}`)
	case r.Method == http.MethodPost && r.URL.Path == "/v1/responses":
		s.respond(w, r)
	default:
		s.fault("%s %s is no request of the API", r.Method, r.URL.Path)
		http.NotFound(w, r)
	}
}

// mostBody is how many bytes of a request are read.
const mostBody = 256 << 20

// respond plays the script's answer.
func (s *Server) respond(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBody))
	if err != nil {
		return // the client has gone, as it may
	}
	got, problems := read(r, body)
	s.mu.Lock()
	got.Number = len(s.requests) + 1
	s.requests = append(s.requests, got)
	s.mu.Unlock()
	for _, p := range problems {
		s.fault("request %d: %s", got.Number, p)
	}
	a := s.script(got)
	s.mu.Lock()
	first := s.calls + 1
	s.calls += len(a.Items)
	s.mu.Unlock()
	if err := a.play(r.Context(), w, got.Number, first); errors.Is(err, errCut) {
		panic(http.ErrAbortHandler) // the connection ends without the stream's end
	}
}
