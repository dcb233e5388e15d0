package session

import (
	"io"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/lockstile/lockstile/internal/plain"
)

// BufferSize is how much unread output a session keeps, in bytes: the first half and the
// last half, since the beginning and the end of an output are the most useful parts. The
// bytes between are counted and lost.
const BufferSize = 1 << 20

// Output is the output of a command since the last look. The zero value means no output.
type Output struct {
	Head    []byte // the whole output if Omitted is 0
	Omitted int64  // bytes lost between Head and Tail
	Tail    []byte
}

// buffer holds output that no look has taken yet. The zero value is ready.
type buffer struct {
	mu      sync.Mutex
	head    []byte
	tail    []byte // once half is full, a ring of half
	begin   int    // where the ring begins
	omitted int64
	fresh   bool          // output has come since the last take
	wake    chan struct{} // closed when output comes; nil if nobody waits
	recent  []byte        // the newest output, at least recentSize bytes of it
	taps    []*tap
}

// tap is a second reader of the output.
type tap struct{ to io.Writer }

// recentSize is how much earlier output a tap gets, in bytes.
const recentSize = 16 << 10

// tap adds a reader, and returns the newest output before.
func (b *buffer) tap(to io.Writer) (recent []byte, stop func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := &tap{to}
	b.taps = append(slices.Clip(b.taps), t)
	return slices.Clone(b.recent[max(0, len(b.recent)-recentSize):]), func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.taps = slices.DeleteFunc(slices.Clone(b.taps), func(other *tap) bool { return other == t })
	}
}

// remember keeps the newest output for later taps.
func (b *buffer) remember(p []byte) {
	b.recent = append(b.recent, p[max(0, len(p)-recentSize):]...)
	if len(b.recent) > 2*recentSize {
		b.recent = append([]byte(nil), b.recent[len(b.recent)-recentSize:]...)
	}
}

const half = BufferSize / 2

// Write keeps p and never fails or waits: a caller that doesn't look can't hold a command
// up.
func (b *buffer) Write(p []byte) (int, error) {
	for _, t := range b.keep(p) {
		_, _ = t.to.Write(p) // without the lock: a tap may look at the session
	}
	return len(p), nil
}

// keep keeps p, and returns the taps that p goes to.
func (b *buffer) keep(p []byte) []*tap {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remember(p)
	n := len(p)
	b.fresh = b.fresh || n > 0
	if b.fresh && b.wake != nil {
		close(b.wake)
		b.wake = nil
	}
	room := min(half-len(b.head), n)
	b.head = append(b.head, p[:room]...)
	b.keepTail(p[room:])
	return b.taps
}

func (b *buffer) keepTail(p []byte) {
	if over := len(p) - half; over > 0 {
		b.omitted += int64(len(b.tail) + over)
		b.tail, b.begin = append(b.tail[:0], p[over:]...), 0
		return
	}
	room := min(half-len(b.tail), len(p))
	b.tail = append(b.tail, p[:room]...)
	p = p[room:]
	b.omitted += int64(len(p))
	for len(p) > 0 {
		n := copy(b.tail[b.begin:], p)
		b.begin = (b.begin + n) % half
		p = p[n:]
	}
}

// more is closed when something has come since the last take.
func (b *buffer) more() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wake == nil {
		b.wake = make(chan struct{})
	}
	wake := b.wake
	if b.fresh {
		close(b.wake)
		b.wake = nil
	}
	return wake
}

// take returns the buffered output and forgets the output. take cuts no character: if
// more may come, the beginning of a character at the end stays for the next take, and the
// omitted part begins and ends between characters.
func (b *buffer) take(more bool) Output {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := Output{Head: b.head, Omitted: b.omitted, Tail: append(b.tail[b.begin:len(b.tail):len(b.tail)], b.tail[:b.begin]...)}
	if out.Omitted == 0 {
		out.Head, out.Tail = append(out.Head, out.Tail...), nil
	}
	b.head, b.tail, b.begin, b.omitted, b.fresh = nil, nil, 0, 0, false
	last := &out.Head
	if out.Omitted > 0 {
		last = &out.Tail
		n := plain.Unfinished(out.Head)
		out.Head = out.Head[:len(out.Head)-n]
		m := 0
		for m < len(out.Tail) && m < utf8.UTFMax-1 && !utf8.RuneStart(out.Tail[m]) {
			m++
		}
		out.Tail = out.Tail[m:]
		out.Omitted += int64(n + m)
	}
	if n := plain.Unfinished(*last); more && n > 0 {
		cut := len(*last) - n
		b.head = append(b.head, (*last)[cut:]...)
		*last = (*last)[:cut]
	}
	return out
}

// Then joins an output with the output that followed.
func (o Output) Then(next Output) Output {
	switch {
	case next.Omitted > 0 && o.Omitted > 0:
		return Output{o.Head, o.Omitted + int64(len(o.Tail)+len(next.Head)) + next.Omitted, next.Tail}
	case next.Omitted > 0:
		return Output{append(o.Head, next.Head...), next.Omitted, next.Tail}
	case o.Omitted > 0:
		return Output{o.Head, o.Omitted, append(o.Tail, next.Head...)}
	}
	return Output{Head: append(o.Head, next.Head...)}
}
