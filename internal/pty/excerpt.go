package pty

import (
	"fmt"
	"sync"
)

// excerptHalf is the size of each half of an Excerpt, in bytes.
const excerptHalf = 16 << 10

// Excerpt keeps the beginning and the end of a copied output. The zero value is empty and
// ready; the methods may be called at the same time, and do nothing on nil.
type Excerpt struct {
	mu    sync.Mutex
	head  []byte
	ring  []byte
	next  int   // where the next byte goes, in a full ring
	total int64 // bytes that were written
}

// Write keeps p, and never fails.
func (e *Excerpt) Write(p []byte) (int, error) {
	if e == nil {
		return len(p), nil
	}
	n := len(p)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.total += int64(n)
	room := min(excerptHalf-len(e.head), n)
	e.head = append(e.head, p[:room]...)
	p = p[room:]
	p = p[max(0, len(p)-excerptHalf):]
	room = min(excerptHalf-len(e.ring), len(p))
	e.ring, p = append(e.ring, p[:room]...), p[room:]
	for len(p) > 0 {
		n := copy(e.ring[e.next:], p)
		e.next, p = (e.next+n)%excerptHalf, p[n:]
	}
	return n, nil
}

// Text returns the beginning and the end. A line between the two counts the missing bytes.
func (e *Excerpt) Text() string {
	if e == nil {
		return ""
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	end := string(e.ring[e.next:]) + string(e.ring[:e.next])
	if missing := e.total - int64(len(e.head)+len(e.ring)); missing > 0 {
		return fmt.Sprintf("%s\n... %d bytes ...\n%s", e.head, missing, end)
	}
	return string(e.head) + end
}
