package netproxy

import (
	"net"
	"slices"
	"sync"
)

// waiting holds the connections that wait for their client, the oldest first. A client that
// opens connections and says nothing thus keeps no other connection out. The zero value is
// empty and ready.
type waiting struct {
	mu    sync.Mutex
	conns []net.Conn
}

// add adds a connection. Of too many the oldest is closed.
func (w *waiting) add(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.conns) == mostWaiting {
		w.conns[0].Close()
		w.conns = slices.Delete(w.conns, 0, 1)
	}
	w.conns = append(w.conns, c)
}

// remove takes a connection out that has what it waited for, or is closed.
func (w *waiting) remove(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := slices.Index(w.conns, c); i >= 0 {
		w.conns = slices.Delete(w.conns, i, i+1)
	}
}
