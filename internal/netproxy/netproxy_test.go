package netproxy

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockstile/lockstile/internal/proxywire"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// TestPlain checks that a request is written anew, and that its connection serves the next
// one, which is decided again.
func TestPlain(t *testing.T) {
	w := newWorld(t, "ok.example:80", "", "")
	w.name("ok.example", "93.184.216.34")
	w.serve("93.184.216.34:80", seen)
	out := w.say("GET http://OK.example./a?b HTTP/1.1\r\nHost: other.example\r\nProxy-Authorization: x\r\nUpgrade: h2c\r\nConnection: Upgrade, Keep\r\nKeep: y\r\n\r\n" +
		"GET http://other.example/ HTTP/1.1\r\nHost: ok.example\r\nConnection: close\r\n\r\n")
	if !strings.Contains(out, "GET /a?b HTTP/1.1\r\nHost: OK.example.\r\n") || strings.Contains(out, "h2c") || strings.Contains(out, "Proxy-Auth") || strings.Contains(out, "Keep: y") {
		t.Errorf("the server has seen: %s", out)
	}
	if !strings.Contains(out, "403 Forbidden") || !strings.Contains(out, `other.example:80 may not be reached: no rule allows it`) || !strings.Contains(out, `allow = ["other.example:80"]`) {
		t.Errorf("the second request: %s", out)
	}
	if w.lookedUp("other.example") {
		t.Error("a name without a rule was looked up")
	}
	if d := w.last(); d.Allowed || d.Host != "other.example" || d.Via != "http" {
		t.Errorf("the last decision: %+v", d)
	}
}

// TestPlainRefused checks requests that no server must see.
func TestPlainRefused(t *testing.T) {
	w := newWorld(t, "*.ok.example:* ok.example:* 93.184.216.34:*", "no.ok.example:*", "")
	w.name("ok.example", "93.184.216.34")
	w.serve("93.184.216.34:80", seen)
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: ok.example\r\n\r\n",
		"GET http://user@ok.example/ HTTP/1.1\r\nHost: ok.example\r\n\r\n",
		"GET https://ok.example/ HTTP/1.1\r\nHost: ok.example\r\n\r\n",
		"GET http://ok.example:443/ HTTP/1.1\r\nHost: ok.example:443\r\n\r\n",
		"GET http://ok.example:080/ HTTP/1.1\r\nHost: ok.example\r\n\r\n",
		"GET http://ok.example:65616/ HTTP/1.1\r\nHost: ok.example\r\n\r\n",
		"GET http://ok.example:-1/ HTTP/1.1\r\nHost: ok.example\r\n\r\n",
		"GET http://ok.example\\@evil.example/ HTTP/1.1\r\nHost: ok.example\r\n\r\n",
		"GET http://0x5db8d822/ HTTP/1.1\r\nHost: ok.example\r\n\r\n",
		"GET http://1572395042/ HTTP/1.1\r\nHost: ok.example\r\n\r\n",
		"GET http://[::ffff:93.184.216.34%25eth0]/ HTTP/1.1\r\nHost: ok.example\r\n\r\n",
		"GET http://no.ok.example/ HTTP/1.1\r\nHost: ok.example\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET http://ok.example/ HTTP/1.1\nHost: ok.example\nX: y\r\r\n\n\n",
		"POST http://ok.example/ HTTP/1.1\r\nHost: ok.example\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		"POST http://ok.example/ HTTP/1.1\r\nHost: ok.example\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		"connect ok.example:80 HTTP/1.1\r\nHost: ok.example\r\n\r\n",
		"\x16\x03\x01\x00\x05hello",
		"",
	} {
		out := w.sayBriefly(strings.Replace(request, "\r\nHost:", "\r\nConnection: close\r\nHost:", 1))
		if strings.Contains(out, "200 ") || w.reached() {
			t.Fatalf("%q reached a server: %s", request, out)
		}
	}
}

