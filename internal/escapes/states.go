package escapes

// step takes a character through the present state. raw are the character's bytes, c is
// the code.
func (f *Filter) step(raw []byte, c rune) {
	switch f.state {
	case ground:
		f.inGround(raw, c)
	case escape:
		f.inEscape(raw, c)
	case csi, dropCSI:
		f.inCSI(raw, c)
	default:
		f.inString(raw, c)
	}
}

func (f *Filter) inGround(raw []byte, c rune) {
	switch {
	case c == 0x1b:
		f.begin(escape, raw)
	case isIntroducer(c):
		f.introduce(raw, byte(c-0x40))
	default:
		f.seen.control(c)
		f.out = append(f.out, raw...)
	}
}

// begin starts a sequence. Bytes already withheld stay in front: an earlier sequence,
// broken off by the new sequence, with the same decision.
func (f *Filter) begin(s state, raw []byte) {
	f.state, f.esc = s, false
	f.seq = append(f.seq, raw...)
	f.norm = f.norm[:0]
	if len(f.seq) > maxSeq {
		f.dropped()
		f.seq = append(f.seq[:0], raw...)
	}
}

// introduce goes on from ESC c, or from the C1 control that is the 8-bit form.
func (f *Filter) introduce(raw []byte, c byte) {
	switch c {
	case '[':
		f.begin(csi, raw)
	case ']':
		f.begin(osc, raw)
	case 'P':
		f.begin(dcs, raw)
	case '_':
		f.begin(apc, raw)
	default: // SOS, PM: no terminal reads the content
		f.seq = append(f.seq, raw...)
		f.pass()
	}
}

// isIntroducer reports whether c is a C1 control that begins a sequence: DCS, SOS, CSI,
// OSC, PM or APC.
func isIntroducer(c rune) bool {
	return c == 0x90 || c == 0x98 || c == 0x9b || c >= 0x9d && c <= 0x9f
}

// pass ends the present sequence and lets the sequence through.
func (f *Filter) pass() {
	f.out = append(f.out, f.seq...)
	f.reset(ground)
}

// drop ends and drops the present sequence; s is the state for the rest of the sequence.
func (f *Filter) drop(s state) {
	f.dropped()
	f.reset(s)
}

// dropped counts a dropped sequence, at each place that leaves something out.
func (f *Filter) dropped() {
	f.drops++
	if f.marks {
		f.out = append(f.out, 0x18)
	}
}

// interrupted handles the characters that break off any sequence. A stray C1 control
// begins a sequence on some terminals and does nothing on others. Therefore the sequence
// before is dropped: the sequence must not go on behind the control.
func (f *Filter) interrupted(raw []byte, c rune) bool {
	switch {
	case c == 0x18 || c == 0x1a: // CAN, SUB
		f.abandon()
		f.out = append(f.out, raw...)
	case isIntroducer(c):
		f.abandon()
		f.introduce(raw, byte(c-0x40))
	default:
		return false
	}
	return true
}

func (f *Filter) abandon() {
	if len(f.seq) > 0 {
		f.dropped()
	}
	f.reset(ground)
}

func (f *Filter) inEscape(raw []byte, c rune) {
	if f.interrupted(raw, c) {
		return
	}
	switch {
	case c == 0x1b:
		f.begin(escape, raw)
	case c < 0 || c > 0x7e:
		if c == 0x7f {
			f.hold(raw)
			return
		}
		f.abandon()
		f.inGround(raw, c)
	case c < 0x20:
		f.seen.control(c) // a terminal acts on the character at once, and then reads on
		f.hold(raw)
	case c < 0x30:
		f.norm = append(f.norm, byte(c))
		f.hold(raw)
	case len(f.norm) > 0:
		f.endEscape(raw, byte(c))
	case c == '[' || c == ']' || c == 'P' || c == '_':
		f.introduce(raw, byte(c))
	default:
		f.endEscape(raw, byte(c))
	}
}

func (f *Filter) endEscape(raw []byte, final byte) {
	f.seq = append(f.seq, raw...)
	switch {
	case len(f.norm) > 0 && f.norm[0] == '%' && (len(f.norm) > 1 || final != 'G'):
		f.drop(ground)
		return
	case len(f.norm) == 0:
		f.seen.escape(final)
	default:
		f.seen.designated(f.norm, final)
	}
	f.pass()
}

