// Package netrules decides by name which servers a command may reach: [network] allow, deny
// and private. Package netrules is pure: what a name leads to, and the machine's own
// addresses, are arguments. Package netrules must never look a name up, and never decide
// about a server by anything but host and port.
package netrules

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Rule is a rule: NAME:PORT, *.DOMAIN:PORT, ADDRESS:PORT or NETWORK/BITS:PORT. The zero value
// fits nothing.
type Rule struct {
	text   string
	name   string       // in normal form; of "*.DOMAIN" the domain; "" for addresses
	below  bool         // the names below the domain, not the domain itself
	net    netip.Prefix // of addresses
	port   uint16
	anyOne bool // any port
}

// String returns the rule as written.
func (r Rule) String() string { return r.text }

// defaultPort is the port of a rule without a port.
const defaultPort = 443

// Parse reads a rule. The port may be "*", and is 443 if there is none.
func Parse(text string) (Rule, error) {
	r := Rule{text: text}
	host, port, err := split(text)
	if err == nil {
		r.port, r.anyOne, err = parsePort(port)
	}
	if err == nil {
		err = r.parseHost(host)
	}
	if err != nil {
		return Rule{}, err
	}
	return r, nil
}

// ParseAll reads the rules of a command. The error names the rule.
func ParseAll(allow, deny, private []string) (rules Rules, err error) {
	for _, of := range []struct {
		texts []string
		into  *[]Rule
	}{{allow, &rules.Allow}, {deny, &rules.Deny}, {private, &rules.Private}} {
		for _, text := range of.texts {
			r, err := Parse(text)
			if err != nil {
				return Rules{}, fmt.Errorf("%q: %w", text, err)
			}
			*of.into = append(*of.into, r)
		}
	}
	return rules, nil
}

// split parts host and port; port is "" without one. An IPv6 address with a port stands in
// brackets (RFC 3986, 3.2.2).
func split(text string) (host, port string, err error) {
	if inner, ok := strings.CutPrefix(text, "["); ok {
		host, rest, closed := strings.Cut(inner, "]")
		port, colon := strings.CutPrefix(rest, ":")
		if !closed || rest != "" && !colon || colon && port == "" || strings.Count(host, ":") < 2 {
			return "", "", errors.New("write an IPv6 address as [ADDRESS]:PORT")
		}
		return host, port, nil
	}
	host, port, colon := strings.Cut(text, ":")
	switch {
	case strings.Contains(port, ":"):
		return text, "", nil // an IPv6 address or network by itself
	case colon && port == "":
		return "", "", errors.New("the port is missing behind the colon")
	}
	return host, port, nil
}

func parsePort(text string) (port uint16, anyOne bool, err error) {
	switch text {
	case "":
		return defaultPort, false, nil
	case "*":
		return 0, true, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 || text[0] == '0' || text[0] == '+' {
		return 0, false, fmt.Errorf("%q is no port: 1 to 65535, or *", text)
	}
	return uint16(n), false, nil
}

var errEvery = errors.New("this would be every server: name the servers, or set sandbox_workspace_write.network_access = true")

func (r *Rule) parseHost(host string) error {
	if host == "*" || host == "" {
		return errEvery
	}
	if strings.Contains(host, "/") {
		net, err := netip.ParsePrefix(host)
		if err != nil || net.Addr().Zone() != "" || net.Addr().Is4In6() {
			return fmt.Errorf("%q is no network: write ADDRESS/BITS", host)
		}
		if net.Bits() == 0 {
			return errEvery
		}
		if net != net.Masked() {
			return fmt.Errorf("%q has bits behind the network: %s is meant", host, net.Masked())
		}
		r.net = net
		return nil
	}
	name, below := strings.CutPrefix(host, "*.")
	h, err := ParseHost(name)
	switch {
	case err != nil:
		return err
	case h.name == "localhost" || strings.HasSuffix(h.name, ".localhost"):
		return errors.New("a name never leads to this machine: write 127.0.0.1 or [::1]")
	case h.addr.IsValid() && below:
		return fmt.Errorf("%q has a star before an address", host)
	case h.addr.IsValid():
		r.net = netip.PrefixFrom(h.addr, h.addr.BitLen())
	case below && !strings.Contains(h.name, "."):
		return fmt.Errorf("%q would be a whole top-level domain", host)
	default:
		r.name, r.below = h.name, below
	}
	return nil
}

// fits reports whether a rule is about a host and port.
func (r Rule) fits(h Host, port uint16) bool {
	switch {
	case !r.anyOne && r.port != port:
		return false
	case h.addr.IsValid():
		return r.net.IsValid() && r.net.Contains(h.addr)
	case r.below:
		return strings.HasSuffix(h.name, "."+r.name)
	}
	return r.name != "" && h.name == r.name
}
