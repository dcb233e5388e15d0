package escapes

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
)

// traces are the effects of the output on the terminal: questions that the terminal will
// answer, and states in which the terminal types by itself, hides text or shows other text.
//
// A state may be noted that the terminal isn't in, but never the other way round: the
// bytes that end a state change nothing without the state.
type traces struct {
	queries  atomic.Int64
	modes    []mode // modes in another state than the usual one, in the order of switching
	now      effect // effects at present
	ever     effect // effects since the last reset: the terminal may have saved them
	keyboard int    // depth of kitty's stack of keyboard modes
}

// mode is a mode with a number, of DECSET if private.
type mode struct {
	private bool
	number  int
}

// usual has the modes that are put back at the end, with the usual state of each.
var usual = func() map[mode]bool {
	states := map[mode]bool{
		{true, 8}:   true,  // repeated keys
		{true, 25}:  true,  // the cursor
		{false, 2}:  false, // a locked keyboard
		{false, 4}:  false, // insertion
		{false, 12}: true,  // no echo by the terminal itself
		{false, 20}: false, // two characters for Enter
	}
	// Cursor keys, reversed screen, mouse, alternate screens, keypad, margins at the sides,
	// focus, bracketed paste, synchronized output, reports of colour scheme, size and keys.
	for _, n := range []int{1, 5, 9, 47, 66, 69, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 1047, 1049, 2004, 2026, 2031, 2048, 9001} {
		states[mode{true, n}] = false
	}
	return states
}()

// talkative are the private modes in which a terminal types by itself.
var talkative = []int{9, 1000, 1001, 1002, 1003, 1004, 2031, 2048}

// effect is a state of a terminal without a usual mode.
type effect uint16

const (
	printing  effect = 1 << iota // text goes to a printer, and not to the screen (CSI 5 i)
	copying                      // text goes to a printer too (CSI ? 5 i)
	margins                      // lines at the top or the bottom don't move
	origin                       // the cursor counts from the margins (CSI ? 6 h)
	unwrapped                    // no new line at the right edge (CSI ? 7 l)
	charset                      // G0 is not ASCII
	shifted                      // another set than G0 is in use
	styled                       // colours, hidden text and the like (SGR)
	font                         // another font (SGR 11 to 19)
	keypad                       // application keypad (ESC =)
	keyCodes                     // other codes for keys, of xterm
	keyFlags                     // other codes for keys, of kitty, set without the stack
)

// kept are the effects that a terminal saves and restores with the cursor.
const kept = origin | unwrapped | charset | shifted | styled | font

// note notes the begin or the end of an effect. A printer gets the sequences too: only
// CSI 4 i ends the printing.
func (t *traces) note(e effect, begins bool) {
	switch {
	case begins:
		t.now |= e
		t.ever |= e
	case t.now&printing == 0 || e == printing:
		t.now &^= e
	}
}

// restored notes that the terminal has taken up saved effects again.
func (t *traces) restored() { t.now |= t.ever & kept }

// control notes a control character.
func (t *traces) control(c rune) {
	switch c {
	case 0x05, 0x9a: // ENQ; DECID
		t.queries.Add(1)
	case 0x0e, 0x0f: // SO, SI
		t.note(shifted, c == 0x0e)
	}
}

// escape notes an escape sequence without intermediate bytes.
func (t *traces) escape(final byte) {
	switch final {
	case 'Z':
		t.queries.Add(1)
	case '=', '>':
		t.note(keypad, final == '=')
	case 'n', 'o': // LS2, LS3
		t.note(shifted, true)
	case '8':
		t.restored()
	case 'c':
		if t.now&printing == 0 {
			t.modes, t.now, t.ever, t.keyboard = nil, 0, 0, 0
		}
	}
}

// designated notes an escape sequence that chooses a set of characters.
func (t *traces) designated(inter []byte, final byte) {
	switch inter[0] {
	case '(':
		t.note(charset, len(inter) > 1 || final != 'B')
	case '$', ',':
		t.note(charset, true)
	}
}

