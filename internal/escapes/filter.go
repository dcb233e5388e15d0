// Package escapes takes those escape sequences out of a terminal's output that would act
// beyond the terminal's screen: clipboard, typed input, files. The package must never
// change text, and never let a sequence through that it could not decide.
package escapes

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf8"
)

// Filter is an io.Writer that passes terminal output on byte for byte, except
// for the sequences that act on the user's terminal beyond drawing:
//
//   - clipboard: OSC 52 (set, and the query, which would hand the user's
//     clipboard to the command), OSC 5522, OSC 1337/50 Copy, CopyToClipboard
//     and EndCopy;
//   - reports that carry text chosen by the command back as typed input: CSI
//     20 t and CSI 21 t (titles), OSC 50 ? (font), OSC 1337 ReportVariable,
//     DECRQSS with anything but a setting's name, XTGETTCAP with anything but
//     hexadecimal digits, CSI 200 ~ and CSI 201 ~ (the marks of pasted text);
//   - stored input: DECUDK (text put on keys), DECDMAC (macros, which would
//     carry any of these sequences in another spelling);
//   - file transfer: OSC 1337 File, MultipartFile, FilePart, FileEnd and
//     RequestUpload, OSC 5113, kitty graphics (APC G) that name a file or
//     shared memory, DCS @kitty-...;
//   - command channels: OSC 83 (screen), DCS 1000 p and 2000 p (tmux and ssh
//     integration, whose lines carry sequences in another spelling);
//   - ESC % other than ESC % G: after it a terminal reads bytes in another
//     encoding than this filter does.
//
// Questions with a fixed answer (device attributes, status, cursor position,
// colours, modes, ENQ) pass; Queries counts them, so that answers which are
// still on their way at the end can be thrown away.
//
// All of this holds for the 7-bit forms, for 8-bit C1 controls (a byte 0x80 to
// 0x9f which is not part of a valid UTF-8 character) and for C1 controls
// encoded in UTF-8, at any split into writes, and inside the pass-through
// wrappers of tmux and screen. A terminal that does not read UTF-8 sees C1
// controls in the bytes of ordinary characters: that is not covered.
//
// A sequence that cannot be decided is withheld until it can be. One that is
// longer than 4 KiB undecided, broken off by CAN, SUB, a stray C1 control or a
// character that has no place in it, or not finished at Close, is dropped: a terminal would not act on it as a whole,
// and half of it could join with later text to one that is to be dropped.
//
// The zero value is not usable; but for Queries, a Filter is not safe for
// concurrent use.
type Filter struct {
	dst   io.Writer
	allow bool

	state state
	esc   bool   // in a string: ESC came, the next byte tells what it was
	seq   []byte // the bytes withheld, as they came
	norm  []byte // what counts of the present sequence, control characters left out
	carry []byte // the beginning of a UTF-8 character
	out   []byte // what this write passes on

	inner   *Filter // reads the body of a DCS string
	doubled bool    // the body has each ESC twice, as tmux wants it
	depth   int
	marks   bool // put CAN where something was dropped
	drops   int
	seen    *traces
}

type state uint8

const (
	ground   state = iota
	escape         // after ESC, and its intermediate bytes
	csi            // after CSI, up to the final byte
	osc            // a string, withheld until it is decided
	dcs            // likewise
	apc            // likewise
	dropping       // a string, dropped up to its end
	dropCSI        // a control sequence, dropped up to its end
	wrapped        // the body of a DCS string, read by inner
)

const (
	maxSeq   = 4096 // bytes withheld for one decision
	maxDepth = 3    // wrappers within wrappers; deeper ones are read as text, in which sequences are still seen
	keepOut  = 1 << 18
)

// NewFilter returns a Filter that writes to dst. With allow set, every byte is
// passed as it came; questions and modes are still noted.
func NewFilter(dst io.Writer, allow bool) *Filter {
	return &Filter{dst: dst, allow: allow, seen: &traces{}}
}

