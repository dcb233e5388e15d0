package escapes

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
)

// traces are the effects of the output on the terminal: questions that the terminal will
// answer, and modes that make the terminal type by itself or hide something.
type traces struct {
	queries  atomic.Int64
	on       []int // private modes switched on, in the order of switching
	hidden   bool  // the cursor
	keypad   bool  // application keypad, ESC =
	keyboard int   // depth of kitty's stack of keyboard modes
}

// undoable are the private modes (DECSET) that are switched off at the end:
// cursor keys, mouse, focus, alternate screens, bracketed paste, synchronized
// output, reports of colour scheme and size.
var undoable = []int{1, 9, 47, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 1047, 1049, 2004, 2026, 2031, 2048}

// talkative are the undoable modes in which a terminal types by itself.
var talkative = []int{9, 1000, 1001, 1002, 1003, 1004, 2031, 2048}

func (t *traces) escape(final byte) {
	switch final {
	case 'Z':
		t.queries.Add(1)
	case '=':
		t.keypad = true
	case '>':
		t.keypad = false
	case 'c':
		t.on, t.hidden, t.keypad, t.keyboard = nil, false, false, 0
	}
}

func (t *traces) csi(s sequence) {
	if s.asks() {
		t.queries.Add(1)
	}
	switch {
	case s.private == '?' && s.inter == "" && (s.final == 'h' || s.final == 'l'):
		for _, field := range bytes.Split(s.params, []byte(";")) {
			if n, ok := atoi(field[:digits(field)]); ok {
				t.mode(n, s.final == 'h')
			}
		}
	case s.private == '>' && s.inter == "" && s.final == 'u':
		t.keyboard = min(t.keyboard+1, 99)
	case s.private == '<' && s.inter == "" && s.final == 'u':
		n, _ := s.first()
		t.keyboard = max(t.keyboard-max(n, 1), 0)
	}
}

func (t *traces) mode(n int, on bool) {
	if n == 25 {
		t.hidden = !on
		return
	}
	if !slices.Contains(undoable, n) {
		return
	}
	if on && slices.Contains(talkative, n) {
		t.queries.Add(1)
	}
	t.on = slices.DeleteFunc(t.on, func(m int) bool { return m == n })
	if on {
		t.on = append(t.on, n)
	}
}

func (t *traces) undo() []byte {
	var b strings.Builder
	if t.keyboard > 0 {
		fmt.Fprintf(&b, "\x1b[<%du", t.keyboard)
	}
	for _, n := range slices.Backward(t.on) {
		fmt.Fprintf(&b, "\x1b[?%dl", n)
	}
	if t.keypad {
		b.WriteString("\x1b>")
	}
	if t.hidden {
		b.WriteString("\x1b[?25h")
	}
	return []byte(b.String())
}
