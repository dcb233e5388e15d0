package pty

import "sync"

// tailSize is the size of a Tail, in bytes.
const tailSize = 16 << 10

// Tail keeps the last bytes of a copied output. The zero value is empty and ready; the
// methods may be called at the same time, and do nothing on nil.
type Tail struct {
	mu   sync.Mutex
	ring []byte
	next int // where the next byte goes, in a full ring
}

// keep copies no more than the end of p.
func (t *Tail) keep(p []byte) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p = p[max(0, len(p)-tailSize):]
	if room := tailSize - len(t.ring); room > 0 {
		n := min(room, len(p))
		t.ring, p = append(t.ring, p[:n]...), p[n:]
	}
	for len(p) > 0 {
		n := copy(t.ring[t.next:], p)
		t.next, p = (t.next+n)%tailSize, p[n:]
	}
}

// Text returns the bytes, the oldest first.
func (t *Tail) Text() string {
	if t == nil {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.ring[t.next:]) + string(t.ring[:t.next])
}
