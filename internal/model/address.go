package model

import (
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// fallback makes the requests of clients without one. It obeys HTTPS_PROXY, HTTP_PROXY and
// NO_PROXY of the user's environment: over https a proxy sees the host alone, and a proxy
// is never asked for an address of this machine. Nothing is unpacked, so that the bounds
// are bounds of what came.
var fallback = func() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableCompression = true
	t.MaxResponseHeaderBytes = 256 << 10
	return t
}()

// client returns a client that follows no redirect: another host would get the
// conversation, and the headers of the configuration with it.
func (c *Client) client() *http.Client {
	h := http.Client{Transport: fallback}
	if c.HTTP != nil {
		h = *c.HTTP
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &h
}

// Loopback reports whether the address is one of this machine.
func Loopback(u *url.URL) bool {
	name := u.Hostname()
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.Unmap().IsLoopback()
}

// target returns the address of the requests, or says why it can't be used.
func (c *Client) target() (string, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", &Error{Message: "has no address that begins with https:// or http://", Hint: "set base_url of the provider, such as https://api.openai.com/v1"}
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", &Error{Message: "has an address with a name, a password, a query or a fragment", Hint: "write the key's variable as env_key, and the query as query_params"}
	}
	if u.Scheme == "http" && !Loopback(u) && (c.Key != "" || len(c.Header)+len(c.Query) > 0) {
		return "", &Error{Message: "would get a key, a header or a query over plain http, where everyone on the way can read it",
			Hint: "write https:// in base_url, or reach the server by a tunnel to 127.0.0.1"}
	}
	if strings.ContainsFunc(c.Key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", &Error{Message: "was not asked: the key holds a blank, a line break or a letter outside of ASCII", Hint: c.keyHint()}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Header)) {
		if !goodHeader(name, c.Header[name]) {
			return "", &Error{Message: "was not asked: the header " + bounded(name) + " can't be sent", Hint: "mend http_headers or env_http_headers of the provider"}
		}
	}
	u.RawQuery = c.Query.Encode()
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/")+"/responses", ""
	return u.String(), nil
}

// goodHeader reports whether a header can be sent as it is (RFC 9110, sections 5.1 and 5.5).
func goodHeader(name string, values []string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"
	if name == "" || strings.Trim(name, letters) != "" {
		return false
	}
	return !slices.ContainsFunc(values, func(v string) bool {
		return strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
	})
}

// host returns what a message may tell of an address: neither path nor query.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "with an unreadable address"
	}
	return bounded(u.Host)
}

// startHint is the mend of a server that can't be reached.
func startHint(address string) string {
	u, err := url.Parse(address)
	if err != nil || !Loopback(u) {
		return "check the network, and base_url of the provider"
	}
	_, port, _ := net.SplitHostPort(u.Host)
	for _, l := range locals {
		if l.port == port {
			return "start the server: " + l.start
		}
	}
	return "start the server at " + host(address) + ", such as: " + locals[0].start
}