// hold withholds raw, and drops the whole sequence above the limit.
func (f *Filter) hold(raw []byte) bool {
	f.seq = append(f.seq, raw...)
	if len(f.seq) <= maxSeq {
		return true
	}
	switch f.state {
	case escape:
		f.drop(ground)
	case csi:
		f.drop(dropCSI)
	default:
		f.drop(dropping)
	}
	return false
}

func (f *Filter) inCSI(raw []byte, c rune) {
	if f.interrupted(raw, c) {
		return
	}
	final := c >= 0x40 && c <= 0x7e
	switch {
	case c == 0x1b:
		f.begin(escape, raw)
	case f.state == dropCSI:
		if final {
			f.reset(ground)
		}
	case !final:
		// Other bytes have no place here. Some terminals end the sequence at such a byte,
		// others do not: the bytes count as nothing.
		if c >= 0x20 && c < 0x40 {
			f.norm = append(f.norm, byte(c))
		}
		f.seen.control(c)
		f.hold(raw)
	default:
		f.seq = append(f.seq, raw...)
		s := parseCSI(f.norm, byte(c))
		if s.dropped() {
			f.drop(ground)
			return
		}
		f.seen.csi(s)
		f.pass()
	}
}

// inString reads osc, dcs, apc and dropping.
func (f *Filter) inString(raw []byte, c rune) {
	if f.esc {
		f.afterStringEscape(raw, c)
		return
	}
	if f.interrupted(raw, c) {
		return
	}
	switch {
	case c == 0x1b:
		f.esc = true
	case c == 0x9c:
		f.endString(raw)
	case c == 0x07 && (f.state == osc || f.state == dropping):
		f.endString(raw)
	case f.state == dropping:
	case c >= 0x80 || c < 0 && !f.inPayload():
		f.abandon()
		f.inGround(raw, c)
	default:
		f.collect(raw, c)
	}
}

// inPayload reports whether text is allowed here: after the number of an OSC string, or
// in a request, which is then refused because of the text.
func (f *Filter) inPayload() bool {
	for _, c := range f.norm {
		if c == ';' || c > '9' {
			return true
		}
	}
	return false
}

func (f *Filter) collect(raw []byte, c rune) {
	switch {
	case c < 0:
		f.norm = append(f.norm, raw...)
	case c >= 0x20 && c < 0x7f:
		f.norm = append(f.norm, byte(c))
	}
	if f.hold(raw) && c != 0x7f && (c < 0 || c >= 0x20) {
		f.settle(false)
	}
}

// afterStringEscape reads the character after an ESC in a string: \ ends the string, any
// other character means that the ESC began another sequence.
func (f *Filter) afterStringEscape(raw []byte, c rune) {
	f.esc = false
	if c == '\\' {
		f.endString([]byte{0x1b, '\\'})
		return
	}
	if f.state == dcs && f.depth < maxDepth {
		// screen passes sequences to the outer terminal in this form.
		f.enterWrapper(false, true)
		f.esc = true
		f.run(raw)
		return
	}
	f.begin(escape, []byte{0x1b})
	f.inEscape(raw, c)
}

// endString is the end of a string, by the terminator raw.
func (f *Filter) endString(raw []byte) {
	if f.state == dropping {
		f.reset(ground)
		return
	}
	f.seq = append(f.seq, raw...)
	f.settle(true)
}

// settle decides about a string by the part read so far; ended means that the string is
// complete.
func (f *Filter) settle(ended bool) {
	var v verdict
	switch f.state {
	case osc:
		v = judgeOSC(f.norm, ended)
	case apc:
		v = judgeAPC(f.norm, ended)
	default:
		v = judgeDCS(f.norm, ended)
	}
	switch v {
	case undecided:
	case dropIt:
		if ended {
			f.drop(ground)
		} else {
			f.drop(dropping)
		}
	case wrapTmux, wrap:
		if ended || f.depth >= maxDepth {
			f.pass()
			return
		}
		f.enterWrapper(v == wrapTmux, false)
	default:
		if v == passQuery {
			f.seen.queries.Add(1)
		}
		f.pass()
	}
}

// enterWrapper goes on to the body of a DCS string. headless means that the string had no
// final byte before the body. Then, after something in the body is dropped, the rest must
// not become the head of the string: a CAN breaks the string off.
func (f *Filter) enterWrapper(doubled, headless bool) {
	f.out = append(f.out, f.seq...)
	f.doubled = doubled
	f.inner = &Filter{depth: f.depth + 1, marks: headless, seen: f.seen}
	f.reset(wrapped)
}
