package netproxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/internal/socks"
	"github.com/lockstile/lockstile/internal/tlshello"
)

const methodConnect = "CONNECT "

// portTLS is the port on which a client must speak TLS and name the server: an allowed server
// must be no way to another site at its address, and to no other protocol.
const portTLS = 443

// replies answer the client of a tunnel.
type replies struct {
	ok     func() error
	denied func(error)
}

// serveConnect serves a CONNECT request (RFC 9110, 9.3.6).
func (x *Proxy) serveConnect(c *net.TCPConn, r *bufio.Reader) {
	bad := func(why string) {
		fmt.Fprintf(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nX-Lockstile: %s\r\nConnection: close\r\n\r\n", why)
	}
	header, err := readHeader(r)
	if err != nil {
		bad("no header in time")
		return
	}
	q, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(header)))
	if err != nil || q.Method != http.MethodConnect || q.ContentLength != 0 || len(q.TransferEncoding) > 0 {
		bad("no request that can be understood")
		return
	}
	host, port, err := splitTarget(q.RequestURI)
	if err != nil || q.Host != q.RequestURI {
		bad("CONNECT needs HOST:PORT")
		return
	}
	x.tunnel(viaConnect, c, r, host, port, replies{
		ok:     func() error { _, err := io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n"); return err },
		denied: func(err error) { _, _ = c.Write(refusalOf(err)) },
	})
}

// readHeader reads a header with its last empty line, and not a byte more: what follows is for
// the server.
func readHeader(r *bufio.Reader) ([]byte, error) {
	var out []byte
	for len(out) < mostHeader {
		line, err := r.ReadSlice('\n')
		if out = append(out, line...); err != nil {
			return nil, err
		}
		if bytes.HasSuffix(out, []byte("\r\n\r\n")) {
			return out, nil
		}
	}
	return nil, errors.New("the header is too long")
}

// serveSOCKS serves a SOCKS client.
func (x *Proxy) serveSOCKS(c *net.TCPConn, r *bufio.Reader) {
	both := struct {
		io.Reader
		io.Writer
	}{r, c}
	if socks.Greet(both) != nil {
		return
	}
	host, port, err := socks.Request(both)
	if err != nil {
		return
	}
	if port == 0 {
		_ = socks.Reply(c, socks.NotAllowed)
		return
	}
	x.tunnel(viaSOCKS, c, r, host, port, replies{
		ok: func() error { return socks.Reply(c, socks.Succeeded) },
		denied: func(err error) {
			code := byte(socks.Unreachable)
			if _, ok := errors.AsType[*denial](err); ok {
				code = socks.NotAllowed
			}
			_ = socks.Reply(c, code)
		},
	})
}

// tunnel connects a client with a server, and passes bytes both ways. On the port of TLS the
// client has the answer before the server is dialled, and a later denial only closes the
// connection.
func (x *Proxy) tunnel(via string, c *net.TCPConn, r *bufio.Reader, host string, port uint16, say replies) {
	var first []byte
	var check func(netrules.Host) error
	answered := false
	if port == portTLS {
		check = func(h netrules.Host) (err error) {
			answered = true
			if err = say.ok(); err == nil {
				first, err = readHello(r, h)
			}
			return err
		}
	}
	to, err := x.allow(via, host, port, check)
	var server net.Conn
	if err == nil {
		done := x.work(c)
		defer done()
		server, err = x.dial(context.Background(), to)
	}
	switch {
	case err != nil && !answered:
		say.denied(err)
		return
	case err != nil:
		return
	}
	defer server.Close()
	if !answered && say.ok() != nil {
		return
	}
	_ = c.SetReadDeadline(time.Time{})
	buffered, _ := r.Peek(r.Buffered())
	if _, err := server.Write(append(first, buffered...)); err != nil {
		return
	}
	join(c, server.(*net.TCPConn))
}

// readHello reads the ClientHello of a client, whose name must be the host's.
func readHello(r *bufio.Reader, h netrules.Host) ([]byte, error) {
	read, name, err := tlshello.Read(r)
	switch {
	case err != nil:
		return nil, errors.New("on port 443 the client must speak TLS: a ClientHello was expected")
	case h.Name() == "":
		return read, nil // a rule names the address: a name says nothing
	case name == "":
		return nil, errors.New("the client's TLS names no server")
	case strings.ToLower(name) != h.Name():
		return nil, errors.New("the client's TLS names another server")
	}
	return read, nil
}

// join passes bytes both ways by splice(2), which takes no memory of ours. The end of one
// side is passed on, and the other side goes on; a broken connection breaks the other.
func join(a, b *net.TCPConn) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		pass(b, a)
	}()
	pass(a, b)
	<-done
}

func pass(to, from *net.TCPConn) {
	if _, err := io.Copy(to, from); err != nil {
		_ = to.SetLinger(0) // a reset, as the sender had it
		to.Close()
		from.Close()
		return
	}
	_ = to.CloseWrite()
}
