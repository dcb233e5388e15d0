package netproxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"strings"
	"time"
)

// portHTTP is the port of a URL without a port.
const portHTTP = "80"

// newServer makes the server for plain HTTP.
func (x *Proxy) newServer() *http.Server {
	forward := x.newForward()
	return &http.Server{
		ReadHeaderTimeout: patience, IdleTimeout: idle, MaxHeaderBytes: mostHeader, ErrorLog: log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { x.forward(w, r, forward) }),
		ConnState: func(c net.Conn, state http.ConnState) {
			switch p, _ := c.(*peeked); {
			case p == nil:
			case state == http.StateNew || state == http.StateIdle:
				x.waiting.add(p.TCPConn)
			default:
				x.waiting.remove(p.TCPConn)
			}
		},
	}
}

// newForward makes the half that asks servers. Each request is written anew from what was
// understood; a redirect goes back to the client, which asks again.
func (x *Proxy) newForward() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			if !strings.EqualFold(r.In.Header.Get("Upgrade"), "websocket") { // h2c would be a tunnel without decisions
				r.Out.Header.Del("Upgrade")
				r.Out.Header.Del("Connection")
			}
			r.Out.Header.Del("Proxy-Authorization")
		},
		Transport: x.servers,
		ErrorLog:  log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			writeError(w, http.StatusBadGateway, errUnreached)
		},
	}
}

// newTransport makes the connections with servers, which are kept for the next request to the
// same host and port.
func (x *Proxy) newTransport() *http.Transport {
	return &http.Transport{
		DisableCompression: true, MaxResponseHeaderBytes: 1 << 20,
		MaxIdleConnsPerHost: 32, IdleConnTimeout: idle,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			to, ok := ctx.Value(decided{}).([]netip.AddrPort)
			if !ok {
				return nil, errors.New("nothing was decided")
			}
			return x.dial(ctx, to)
		},
	}
}

// decided is the key of the addresses in the context of a request.
type decided struct{}

var errNoServer = errors.New("this is a proxy: a request names its server, as http://HOST/")

// forward decides about a request, also on a connection that is kept, and forwards it.
func (x *Proxy) forward(w http.ResponseWriter, r *http.Request, forward *httputil.ReverseProxy) {
	if r.URL.Scheme != "http" || r.URL.Host == "" || r.URL.User != nil || r.Host != r.URL.Host {
		writeError(w, http.StatusBadRequest, errNoServer)
		return
	}
	target := r.URL.Host
	if r.URL.Port() == "" {
		target = strings.TrimSuffix(target, ":") + ":" + portHTTP
	}
	host, port, err := splitTarget(target)
	if err != nil {
		writeError(w, http.StatusBadRequest, errNoServer)
		return
	}
	if port == portTLS {
		writeError(w, http.StatusForbidden, errors.New("plain HTTP isn't passed on to port 443"))
		return
	}
	to, err := x.allow(viaHTTP, host, port, nil)
	if err != nil {
		writeError(w, http.StatusForbidden, err)
		return
	}
	x.atWork <- struct{}{}
	defer func() { <-x.atWork }()
	forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), decided{}, to)))
}

// headerReason is the header of an answer that is the proxy's own.
const headerReason = "X-Lockstile"

func writeError(w http.ResponseWriter, code int, err error) {
	w.Header().Set(headerReason, err.Error())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, explain(err))
}

// refusalOf is the answer to CONNECT when there is no tunnel.
func refusalOf(err error) []byte {
	status := "502 Bad Gateway"
	if _, ok := errors.AsType[*denial](err); ok {
		status = "403 Forbidden"
	}
	text := explain(err)
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\nDate: %s\r\n%s: %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, time.Now().UTC().Format(http.TimeFormat), headerReason, err, len(text), text)
}

// explain says an error to the client, with the line that mends it.
func explain(err error) string {
	d, ok := errors.AsType[*denial](err)
	if !ok || d.target == "" {
		return "lockstile: " + err.Error() + "\n"
	}
	return fmt.Sprintf("lockstile: %s may not be reached: %s\nhint: the user allows it in config.toml, below [network]: allow = [%q]\n", d.target, d.reason, d.target)
}
