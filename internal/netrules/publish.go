package netrules

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Published is a port of a command's loopback that the host's loopback shows.
type Published struct {
	At   netip.AddrPort // on the host
	Port uint16         // inside
}

// String returns the item in full, as ADDRESS:PORT:PORT.
func (p Published) String() string { return fmt.Sprintf("%s:%d", p.At, p.Port) }

// ParsePublished reads an item of network.publish: PORT, PORT:PORT or ADDRESS:PORT:PORT, the
// host's port first. The address is one of the loopback, 127.0.0.1 if there is none.
func ParsePublished(text string) (Published, error) {
	host, rest := "127.0.0.1", text
	if inner, ok := strings.CutPrefix(text, "["); ok {
		var closed bool
		if host, rest, closed = strings.Cut(inner, "]:"); !closed {
			return Published{}, errors.New("write an IPv6 address as [ADDRESS]:PORT:PORT")
		}
	} else if strings.Count(text, ":") == 2 {
		host, rest, _ = strings.Cut(text, ":")
	}
	address, err := netip.ParseAddr(host)
	if err != nil || !address.IsLoopback() || address.Zone() != "" {
		return Published{}, fmt.Errorf("%q is no address of the loopback, such as 127.0.0.1: ports are for this machine alone", host)
	}
	outer, inside, two := strings.Cut(rest, ":")
	if !two {
		inside = outer
	}
	at, any, err := parsePort(outer)
	if err != nil || any || outer == "" {
		return Published{}, fmt.Errorf("%q is no port: 1 to 65535", outer)
	}
	port, any, err := parsePort(inside)
	if err != nil || any || inside == "" {
		return Published{}, fmt.Errorf("%q is no port: 1 to 65535", inside)
	}
	return Published{netip.AddrPortFrom(address, at), port}, nil
}
