// Package netproxy serves the clients of a sandbox on one listener: CONNECT and plain HTTP
// (RFC 9110, RFC 9112), and SOCKS 5. Each request is decided by name, looked up outside the
// sandbox, recorded, and dialled as checked. Package netproxy must never dial what is not
// recorded, look up a name that no rule allows, or pass on bytes of a request that it did
// not understand.
package netproxy

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/internal/proxywire"
	"github.com/lockstile/lockstile/internal/socks"
)

// The bounds of what a client may take.
const (
	mostHeader  = 16 << 10         // of a request's header, in bytes
	patience    = 10 * time.Second // for a header, a ClientHello, a lookup, a dial
	idle        = time.Minute      // between two requests of a connection
	mostAtWork  = 256              // connections that have a server; more wait
	mostWaiting = 512              // connections that wait for their client; beyond it the oldest is closed
)

// Proxy serves the clients of a sandbox. New makes a Proxy.
type Proxy struct {
	rules netrules.Rules
	tell  func(proxywire.Decision) error

	// These stand for the system, and tests replace them.
	lookup func(ctx context.Context, name string) ([]netip.Addr, error)
	own    func() []netip.Addr
	dialer func(ctx context.Context, to netip.AddrPort) (net.Conn, error)

	atWork   chan struct{}
	waiting  waiting
	plain    *http.Server
	servers  *http.Transport
	feed     *feed
	known    known
	standIns standIns
	recorded recorded
}

// New makes a proxy. The proxy calls tell for each decision, and goes on when tell returns; an
// error of tell keeps the proxy from dialling.
func New(rules netrules.Rules, tell func(proxywire.Decision) error) *Proxy {
	x := &Proxy{rules: rules, tell: tell, atWork: make(chan struct{}, mostAtWork), lookup: lookup, own: own, dialer: dialTCP}
	x.feed = &feed{conns: make(chan net.Conn), closed: make(chan struct{})}
	x.servers = x.newTransport()
	x.plain = x.newServer()
	return x
}

// Serve accepts until the listener is closed.
func (x *Proxy) Serve(l net.Listener) error {
	go func() { _ = x.plain.Serve(x.feed) }() // ends with the feed
	defer x.end()
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil { // no descriptors are left, or the client went away
			time.Sleep(10 * time.Millisecond)
			continue
		}
		tcp, ok := c.(*net.TCPConn)
		if !ok {
			c.Close()
			return errors.New("the listener is no TCP listener")
		}
		x.waiting.add(tcp)
		go x.begin(tcp)
	}
}

// end closes the connections of plain HTTP that wait for their client or for a request.
func (x *Proxy) end() {
	x.feed.Close()
	x.plain.Close()
	x.servers.CloseIdleConnections()
}

// begin tells the protocol by the first byte of a client.
func (x *Proxy) begin(c *net.TCPConn) {
	_ = c.SetReadDeadline(time.Now().Add(patience))
	r := bufio.NewReaderSize(c, mostHeader)
	first, err := r.Peek(1)
	if err == nil && first[0] != socks.Version {
		first, err = r.Peek(len(methodConnect))
	}
	switch {
	case err != nil:
		x.waiting.remove(c)
		c.Close()
	case first[0] == socks.Version:
		defer x.close(c)
		x.serveSOCKS(c, r)
	case string(first) == methodConnect:
		defer x.close(c)
		x.serveConnect(c, r)
	default:
		_ = c.SetReadDeadline(time.Time{})
		x.waiting.remove(c) // from here on the server says when the connection waits
		x.feed.give(&peeked{c, r})
	}
}

func (x *Proxy) close(c *net.TCPConn) {
	x.waiting.remove(c)
	c.Close()
}

// work takes a place for a connection that has a server; done gives the place back.
func (x *Proxy) work(c net.Conn) (done func()) {
	x.waiting.remove(c)
	x.atWork <- struct{}{}
	return func() { <-x.atWork }
}

// peeked is a connection of which some bytes were read.
type peeked struct {
	*net.TCPConn
	r *bufio.Reader
}

func (p *peeked) Read(b []byte) (int, error) { return p.r.Read(b) }

// feed gives the HTTP server its connections.
type feed struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (f *feed) give(c net.Conn) {
	select {
	case f.conns <- c:
	case <-f.closed:
		c.Close()
	}
}

func (f *feed) Accept() (net.Conn, error) {
	select {
	case c := <-f.conns:
		return c, nil
	case <-f.closed:
		return nil, net.ErrClosed
	}
}

func (f *feed) Close() error {
	select {
	case <-f.closed:
	default:
		close(f.closed)
	}
	return nil
}

func (f *feed) Addr() net.Addr { return &net.TCPAddr{} }
