package netproxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/internal/proxywire"
)

// denial is the error of a server that may not be reached.
type denial struct {
	target string // HOST:PORT as decided about, "" for what can't be a host
	reason string
}

func (d *denial) Error() string { return d.reason }

// The ways of a client, for the record.
const (
	viaConnect = "connect"
	viaHTTP    = "http"
	viaSOCKS   = "socks"
	viaDNS     = "dns"
)

// allow decides about a server, looks its name up, and records an allowed one. check runs
// before the record; an error of check denies. The addresses are to be dialled as they are.
func (x *Proxy) allow(via, host string, port uint16, check func(netrules.Host) error) ([]netip.AddrPort, error) {
	decision := proxywire.Decision{Via: via, Host: proxywire.Unknown, Port: port}
	h, err := netrules.ParseHost(x.standIns.name(host))
	if err != nil {
		return nil, x.deny(decision, "this is no host name, and no address in the usual notation")
	}
	decision.Host = h.String()
	says := x.rules.Decide(h, port)
	decision.Rule = says.Rule
	if !says.Allowed {
		return nil, x.deny(decision, says.Reason)
	}
	if check != nil {
		if err := check(h); err != nil {
			return nil, x.deny(decision, err.Error())
		}
	}
	addresses, reason := x.choose(h, port)
	if reason != "" {
		return nil, x.deny(decision, reason)
	}
	decision.Allowed, decision.Address = true, addresses[0].String()
	for _, a := range addresses[1:] {
		decision.Others = append(decision.Others, a.String())
	}
	if via != viaHTTP || !x.recorded.again(decision) {
		if err := x.tell(decision); err != nil {
			return nil, err
		}
		x.recorded.add(decision)
	}
	out := make([]netip.AddrPort, len(addresses))
	for i, a := range addresses {
		out[i] = netip.AddrPortFrom(a, port)
	}
	return out, nil
}

// recorded remembers which allowed requests of plain HTTP have a record, and counts those that
// are the same: a program may ask ten thousand times. The zero value is empty and ready.
type recorded struct {
	mu    sync.Mutex
	seen  map[recordedServer]bool
	count int
}

type recordedServer struct {
	host, rule, address, others string
	port                        uint16
}

// mostRecorded bounds what is remembered.
const mostRecorded = 1000

func recordedOf(d proxywire.Decision) recordedServer {
	return recordedServer{d.Host, d.Rule, d.Address, strings.Join(d.Others, " "), d.Port}
}

// again reports whether an equal request has a record, and counts it then.
func (r *recorded) again(d proxywire.Decision) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.seen[recordedOf(d)] {
		return false
	}
	r.count++
	return true
}

func (r *recorded) add(d proxywire.Decision) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[recordedServer]bool{}
	}
	if len(r.seen) < mostRecorded {
		r.seen[recordedOf(d)] = true
	}
}

// Again returns how many requests were allowed like a recorded one since the last call.
func (x *Proxy) Again() int {
	x.recorded.mu.Lock()
	defer x.recorded.mu.Unlock()
	n := x.recorded.count
	x.recorded.count = 0
	return n
}

// deny records a denial.
func (x *Proxy) deny(d proxywire.Decision, reason string) error {
	d.Reason = reason
	if err := x.tell(d); err != nil {
		return err
	}
	out := &denial{reason: reason}
	if d.Host != proxywire.Unknown && d.Port != 0 {
		out.target = netrules.Join(d.Host, d.Port)
	}
	return out
}

// choose returns the addresses of an allowed host, or the reason why there are none.
func (x *Proxy) choose(h netrules.Host, port uint16) (may []netip.Addr, reason string) {
	if h.Name() == "" {
		return []netip.Addr{h.Address()}, "" // a rule names the address
	}
	found, err := x.known.lookup(h.Name(), x.lookup)
	if err != nil {
		return nil, "the name was not found"
	}
	if may, reason = x.rules.Choose(h, port, found, x.own()); reason != "" {
		return nil, reason
	}
	return may[:min(len(may), proxywire.MostAddresses)], ""
}

// known keeps the last lookups for a moment: a program asks for a server again and again.
// The zero value is empty and ready.
type known struct {
	mu    sync.Mutex
	names map[string]answer
}

type answer struct {
	addresses []netip.Addr
	until     time.Time
}

// The bounds of the kept lookups.
const (
	knownFor  = 5 * time.Second
	mostKnown = 1000
)

func (k *known) lookup(name string, ask func(context.Context, string) ([]netip.Addr, error)) ([]netip.Addr, error) {
	k.mu.Lock()
	kept, ok := k.names[name]
	k.mu.Unlock()
	if ok && time.Now().Before(kept.until) {
		return kept.addresses, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	found, err := ask(ctx, name)
	if err != nil || len(found) == 0 {
		return nil, errors.Join(err, errors.New("no address"))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.names == nil || len(k.names) >= mostKnown {
		k.names = map[string]answer{}
	}
	k.names[name] = answer{found, time.Now().Add(knownFor)}
	return found, nil
}

// lookup asks the system's resolver for a full name: no search domain is added.
func lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", name+".")
}

// own lists the machine's addresses, each time anew: those of a laptop change.
func own() []netip.Addr {
	all, _ := net.InterfaceAddrs()
	out := make([]netip.Addr, 0, len(all))
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			out = append(out, p.Addr().Unmap().WithZone(""))
		}
	}
	return out
}

// splitTarget parts HOST:PORT as a client writes it (RFC 9110, 4.2.1).
func splitTarget(text string) (host string, port uint16, err error) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 || strings.ContainsAny(text, "@/?# ") {
		return "", 0, fmt.Errorf("%q is not HOST:PORT", text)
	}
	n, err := strconv.ParseUint(text[i+1:], 10, 16)
	if err != nil || n == 0 || text[i+1] == '0' || text[i+1] == '+' {
		return "", 0, fmt.Errorf("%q has no port", text)
	}
	host = text[:i]
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		return "", 0, fmt.Errorf("%q has an IPv6 address without brackets", text)
	}
	return host, uint16(n), nil
}
