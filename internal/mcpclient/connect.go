package mcpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/linefilter"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// connection is a server that has greeted.
type connection struct {
	session *mcp.ClientSession
	child   *lockstile.Child // nil for an address
	files   []*os.File       // our ends of the program's streams
	heard   chan struct{}    // closed at the end of the program's standard error
}

// spoken is the protocol's version in the greeting. With a later one the SDK first sends a
// request that older servers don't know, and some of them leave it without an answer.
const spoken = "2025-11-25"

// start starts and greets the server.
func (s *Server) start(ctx context.Context, g *lockstile.Gate, p policy.Policy, environ []string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.config.Start, fmt.Errorf("no greeting within %v (startup_timeout_sec)", s.config.Start))
	defer cancel()
	s.conn = &connection{}
	transport, err := s.address()
	if s.config.URL == "" {
		transport, err = s.program(g, p, environ)
	}
	if err != nil {
		return err
	}
	// A program that reads nothing would hold the greeting up beyond its time.
	defer context.AfterFunc(ctx, s.conn.end)()
	// No capabilities: a server that asks for samples, roots or the user gets an error.
	client := mcp.NewClient(&mcp.Implementation{Name: "lockstile", Version: lockstile.Version}, &mcp.ClientOptions{Capabilities: &mcp.ClientCapabilities{}})
	s.conn.session, err = client.Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: spoken})
	if err == nil {
		err = s.takeTools(ctx, s.conn.session)
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return errors.Join(s.explain(err, p), s.close())
	}
	return nil
}

// explain adds the likely mend to an error of a start.
func (s *Server) explain(err error, p policy.Policy) error {
	if s.conn.child != nil && !p.NetworkAccess && !s.config.Free && p.Mode != policy.ModeDangerFullAccess {
		return fmt.Errorf("%w (the network is off: a server that npx or uvx fetches must be installed before)", err)
	}
	return err
}

// program starts the server's program at the gate, on pipes.
func (s *Server) program(g *lockstile.Gate, p policy.Policy, environ []string) (mcp.Transport, error) {
	var ours, theirs [3]*os.File
	for i := range ours {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(append(ours[:], theirs[:]...))
			return nil, err
		}
		if ours[i], theirs[i] = r, w; i == 0 {
			ours[i], theirs[i] = w, r
		}
	}
	s.conn.files = ours[:]
	r := lockstile.Request{Channel: "mcp-server", Call: "mcp/" + s.config.Name, Policy: p, Argv: s.config.Command, Dir: s.config.Dir,
		Env: withVariables(environ, s.config.Env), Stdin: theirs[0], Stdout: theirs[1], Stderr: theirs[2]}
	if s.config.Free { // the user said yes beforehand, whatever approval_policy says about commands
		r.Policy.Approval = policy.ApprovalOnRequest
		r.Approval = &lockstile.Approval{By: "the user, in config.toml", Reason: "mcp_servers." + s.config.Name + ".sandbox", Escalate: true}
	}
	child, err := g.Start(r)
	closeAll(theirs[:])
	if err != nil {
		closeAll(ours[:])
		s.conn.files = nil
		var why *refusal.Error
		if errors.As(err, &why) && why.Hint != "" {
			err = fmt.Errorf("%w (hint: %s)", err, why.Hint)
		}
		return nil, err
	}
	s.conn.child = child
	s.mu.Lock()
	s.record = child.Record()
	s.mu.Unlock()
	heard := make(chan struct{})
	s.conn.heard = heard
	go func() {
		defer close(heard)
		_, _ = io.Copy(&s.said, ours[2])
	}()
	in := &messages{words: &s.said}
	return &mcp.IOTransport{Reader: linefilter.New(ours[1], mostMessage, in.message), Writer: answers{ours[0], in}, MaxLineLength: -1}, nil
}

func withVariables(environ []string, more map[string]string) []string {
	out := environ[:len(environ):len(environ)]
	for name, value := range more {
		out = append(out, name+"="+value)
	}
	return out
}

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}

// The bounds of what a server at an address answers to a request, in bytes. An answer that
// is no stream has the bound of a message.
const (
	mostEvent  = 16 << 20
	mostStream = 256 << 20
)

// address is the way to a server that runs elsewhere. The user wrote the address.
func (s *Server) address() (mcp.Transport, error) {
	if s.config.URL == "" {
		return nil, nil
	}
	u, err := url.Parse(s.config.URL)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &toHost{host: u.Host, token: s.config.Token, next: http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &mcp.StreamableClientTransport{Endpoint: s.config.URL, HTTPClient: client, MaxRetries: 2, DisableStandaloneSSE: true, MaxEventSize: mostEvent}, nil
}

// toHost sends the token, and only to one host.
type toHost struct {
	host, token string
	next        http.RoundTripper
}

func (t *toHost) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != t.host {
		return nil, fmt.Errorf("the server leads to another host: %s", r.URL.Host)
	}
	if t.token != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+t.token)
	}
	res, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	most := mostMessage
	if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); kind == "text/event-stream" {
		most = mostStream
	}
	res.Body = &bounded{res.Body, most}
	return res, nil
}

// bounded is a body of at most so many bytes.
type bounded struct {
	io.ReadCloser
	left int
}

var errEndless = errors.New("the server's answer is too long")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errEndless
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// graceTime is how long a program may take to end after the end of its input.
const graceTime = 2 * time.Second

// close ends the server: first the end of the input, then the tree. A program that doesn't
// read must not hold the SDK up, so the SDK closes last.
func (s *Server) close() error {
	c := s.conn
	if c == nil {
		return nil
	}
	var err error
	if c.child != nil {
		c.files[0].Close()
		late := time.AfterFunc(graceTime, func() { _ = c.child.Signal(syscall.SIGKILL) })
		defer late.Stop()
		_, err = c.child.Wait()
		closeAll(c.files)
	}
	if c.session != nil {
		_ = c.session.Close() // a server that is gone has closed it
	}
	return err
}

// end ends a program at once.
func (c *connection) end() {
	if c.child != nil {
		c.files[0].Close()
		_ = c.child.Signal(syscall.SIGKILL)
	}
}
