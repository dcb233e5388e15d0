package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"

	"github.com/lockstile/lockstile/internal/netproxy"
	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/internal/proxywire"
)

// serve serves until the gate closes its end.
func serve() error {
	c, err := net.FileConn(os.Stdin)
	if err != nil {
		return errAlone
	}
	gate, ok := c.(*net.UnixConn)
	if !ok {
		return errAlone
	}
	rules, sockets, err := begin(gate)
	if err != nil {
		return err
	}
	r := &record{gate: gate}
	proxy := netproxy.New(rules, r.tell)
	go r.hear(proxy)
	if len(sockets) > 1 {
		names, err := net.FilePacketConn(sockets[1])
		if err != nil {
			return fmt.Errorf("the name server's socket: %w", err)
		}
		go proxy.ServeNames(names)
	}
	listener, err := net.FileListener(sockets[0])
	if err != nil {
		return fmt.Errorf("the listener: %w", err)
	}
	for _, f := range sockets {
		f.Close()
	}
	return proxy.Serve(listener)
}

// mostBegin is the most bytes of the first message.
const mostBegin = 256 << 10

// begin takes the first message, with the rules and the sockets.
func begin(gate *net.UnixConn) (rules netrules.Rules, sockets []*os.File, err error) {
	b, oob := make([]byte, mostBegin), make([]byte, syscall.CmsgSpace(2*4))
	n, oobn, _, _, err := gate.ReadMsgUnix(b, oob)
	if err != nil {
		return rules, nil, err
	}
	var first proxywire.Begin
	if err := json.Unmarshal(b[:n], &first); err != nil {
		return rules, nil, err
	}
	if rules, err = netrules.ParseAll(first.Allow, first.Deny, first.Private); err != nil {
		return rules, nil, err
	}
	messages, err := syscall.ParseSocketControlMessage(oob[:oobn])
	if err != nil || len(messages) != 1 {
		return rules, nil, errors.Join(err, errNoListener)
	}
	fds, err := syscall.ParseUnixRights(&messages[0])
	if err != nil || len(fds) == 0 {
		return rules, nil, errors.Join(err, errNoListener)
	}
	for _, fd := range fds {
		sockets = append(sockets, os.NewFile(uintptr(fd), "socket"))
	}
	return rules, sockets, nil
}

var errNoListener = errors.New("no listener came")

// record tells the gate each decision. An allowed one waits until the gate has recorded it;
// the gate answers in the order of the decisions.
type record struct {
	gate    *net.UnixConn
	mu      sync.Mutex
	waiting []chan struct{}
}

func (r *record) tell(d proxywire.Decision) error {
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	recorded := make(chan struct{})
	r.mu.Lock()
	if d.Allowed {
		r.waiting = append(r.waiting, recorded)
	}
	_, err = r.gate.Write(b)
	r.mu.Unlock()
	if err == nil && d.Allowed {
		<-recorded
	}
	return err
}

// hear takes the gate's answers. The end of the gate's channel ends the program, and with it
// every connection; the last message counts what was not told.
func (r *record) hear(proxy *netproxy.Proxy) {
	b := make([]byte, len(proxywire.Recorded)+1)
	for {
		n, err := r.gate.Read(b)
		if err != nil || string(b[:n]) != proxywire.Recorded {
			if n := proxy.Again(); n > 0 {
				b, _ := json.Marshal(proxywire.Decision{Again: n}) // a number
				_, _ = r.gate.Write(b)                             // the gate may be gone
			}
			os.Exit(0)
		}
		r.mu.Lock()
		if len(r.waiting) > 0 {
			close(r.waiting[0])
			r.waiting = r.waiting[1:]
		}
		r.mu.Unlock()
	}
}