func (t *traces) csi(s sequence) {
	if s.asks() {
		t.queries.Add(1)
	}
	if s.inter != "" {
		return
	}
	first, _ := s.first()
	switch [2]byte{s.private, s.final} {
	case [2]byte{'?', 'h'}, [2]byte{'?', 'l'}, [2]byte{0, 'h'}, [2]byte{0, 'l'}:
		each(s.params, func(n int) { t.mode(mode{s.private != 0, n}, s.final == 'h') })
	case [2]byte{'?', 'r'}: // restores saved modes
		each(s.params, func(n int) {
			m := mode{true, n}
			t.mode(m, !usual[m] && n != 7)
		})
	case [2]byte{0, 'i'}, [2]byte{'?', 'i'}:
		t.print(s)
	case [2]byte{0, 'r'}:
		t.note(margins, !zero(s.params))
	case [2]byte{0, 'u'}:
		t.restored()
	case [2]byte{0, 'm'}:
		t.style(s)
	case [2]byte{'>', 'm'}:
		_, value, _ := bytes.Cut(s.params, []byte(";"))
		t.note(keyCodes, !zero(value))
	case [2]byte{'=', 'u'}:
		t.note(keyFlags, first != 0)
	case [2]byte{'>', 'u'}:
		t.keyboard = min(t.keyboard+1, 99)
	case [2]byte{'<', 'u'}:
		if t.now&printing == 0 {
			t.keyboard = max(t.keyboard-max(first, 1), 0)
		}
	}
}

func (t *traces) mode(m mode, on bool) {
	switch m {
	case mode{true, 6}:
		t.note(origin, on)
	case mode{true, 7}:
		t.note(unwrapped, !on)
	case mode{true, 1048}, mode{true, 1049}:
		if !on {
			t.restored()
		}
	}
	state, ok := usual[m]
	if !ok || on == state && t.now&printing != 0 {
		return
	}
	if on && m.private && slices.Contains(talkative, m.number) {
		t.queries.Add(1)
	}
	t.modes = slices.DeleteFunc(t.modes, func(other mode) bool { return other == m })
	if on != state {
		t.modes = append(t.modes, m)
	}
}

// print notes a sequence about a printer (MC).
func (t *traces) print(s sequence) {
	e := printing
	if s.private != 0 {
		e = copying
	}
	each(s.params, func(n int) {
		if n == 4 || n == 5 {
			t.note(e, n == 5)
		}
	})
}

// style notes a sequence about colours and the like (SGR).
func (t *traces) style(s sequence) {
	t.note(styled, !zero(s.params))
	each(s.params, func(n int) {
		if n >= 10 && n <= 19 {
			t.note(font, n > 10)
		}
	})
}

// undo returns the bytes that end all noted states.
func (t *traces) undo() []byte {
	var b strings.Builder
	end := func(of effect, text string) {
		if t.now&of != 0 {
			b.WriteString(text)
		}
	}
	end(printing, "\x1b[4i") // first: a printer would get the rest
	end(copying, "\x1b[?4i")
	if t.keyboard > 0 {
		fmt.Fprintf(&b, "\x1b[<%du", t.keyboard)
	}
	end(keyFlags, "\x1b[=0u")
	end(keyCodes, "\x1b[>4m\x1b[>m")
	for _, m := range slices.Backward(t.modes) {
		b.WriteString("\x1b[")
		if m.private {
			b.WriteByte('?')
		}
		final := "l"
		if usual[m] {
			final = "h"
		}
		fmt.Fprintf(&b, "%d%s", m.number, final)
	}
	// A soft reset leaves the cursor where it is, unlike CSI ? 6 l and CSI r. Some terminals
	// know no soft reset: there CSI r between a saved cursor and its return does it. A soft
	// reset switches the wrapping off on some terminals.
	end(margins|origin, "\x1b[!p\x1b7\x1b[r\x1b8")
	end(margins|origin|unwrapped, "\x1b[?7h")
	end(charset, "\x1b(B")
	end(shifted, "\x0f")
	end(font, "\x1b[10m")
	end(styled, "\x1b[m")
	end(keypad, "\x1b>")
	return []byte(b.String())
}