// TestSmuggling checks that a server sees one request where two lengths could show two.
func TestSmuggling(t *testing.T) {
	w := newWorld(t, "ok.example:80", "", "")
	w.name("ok.example", "93.184.216.34")
	bodies := make(chan string, 4)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies <- r.Method + " " + r.URL.Path + " " + string(b)
	}))
	defer server.Close()
	w.servers[at("93.184.216.34:80")] = server.Listener.Addr().String()
	w.sayBriefly("POST http://ok.example/ HTTP/1.1\r\nHost: ok.example\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n")
	close(bodies)
	var got []string
	for b := range bodies {
		got = append(got, b)
	}
	if len(got) > 1 || len(got) == 1 && got[0] != "POST / " {
		t.Errorf("the server has seen %q", got)
	}
}

// tlsWorld has a TLS server for ok.example behind an address.
func tlsWorld(t *testing.T) (*world, *tls.Config) {
	w := newWorld(t, "ok.example *.at.example 93.184.216.35:443", "", "")
	for _, name := range []string{"ok.example", "a.at.example"} {
		w.name(name, "93.184.216.34")
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "served") }))
	t.Cleanup(server.Close)
	for _, a := range []string{"93.184.216.34:443", "93.184.216.35:443"} {
		w.servers[at(a)] = server.Listener.Addr().String()
	}
	return w, server.Client().Transport.(*http.Transport).TLSClientConfig
}

// connect opens a tunnel by CONNECT or SOCKS, and returns its error.
func (w *world) connect(via, target string) (net.Conn, error) {
	c, err := net.Dial("tcp", w.at)
	if err != nil {
		return nil, err
	}
	w.t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	if via == "connect" {
		fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target)
		response, err := http.ReadResponse(bufio.NewReader(onlyHeader{c}), nil)
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", response.Status, response.Header.Get(headerReason))
		}
		return c, err
	}
	host, port, _ := net.SplitHostPort(target)
	var number uint16
	fmt.Sscan(port, &number)
	_, err = c.Write(append(append([]byte{5, 1, 0, 5, 1, 0, 3, byte(len(host))}, host...), byte(number>>8), byte(number)))
	answer := make([]byte, 12)
	if err == nil {
		_, err = io.ReadFull(c, answer)
	}
	if err == nil && answer[3] != 0 {
		err = fmt.Errorf("SOCKS code %d", answer[3])
	}
	return c, err
}

// onlyHeader reads byte by byte: what follows the answer belongs to the tunnel.
type onlyHeader struct{ net.Conn }

func (o onlyHeader) Read(b []byte) (int, error) { return o.Conn.Read(b[:1]) }

// TestTLS checks that a tunnel to port 443 goes to the named server alone.
func TestTLS(t *testing.T) {
	for _, via := range []string{"connect", "socks"} {
		for _, c := range []struct {
			target, name string
			ok           bool
		}{
			{"ok.example:443", "ok.example", true},
			{"OK.example.:443", "OK.example", true},
			{"a.at.example:443", "a.at.example", true},
			{"93.184.216.35:443", "", true}, // a rule names the address
			{"ok.example:443", "a.at.example", false},
			{"ok.example:443", "", false},
			{"at.example:443", "at.example", false},
			{"93.184.216.34:443", "ok.example", false},
		} {
			w, config := tlsWorld(t)
			conn, err := w.connect(via, c.target)
			if err == nil {
				config.ServerName, config.InsecureSkipVerify = c.name, true
				err = tls.Client(conn, config).Handshake()
			}
			if (err == nil) != c.ok || w.reached() != c.ok || w.last().Allowed != c.ok {
				t.Errorf("%s %s as %q: %v, decided %+v", via, c.target, c.name, err, w.last())
			}
		}
	}
}

