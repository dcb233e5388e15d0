package tui

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"time"
)

// keyboard is the only reader of the terminal. Typed bytes go to the screen, or to a
// session while the session has the terminal; nobody else reads, so that no key is lost
// at a change. keyboard holds the bytes behind each Enter until the screen has acted on
// the Enter: the line may have given the terminal away.
type keyboard struct {
	in io.Reader

	mu      sync.Mutex
	changed *sync.Cond
	held    []byte    // not decided yet
	screen  []byte    // for Read
	to      io.Writer // the session that has the terminal; nil for the screen
	left    chan struct{}
	stopped bool // everything is held
	acting  bool // the screen acts on an Enter
	turns   int  // how many Enters went to the screen
	tail    []byte
	pasting bool
	closed  bool
}

// acted is sent behind each Enter and comes back as a message, when the screen has acted
// on all keys before. No terminal sends acted: nobody asks for reports of the focus.
const acted = "\x1b[I"

// The key that leaves a session, ^], in the spellings of terminals.
var leaveKeys = [][]byte{{0x1d}, []byte("\x1b[93;5u"), []byte("\x1b[27;5;93~")}

// editKey is ctrl-g, which gives the terminal to an editor. What goes for Enter below, goes
// for editKey too.
const editKey = 0x07

const (
	pasteBegin, pasteEnd = "\x1b[200~", "\x1b[201~"

	// actTime is how long bytes are held for an Enter whose message doesn't come.
	actTime = 2 * time.Second
	// leaveTime is how long a session may take to read what was typed before ^].
	leaveTime = time.Second
	// mostTyped is how many bytes a session gets at once.
	mostTyped = 1024
)

func newKeyboard(in io.Reader) *keyboard {
	k := &keyboard{in: in}
	k.changed = sync.NewCond(&k.mu)
	return k
}

// read reads the terminal until its end.
func (k *keyboard) read() {
	buf := make([]byte, 4096)
	for {
		n, err := k.in.Read(buf)
		k.mu.Lock()
		k.held = append(k.held, buf[:n]...)
		if at, _ := leaveKey(buf[:n]); at >= 0 && k.to != nil {
			left := k.left
			time.AfterFunc(leaveTime, func() { k.forceLeave(left) })
		}
		k.closed = k.closed || err != nil
		closed := k.closed
		k.changed.Broadcast()
		k.mu.Unlock()
		if closed {
			return
		}
	}
}

// deliver hands held bytes on until close.
func (k *keyboard) deliver() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		for !k.closed && (len(k.held) == 0 || k.stopped || k.to == nil && k.acting) {
			k.changed.Wait()
		}
		switch {
		case k.closed:
			return
		case k.to != nil:
			k.typeOn()
		default:
			k.toScreen()
		}
	}
}

// toScreen gives the screen the bytes up to the next Enter.
func (k *keyboard) toScreen() {
	for i, c := range k.held {
		k.tail = append(k.tail, c)
		if len(k.tail) > len(pasteBegin) {
			k.tail = k.tail[1:]
		}
		switch {
		case string(k.tail) == pasteBegin:
			k.pasting = true
		case string(k.tail) == pasteEnd:
			k.pasting = false
		case (c == '\r' || c == '\n' || c == editKey) && !k.pasting:
			k.screen = append(append(k.screen, k.held[:i+1]...), acted...)
			k.held = slices.Clone(k.held[i+1:])
			k.acting = true
			k.turns++
			turn := k.turns
			time.AfterFunc(actTime, func() { k.hasActed(turn) })
			k.changed.Broadcast()
			return
		}
	}
	k.screen = append(k.screen, k.held...)
	k.held = nil
	k.changed.Broadcast()
}

// typeOn types held bytes at the session, up to the key that leaves.
func (k *keyboard) typeOn() {
	part := k.held[:min(len(k.held), mostTyped)]
	at, n := leaveKey(k.held)
	if at >= 0 {
		part = k.held[:min(at, mostTyped)]
	}
	to, left := k.to, k.left
	k.held = k.held[len(part):]
	if len(part) > 0 {
		k.mu.Unlock()
		_, _ = to.Write(part) // the session's end is told by the session
		k.mu.Lock()
	}
	if at >= 0 && at == len(part) && k.left == left && k.to != nil {
		k.held = k.held[n:]
		k.leave()
	}
}

// leave takes the terminal from the session; bytes are held until back.
func (k *keyboard) leave() {
	k.to, k.stopped = nil, true
	close(k.left)
}

// forceLeave takes the terminal from a session that doesn't read, and drops the keys for
// the session.
func (k *keyboard) forceLeave(left chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if at, n := leaveKey(k.held); at >= 0 && k.left == left && k.to != nil {
		k.held = k.held[at+n:]
		k.leave()
	}
}

// leaveKey finds the first key that leaves a session.
func leaveKey(typed []byte) (at, n int) {
	at = -1
	for _, key := range leaveKeys {
		if i := bytes.Index(typed, key); i >= 0 && (at < 0 || i < at) {
			at, n = i, len(key)
		}
	}
	return at, n
}

// Read implements io.Reader for the screen.
func (k *keyboard) Read(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.screen) == 0 && !k.closed {
		k.changed.Wait()
	}
	if len(k.screen) == 0 {
		return 0, io.EOF
	}
	n := copy(p, k.screen)
	k.screen = k.screen[n:]
	return n, nil
}

// hasActed lets the bytes behind an Enter go on. turn 0 is the newest Enter.
func (k *keyboard) hasActed(turn int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if turn == 0 || turn == k.turns {
		k.acting = false
		k.changed.Broadcast()
	}
}

// stop holds all typed bytes until give or back.
func (k *keyboard) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stopped, k.to = true, nil
}

// give sends typed bytes to w, the held bytes first. When the user leaves by ^], left is
// closed and bytes are held until back.
func (k *keyboard) give(w io.Writer) (left <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.to, k.left, k.stopped = w, make(chan struct{}), false
	k.changed.Broadcast()
	return k.left
}

// back sends typed bytes to the screen again.
func (k *keyboard) back() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.to, k.stopped, k.acting, k.pasting = nil, false, false, false
	k.changed.Broadcast()
}

// close ends deliver and Read.
func (k *keyboard) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	k.changed.Broadcast()
}