// Write passes p on, less what is dropped or still undecided. It returns
// len(p) unless the underlying writer fails; then the error is that writer's
// and the filter must not be used any more.
func (f *Filter) Write(p []byte) (int, error) {
	if f.state == ground && len(f.carry) == 0 && plain(p) == len(p) {
		return f.dst.Write(p)
	}
	f.run(p)
	pass := f.out
	if f.allow {
		pass = p
	}
	err := f.emit(pass)
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close ends the stream: an unfinished character is passed on, an unfinished
// sequence is dropped. It does not close the underlying writer.
func (f *Filter) Close() error {
	f.cut()
	if f.allow {
		f.out = f.out[:0]
		return nil
	}
	return f.emit(f.out)
}

// Queries is the number of sequences passed so far that a terminal answers by
// typing. Other goroutines may call it.
func (f *Filter) Queries() int { return int(f.seen.queries.Load()) }

// Dropped is the number of sequences dropped so far. With allow set it is the
// number that would have been.
func (f *Filter) Dropped() int { return f.drops }

// Undo returns the bytes that switch off again what the output has switched on
// and left on: mouse and focus reports, bracketed paste, the alternate screen,
// a hidden cursor and the like. It is empty when there is nothing to undo.
func (f *Filter) Undo() []byte { return f.seen.undo() }

func (f *Filter) emit(p []byte) error {
	var err error
	if len(p) > 0 {
		_, err = f.dst.Write(p)
	}
	if cap(f.out) > keepOut {
		f.out = nil
	}
	f.out = f.out[:0]
	return err
}

// run takes p through the states, byte by byte or character by character, so
// that the outcome does not depend on how the stream is cut into writes.
func (f *Filter) run(p []byte) {
	if len(f.carry) > 0 {
		p = append(f.carry, p...)
		f.carry = nil
	}
	for len(p) > 0 {
		if f.state == ground {
			n := plain(p)
			f.out = append(f.out, p[:n]...)
			if p = p[n:]; len(p) == 0 {
				return
			}
		}
		if f.state == wrapped {
			p = p[f.inWrapper(p):]
			continue
		}
		n, c := character(p)
		if n == 0 {
			f.carry = append([]byte(nil), p...)
			return
		}
		f.step(p[:n], c)
		p = p[n:]
	}
}

// cut is the end of the stream, or of the wrapper that f reads.
func (f *Filter) cut() {
	if f.inner != nil {
		f.inner.cut()
		f.takeInner()
	}
	if f.state != ground && f.state != wrapped && len(f.seq) > 0 {
		f.dropped()
	}
	f.reset(ground)
	f.out = append(f.out, f.carry...)
	f.carry = nil
}

// reset forgets the present sequence and goes to state s.
func (f *Filter) reset(s state) {
	f.state, f.esc = s, false
	f.seq, f.norm = f.seq[:0], f.norm[:0]
	if s != wrapped {
		f.inner = nil
	}
}

// character finds the first character of p: its length, and its code where it
// is ASCII or a C1 control (in one byte, or two in UTF-8), else text. A length
// of 0 means that p ends within a character.
func character(p []byte) (n int, c rune) {
	if p[0] < utf8.RuneSelf {
		return 1, rune(p[0])
	}
	r, n := utf8.DecodeRune(p)
	switch {
	case r == utf8.RuneError && n == 1:
		if !utf8.FullRune(p) {
			return 0, 0
		}
		if p[0] <= 0x9f {
			return 1, rune(p[0])
		}
		return 1, text
	case r <= 0x9f:
		return n, r
	}
	return n, text
}

// text stands for every character that is neither ASCII nor a C1 control.
const text rune = -1

// plain is the length of the longest prefix of p that is text: without ESC,
// ENQ, C1 controls and broken characters. Eight bytes of ASCII are looked at in
// one step, by the usual "has a zero byte" trick: it finds each byte looked
// for, and nothing in a word that has none.
func plain(p []byte) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	i := 0
	for {
		for ; i+8 <= len(p); i += 8 {
			w := binary.LittleEndian.Uint64(p[i:])
			e, q := w^(ones*0x1b), w^(ones*0x05)
			if (w|((e-ones)&^e)|((q-ones)&^q))&highs != 0 {
				break
			}
		}
		for i < len(p) && p[i] != 0x1b && p[i] != 0x05 && p[i] < utf8.RuneSelf {
			i++
		}
		start := i
		for i < len(p) && p[i] >= 0xc3 {
			r, n := utf8.DecodeRune(p[i:])
			if r == utf8.RuneError && n == 1 {
				return i
			}
			i += n
		}
		if i == start {
			return i
		}
	}
}

// inWrapper reads a part of a DCS body and returns its length. Only ESC \ ends
// the body: some terminals know further ends, but then inner, a whole filter,
// sees the rest, while a multiplexer that knows only this one is never ahead.
func (f *Filter) inWrapper(p []byte) int {
	if !f.esc {
		n := bytes.IndexByte(p, 0x1b)
		if n != 0 {
			if n < 0 {
				n = len(p)
			}
			f.feed(p[:n])
			return n
		}
		f.esc = true
		return 1
	}
	switch {
	case p[0] == '\\':
		f.inner.cut()
		f.takeInner()
		f.out = append(f.out, 0x1b, '\\')
		f.reset(ground)
		return 1
	case p[0] == 0x1b && !f.doubled:
		f.feed([]byte{0x1b}) // and the second one may begin the end
		return 1
	case p[0] == 0x1b:
		f.feed([]byte{0x1b})
	case !f.doubled:
		f.feed([]byte{0x1b, p[0]})
	default:
		f.feed(p[:1]) // tmux leaves out a single ESC
	}
	f.esc = false
	return 1
}

func (f *Filter) feed(p []byte) {
	f.inner.run(p)
	f.takeInner()
}

// takeInner moves what inner passed into f's output, with each ESC doubled
// again where the wrapper wants it so.
func (f *Filter) takeInner() {
	in := f.inner
	f.drops += in.drops
	in.drops = 0
	if !f.doubled {
		f.out = append(f.out, in.out...)
	} else {
		for _, c := range in.out {
			if c == 0x1b {
				f.out = append(f.out, c)
			}
			f.out = append(f.out, c)
		}
	}
	in.out = in.out[:0]
}
