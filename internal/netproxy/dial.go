package netproxy

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// stagger is how long an address has a lead over the next one (RFC 8305, 5).
const stagger = 250 * time.Millisecond

// errUnreached is the error of servers that nobody answers for.
var errUnreached = errors.New("the server can't be reached")

// dial connects to the first address that answers.
func (x *Proxy) dial(ctx context.Context, addresses []netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	type result struct {
		c   net.Conn
		err error
	}
	results := make(chan result)
	begin := func(to netip.AddrPort) {
		c, err := x.dialer(ctx, to)
		select {
		case results <- result{c, err}:
		case <-ctx.Done():
			if c != nil {
				c.Close()
			}
		}
	}
	running := 0
	lead := time.NewTimer(0)
	defer lead.Stop()
	for running > 0 || len(addresses) > 0 {
		select {
		case <-lead.C:
			if len(addresses) > 0 {
				go begin(addresses[0])
				addresses = addresses[1:]
				running++
				lead.Reset(stagger)
			}
		case r := <-results:
			if r.err == nil {
				return r.c, nil
			}
			running--
			lead.Reset(0) // the next address at once
		case <-ctx.Done():
			return nil, errUnreached
		}
	}
	return nil, errUnreached
}

func dialTCP(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", to.String())
}