// TestNoTLS checks that port 443 is no way for another protocol.
func TestNoTLS(t *testing.T) {
	for _, first := range []string{"SSH-2.0-x\r\n", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x00\x02\x01\x00", ""} {
		w, _ := tlsWorld(t)
		w.sayAll("CONNECT ok.example:443 HTTP/1.1\r\nHost: ok.example:443\r\n\r\n" + first)
		if w.reached() || w.last().Allowed {
			t.Errorf("%q reached the server", first)
		}
	}
}

// TestTunnel checks that all bytes arrive both ways, with those that came with the request,
// and that the end of one side leaves the other open.
func TestTunnel(t *testing.T) {
	const size = 8 << 20
	for _, via := range []string{"connect", "socks"} {
		w := newWorld(t, "ok.example:22", "", "")
		w.name("ok.example", "93.184.216.34")
		w.serve("93.184.216.34:22", func(c net.Conn) {
			b, _ := io.ReadAll(c) // to the end of the client's half
			fmt.Fprintf(c, "%d %s", len(b), b[:5])
		})
		c, err := w.connect(via, "ok.example:22")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			c.Write([]byte("first" + strings.Repeat("x", size)))
			c.(*net.TCPConn).CloseWrite()
		}()
		got, err := io.ReadAll(c)
		if want := fmt.Sprintf("%d first", size+5); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", via, got, err, want)
		}
	}
}

// TestNames checks where names may lead.
func TestNames(t *testing.T) {
	w := newWorld(t, "*.x.example:22", "10.1.2.3:* bad.example", "inside.x.example:22 10.9.9.9:22")
	for name, addresses := range map[string]string{
		"public": "93.184.216.34", "mixed": "127.0.0.1 93.184.216.34", "second": "93.184.216.40 93.184.216.34", "inside": "10.0.0.1",
		"loopback": "127.0.0.1", "metadata": "169.254.169.254", "private": "10.0.0.1", "denied": "10.1.2.3", "own": "9.9.9.9", "mapped": "::ffff:127.0.0.1", "nat64": "64:ff9b::7f00:1",
	} {
		w.name(name+".x.example", strings.Fields(addresses)...)
	}
	for _, a := range []string{"93.184.216.34:22", "10.0.0.1:22", "10.9.9.9:22"} {
		w.serve(a, func(c net.Conn) { io.WriteString(c, "here") })
	}
	for target, ok := range map[string]bool{
		"public.x.example": true, "mixed.x.example": true, "second.x.example": true, "inside.x.example": true, "10.9.9.9": true,
		"loopback.x.example": false, "metadata.x.example": false, "private.x.example": false, "own.x.example": false, "mapped.x.example": false, "nat64.x.example": false,
		"denied.x.example": false, "none.x.example": false, "10.0.0.1": false, "127.0.0.1": false, "localhost": false,
	} {
		_, err := w.connect("socks", target+":22")
		if (err == nil) != ok {
			t.Errorf("%s: %v", target, err)
		}
	}
	for _, to := range w.dialled {
		if a := to.Addr().String(); !strings.HasPrefix(a, "93.184.216.") && a != "10.0.0.1" && a != "10.9.9.9" {
			t.Errorf("%s was dialled", to)
		}
	}
}

