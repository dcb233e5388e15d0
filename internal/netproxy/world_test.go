package netproxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/internal/proxywire"
)

// world is a proxy with names and servers of its own. Public addresses lead to servers on
// this machine's loopback; nothing else is dialled.
type world struct {
	t       *testing.T
	proxy   *Proxy
	at      string                  // where the proxy listens
	names   map[string][]netip.Addr // what the resolver says
	servers map[netip.AddrPort]string

	mu        sync.Mutex
	asked     []string // names that the resolver was asked for
	dialled   []netip.AddrPort
	decisions []proxywire.Decision
}

// at is a public address of the documents, by which the tests mean a server.
func at(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }

func newWorld(t *testing.T, allow, deny, private string) *world {
	t.Helper()
	rules, err := netrules.ParseAll(strings.Fields(allow), strings.Fields(deny), strings.Fields(private))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, names: map[string][]netip.Addr{}, servers: map[netip.AddrPort]string{}}
	w.proxy = New(rules, func(d proxywire.Decision) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.decisions = append(w.decisions, d)
		return nil
	})
	w.proxy.own = func() []netip.Addr { return []netip.Addr{netip.MustParseAddr("9.9.9.9")} }
	w.proxy.lookup = func(_ context.Context, name string) ([]netip.Addr, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.asked = append(w.asked, name)
		if found := w.names[name]; found != nil {
			return found, nil
		}
		return nil, errors.New("no such name")
	}
	w.proxy.dialer = func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
		w.mu.Lock()
		w.dialled = append(w.dialled, to)
		server := w.servers[to]
		w.mu.Unlock()
		if server == "" {
			return nil, errors.New("nobody is there")
		}
		var d net.Dialer
		return d.DialContext(ctx, "tcp", server)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = w.proxy.Serve(l)
	}()
	t.Cleanup(func() {
		l.Close()
		<-over
		w.proxy.plain.Close()
	})
	w.at = l.Addr().String()
	return w
}

// name has the resolver know a name.
func (w *world) name(name string, addresses ...string) {
	for _, a := range addresses {
		w.names[name] = append(w.names[name], netip.MustParseAddr(a))
	}
}

// serve has a public address lead to a server that answers each connection.
func (w *world) serve(to string, answer func(net.Conn)) {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { l.Close() })
	w.mu.Lock()
	w.servers[at(to)] = l.Addr().String()
	w.mu.Unlock()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				answer(c)
			}()
		}
	}()
}

// seen answers a request with what the server has seen of its header.
func seen(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		var header strings.Builder
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if line == "\r\n" {
				break
			}
			header.WriteString(line)
		}
		body := header.String()
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
}

// say writes to the proxy, and returns all that comes back.
func (w *world) say(text string) string { return w.exchange(text, false, 30*time.Second) }

// sayAll is say, and ends the writing half.
func (w *world) sayAll(text string) string { return w.exchange(text, true, 30*time.Second) }

// sayBriefly is say for what may have no answer at all.
func (w *world) sayBriefly(text string) string {
	return w.exchange(text, false, 300*time.Millisecond)
}

func (w *world) exchange(text string, end bool, patience time.Duration) string {
	w.t.Helper()
	c, err := net.Dial("tcp", w.at)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, text); err != nil {
		w.t.Fatal(err)
	}
	if end {
		_ = c.(*net.TCPConn).CloseWrite()
	}
	out, _ := io.ReadAll(c)
	return string(out)
}

// last returns the last decision.
func (w *world) last() proxywire.Decision {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.decisions) == 0 {
		return proxywire.Decision{}
	}
	return w.decisions[len(w.decisions)-1]
}

// reached reports whether anything was dialled.
func (w *world) reached() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.dialled) > 0
}

func (w *world) lookedUp(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Contains(w.asked, name)
}
