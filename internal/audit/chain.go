package audit

import "fmt"

// chain compares the next record with the record before. After a wrong number chain finds
// its way back: a single change of a file makes one or two problems, not a problem for
// each later line.
func (v *verifier) chain(rec record, here mark) {
	n := v.report.Lines
	want := v.last.seq + 1
	lost := uint64(len(v.junk)) // each unreadable line stands for one number
	v.junk, v.junkSize = v.junk[:0], 0
	off, mended := v.off, v.mended
	v.off = 0
	switch {
	case rec.seq == want:
		v.link(rec, n)
	case off != 0 && rec.seq == mended:
		v.blame(off)
	case rec.seq > want && rec.seq-want == lost: // the unreadable lines are named already
	case rec.seq > want:
		v.wrongSeq(n, want, KindMissing, fmt.Sprintf("%s missing before it", span(want, rec.seq-1)))
		v.gap = gap{problem: len(v.report.Problems) - 1, line: n, from: want, to: rec.seq - 1}
	case here.hash == v.last.hash:
		v.add(n, KindDuplicate, "it is the line before once more (seq %d)", rec.seq)
		return
	default:
		v.moved(n, rec.seq, want)
		return
	}
	v.advance(here, n)
}

// advance makes here the record that the next record must follow.
func (v *verifier) advance(here mark, line int) {
	if v.report.FirstSeq == 0 {
		v.report.FirstSeq = here.seq
	}
	v.last, v.lastLine = here, line
	v.report.LastSeq, v.report.LastHash = here.seq, here.hash
}

// link compares the hash of the record before with prev. After a mismatch either record
// may be the changed record, and link blames the earlier. If the following record does
// not fit the later record either, the later was changed, and link blames the later as
// well.
func (v *verifier) link(rec record, line int) {
	switch {
	case rec.prev == v.last.hash:
	case v.lastLine == 0:
		v.add(line, KindEdited, "it is the first line, but its prev is not 64 zeros")
	default:
		v.add(v.lastLine, KindEdited, "its hash is not the one that line %d has for it", line)
	}
}

// wrongSeq notes a record with a number other than want. If the next record has want+1,
// only this number was wrong.
func (v *verifier) wrongSeq(line int, want uint64, kind, detail string) {
	v.add(line, kind, "its seq is not %d: %s", want, detail)
	if v.dropped == 0 {
		v.off = len(v.report.Problems)
	}
	v.mended = want + 1
}

// blame turns the problem of the line before into a changed number.
func (v *verifier) blame(off int) {
	p := &v.report.Problems[off-1]
	p.Kind = KindEdited
	p.Detail = "its seq was changed: the line behind it goes on with another number"
}

// moved notes a record with an earlier number. The next record must still follow the
// record before.
func (v *verifier) moved(line int, seq, want uint64) {
	g := v.gap
	v.wrongSeq(line, want, KindMoved, fmt.Sprintf("it has seq %d, which belongs further up", seq))
	if g.line != 0 && g.from == g.to && g.from == seq && v.dropped == 0 {
		p := &v.report.Problems[g.problem]
		p.Kind = KindMoved
		p.Detail = fmt.Sprintf("its seq is not %d: that is in line %d", seq, line)
		v.off = 0
	}
}

func span(from, to uint64) string {
	if from == to {
		return fmt.Sprintf("seq %d is", from)
	}
	return fmt.Sprintf("seq %d to %d are", from, to)
}
