// Package escapes removes escape sequences from a terminal's output that would act beyond
// the terminal's screen: on clipboard, typed input, files. Package escapes must never
// change text, and never let an undecided sequence through.
package escapes

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf8"
)

// Filter is an io.Writer that passes terminal output on byte for byte, except the
// sequences that act on the user's terminal beyond drawing:
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
//   - ESC % other than ESC % G: afterwards a terminal reads bytes in another
//     encoding than the Filter; CSI ? 2 l: afterwards a terminal reads the
//     sequences of a VT52.
//
// Questions with a fixed answer (device attributes, status, cursor position,
// colours, modes, ENQ) pass; Queries counts the questions, to let the caller throw away
// answers that are still on their way at the end.
//
// The Filter handles the 7-bit forms, 8-bit C1 controls (a byte 0x80 to 0x9f outside of
// a valid UTF-8 character) and C1 controls encoded in UTF-8, at any split into writes,
// and inside the pass-through wrappers of tmux and screen. A terminal that does not read
// UTF-8 sees C1 controls in the bytes of ordinary characters: the Filter does not cover
// such terminals.
//
// The Filter withholds a sequence until a decision is possible. The Filter drops a
// sequence that is longer than 4 KiB undecided, broken off by CAN, SUB, a stray C1
// control or a misplaced character, or unfinished at Close: a terminal would not act on
// the whole sequence, and half of the sequence could join with later text to a forbidden
// sequence.
//
// The zero value is not usable. Except Queries, a Filter is not safe for concurrent
// use.
type Filter struct {
	dst   io.Writer
	allow bool

	state state
	esc   bool   // in a string: ESC came, the next byte decides
	seq   []byte // the withheld bytes, unchanged
	norm  []byte // the significant bytes of the present sequence, without control characters
	carry []byte // the beginning of a UTF-8 character
	out   []byte // the output of this write

	inner   *Filter // reads the body of a DCS string
	doubled bool    // the body has each ESC twice, as tmux requires
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
	osc            // a string, withheld until decided
	dcs            // likewise
	apc            // likewise
	dropping       // a string, dropped up to the end
	dropCSI        // a control sequence, dropped up to the end
	wrapped        // the body of a DCS string, read by inner
)

const (
	maxSeq   = 4096 // bytes withheld for one decision
	maxDepth = 3    // wrappers within wrappers; deeper wrappers are read as text, and sequences in the text still count
	keepOut  = 1 << 18
)

// NewFilter returns a Filter that writes to dst. With allow, every byte passes unchanged;
// questions and modes are still noted.
func NewFilter(dst io.Writer, allow bool) *Filter {
	return &Filter{dst: dst, allow: allow, seen: &traces{}}
}

// Write passes p on, except dropped and undecided sequences. Write returns len(p) unless
// the underlying writer fails; then Write returns the writer's error, and the filter must
// not be used any more.
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

// Close ends the stream: an unfinished character passes, an unfinished sequence is
// dropped. Close does not close the underlying writer.
func (f *Filter) Close() error {
	f.cut()
	if f.allow {
		f.out = f.out[:0]
		return nil
	}
	return f.emit(f.out)
}

// Queries is the number of passed sequences that a terminal answers by typing. Any
// goroutine may call Queries.
func (f *Filter) Queries() int { return int(f.seen.queries.Load()) }

// Dropped is the number of dropped sequences. With allow, Dropped counts the sequences
// that would have been dropped.
func (f *Filter) Dropped() int { return f.drops }

// Undo returns the bytes that end the states in which the output has left the terminal:
// mouse and focus reports, bracketed paste, the alternate screen, a hidden cursor, a
// locked keyboard, other characters and colours, a printer in place of the screen and the
// like. Undo returns no bytes if the terminal is in its usual state.
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

// run takes p through the states, byte by byte or character by character: the outcome
// does not depend on the cuts between writes.
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

// cut is the end of the stream, or of f's wrapper.
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

// character finds the first character of p: the length, and the code of ASCII or of a C1
// control (in one byte, or two in UTF-8), otherwise text. A length of 0 means that p ends
// within a character.
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

// plain returns the length of the longest prefix of p that is text: without ESC, ENQ, SO,
// SI, C1 controls and broken characters. plain looks at eight bytes of ASCII in a single step,
// with the usual trick to find a zero byte: the trick finds each special byte, and finds
// nothing in a word without special bytes.
func plain(p []byte) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	i := 0
	for {
		for ; i+8 <= len(p); i += 8 {
			w := binary.LittleEndian.Uint64(p[i:])
			e, q, s := w^(ones*0x1b), w^(ones*0x05), (w|ones)^(ones*0x0f)
			if (w|((e-ones)&^e)|((q-ones)&^q)|((s-ones)&^s))&highs != 0 {
				break
			}
		}
		for i < len(p) && p[i] != 0x1b && p[i] != 0x05 && p[i]|1 != 0x0f && p[i] < utf8.RuneSelf {
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

// inWrapper reads a part of a DCS body and returns the length of the part. Only ESC \
// ends the body. Some terminals know other ends; for them inner, a whole filter, sees the
// rest. A multiplexer that knows only ESC \ is never ahead.
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
		f.feed([]byte{0x1b}) // and the second ESC may begin the end
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

// takeInner moves the output of inner into f's output, and doubles each ESC again if the
// wrapper requires doubling.
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