// TestHalfOpen checks that connections that say nothing, or half a header, keep no other
// connection out.
func TestHalfOpen(t *testing.T) {
	w := newWorld(t, "ok.example:80", "", "")
	w.name("ok.example", "93.184.216.34")
	w.serve("93.184.216.34:80", seen)
	for i := range 1000 {
		c, err := net.Dial("tcp", w.at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%2 == 0 {
			io.WriteString(c, "GET http://ok.example/ HTTP/1.1\r\nHost:")
		}
	}
	begun := time.Now()
	if out := w.say("GET http://ok.example/ HTTP/1.1\r\nHost: ok.example\r\nConnection: close\r\n\r\n"); !strings.Contains(out, "200 OK") {
		t.Errorf("a request beside them: %s", out)
	}
	t.Logf("a request beside 1000 half-open connections: %v", time.Since(begun))
}

// TestWebSocket checks that an upgrade to a WebSocket passes, and bytes after it.
func TestWebSocket(t *testing.T) {
	w := newWorld(t, "ok.example:80", "", "")
	w.name("ok.example", "93.184.216.34")
	w.serve("93.184.216.34:80", func(c net.Conn) {
		r := bufio.NewReader(c)
		if q, err := http.ReadRequest(r); err != nil || q.Header.Get("Upgrade") != "websocket" {
			return
		}
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		line, _ := r.ReadString('\n')
		io.WriteString(c, "echo "+line)
	})
	c, err := net.Dial("tcp", w.at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	io.WriteString(c, "GET http://ok.example/ HTTP/1.1\r\nHost: ok.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
	r := bufio.NewReader(c)
	if response, err := http.ReadResponse(r, nil); err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v", response, err)
	}
	io.WriteString(c, "hello\n")
	if line, _ := r.ReadString('\n'); line != "echo hello\n" {
		t.Errorf("%q", line)
	}
}

// TestRedirect checks that the proxy follows no redirect: the client asks again.
func TestRedirect(t *testing.T) {
	w := newWorld(t, "ok.example:80", "", "")
	w.name("ok.example", "93.184.216.34")
	w.serve("93.184.216.34:80", func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: w.at})}}
	response, err := client.Get("http://ok.example/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden || response.Request.URL.Host != "evil.example" {
		t.Errorf("%s for %s", response.Status, response.Request.URL)
	}
}

// TestUnrecorded checks that nothing is dialled that could not be recorded.
func TestUnrecorded(t *testing.T) {
	w := newWorld(t, "ok.example:80", "", "")
	w.name("ok.example", "93.184.216.34")
	w.serve("93.184.216.34:80", seen)
	tell := w.proxy.tell
	w.proxy.tell = func(d proxywire.Decision) error {
		_ = tell(d)
		return net.ErrClosed
	}
	if out := w.say("GET http://ok.example/ HTTP/1.1\r\nHost: ok.example\r\nConnection: close\r\n\r\n"); strings.Contains(out, "200 OK") || w.reached() {
		t.Errorf("reached: %s", out)
	}
}

// FuzzClient checks that whatever a client says, nothing is reached but the allowed server,
// and only after a decision about it.
func FuzzClient(f *testing.F) {
	for _, text := range []string{
		"GET http://ok.example/ HTTP/1.1\r\nHost: ok.example\r\n\r\n", "CONNECT ok.example:22 HTTP/1.1\r\nHost: ok.example:22\r\n\r\nhello",
		"CONNECT ok.example:443 HTTP/1.1\r\nHost: ok.example:443\r\n\r\n\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03",
		"\x05\x01\x00\x05\x01\x00\x03\x0aok.example\x00\x16hello", "\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x16", "PRI * HTTP/2.0\r\n\r\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w := newWorld(t, "ok.example:22 ok.example:80 ok.example", "", "")
		w.name("ok.example", "93.184.216.34")
		for _, port := range []string{"22", "80", "443"} {
			w.serve("93.184.216.34:"+port, func(c net.Conn) { io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\n") })
		}
		w.sayAll(text)
		w.mu.Lock()
		defer w.mu.Unlock()
		allowed := 0
		for _, d := range w.decisions {
			if d.Allowed {
				allowed++
			}
		}
		if len(w.dialled) > 0 && allowed == 0 || len(w.asked) > 0 && w.asked[0] != "ok.example" {
			t.Errorf("%q: dialled %v, asked %v, decided %+v", text, w.dialled, w.asked, w.decisions)
		}
		for _, to := range w.dialled {
			if to.Addr().String() != "93.184.216.34" {
				t.Errorf("%q: dialled %v", text, to)
			}
		}
	})
}
