package netrules

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Host is a host that a client asks for: a name, or an address as such.
type Host struct {
	name string // in normal form, "" for an address
	addr netip.Addr
}

// String returns the host in its normal form.
func (h Host) String() string {
	if h.addr.IsValid() {
		return h.addr.String()
	}
	return h.name
}

// Name returns the name to look up, "" for an address.
func (h Host) Name() string { return h.name }

// Address returns the address, the zero Addr for a name.
func (h Host) Address() netip.Addr { return h.addr }

// Join writes a host and a port as a rule and a URL do.
func Join(host string, port uint16) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(int(port))
}

// The bounds of names (RFC 1035, 2.3.4), in bytes.
const (
	mostName  = 253
	mostLabel = 63
)

// ParseHost reads what a client asks for. A name is ASCII letters, digits, "-" and "_"; one
// dot at its end is dropped. An address counts only in its usual notation: what else some
// resolver takes for an address (0x7f.1, 2130706433, 127.1) is no host at all.
func ParseHost(text string) (Host, error) {
	if inner, ok := strings.CutPrefix(text, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		if a, err := netip.ParseAddr(inner); closed && err == nil && a.Is6() {
			return parseAddress(a)
		}
		return Host{}, fmt.Errorf("%q is no address in brackets", text)
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return parseAddress(a)
	}
	name := strings.TrimSuffix(strings.ToLower(text), ".")
	if name == "" || len(name) > mostName {
		return Host{}, fmt.Errorf("a host name has 1 to %d letters", mostName)
	}
	for label := range strings.SplitSeq(name, ".") {
		if err := checkLabel(label); err != nil {
			return Host{}, fmt.Errorf("%q is no host name: %w", text, err)
		}
	}
	if last := name[strings.LastIndexByte(name, '.')+1:]; last[0] >= '0' && last[0] <= '9' {
		return Host{}, fmt.Errorf("%q is no address in the usual notation, such as 192.0.2.1", text)
	}
	return Host{name: name}, nil
}

func parseAddress(a netip.Addr) (Host, error) {
	if a.Zone() != "" {
		return Host{}, errors.New("an address with a zone is no server of others")
	}
	return Host{addr: a.Unmap()}, nil
}

func checkLabel(label string) error {
	switch {
	case label == "" || len(label) > mostLabel:
		return fmt.Errorf("a label has 1 to %d letters", mostLabel)
	case label[0] == '-' || label[len(label)-1] == '-':
		return errors.New("a label has no - at its ends")
	case strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
		return errors.New("write other letters than ASCII as xn--")
	}
	return nil
}
