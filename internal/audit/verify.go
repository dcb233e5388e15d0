package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/lockstile/lockstile/internal/filelock"
)

// Verify reads a log as a stream and reports the state of the chain. Verify cannot notice
// whole lines missing at the end: VerifyFile can. The error is a read error; problems of
// the log are in the Report.
func Verify(r io.Reader) (Report, error) {
	v := verifier{last: mark{hash: zeroHash}}
	err := v.read(r)
	return v.report, err
}

// VerifyFile verifies the log at path against its head. The head has the log's name with
// .head in place of .log. The log may grow meanwhile: VerifyFile verifies the lines up to
// the size at the beginning. A missing log with an existing head is reported as
// truncated; without both, the error is fs.ErrNotExist.
func VerifyFile(path string) (Report, error) {
	headPath := strings.TrimSuffix(path, ".log") + ".head"
	f, err := openReadOnly(path)
	if errors.Is(err, fs.ErrNotExist) {
		return verifyMissing(headPath, err)
	}
	if err != nil {
		return Report{}, err
	}
	defer f.Close()
	size, head, headErr, err := snapshot(f, headPath)
	if err != nil {
		return Report{}, err
	}
	v := verifier{last: mark{hash: zeroHash}, head: head}
	if err := v.read(io.NewSectionReader(f, 0, size)); err != nil {
		return v.report, fmt.Errorf("read %s: %w", path, err)
	}
	if size > 0 && headErr != nil {
		v.add(0, KindHead, "whether the log's end is whole cannot be told: %v", headErr)
	}
	return v.report, nil
}

func verifyMissing(headPath string, missing error) (Report, error) {
	head, err := loadHead(headPath)
	if err != nil || head.seq == 0 {
		return Report{}, missing
	}
	v := verifier{head: head}
	v.checkHead()
	return v.report, nil
}

// snapshot reads size and head at the same moment: between two appends.
func snapshot(f *os.File, headPath string) (size int64, head *mark, headErr, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return 0, nil, nil, fmt.Errorf("%s is not a regular file", f.Name())
	}
	if err := lockFile(f, true, lockPatience); err != nil {
		return 0, nil, nil, err
	}
	defer filelock.Release(f)
	if info, err = f.Stat(); err != nil {
		return 0, nil, nil, err
	}
	head, headErr = loadHead(headPath)
	return info.Size(), head, headErr, nil
}

func loadHead(path string) (*mark, error) {
	f, _, err := openRead(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, ok := readHead(f)
	if !ok {
		return nil, fmt.Errorf("%s is damaged", path)
	}
	return &m, nil
}

// verifier is the state of the walk through the lines.
type verifier struct {
	report  Report
	head    *mark // nil without a head
	dropped int   // number of unlisted problems

	last     mark // the record that the next record must follow
	lastLine int
	junk     []junkLine // lines since last that are no records, at most maxProblems
	junkSize int64      // bytes of all junk lines, with newlines

	headLine int    // line of the record named by the head; 0 if not met
	off      int    // index+1 in Problems of the last record's wrong seq; 0 for a right seq
	mended   uint64 // the next record's seq, if only the last seq was wrong
	gap      gap
	pairs    pairing
}

type junkLine struct {
	line  int
	torn  bool // whether the line may be the beginning of a record
	ended bool
	kind  string
	why   string
}

// gap is the last place with missing numbers.
type gap struct {
	problem  int // index in Problems
	line     int
	from, to uint64
}

func (v *verifier) read(r io.Reader) error {
	lines := newForward(r)
	for {
		line, err := lines.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		v.report.Lines++
		v.line(line)
	}
	v.endJunk()
	v.checkHead()
	v.report.Unended = v.pairs.list()
	if v.dropped > 0 {
		v.report.Problems = append(v.report.Problems, Problem{Kind: KindMore, Detail: fmt.Sprintf("%d more problems are not listed", v.dropped)})
	}
	return nil
}

// line takes the next line, of any kind.
func (v *verifier) line(line textLine) {
	n := v.report.Lines
	if line.long {
		v.addJunk(line, junkLine{line: n, kind: KindTooLong, why: fmt.Sprintf("it has %d bytes", line.end-line.start)})
		return
	}
	rec, err := parseRecord(line.text)
	if rec.version > version {
		v.add(n, KindVersion, "its layout has version %d, known is version %d", rec.version, version)
	}
	if err != nil {
		v.addJunk(line, junkLine{line: n, kind: KindBadLine, why: err.Error(), torn: looksTorn(line.text)})
		return
	}
	if !line.ended {
		v.torn(n) // the next append writes the newline
	}
	v.settleJunk(rec)
	v.pairs.meet(rec, line.text)
	here := mark{seq: rec.seq, hash: hashLine(line.text), end: line.end}
	v.chain(rec, here)
	v.meetHead(here, line)
}

func (v *verifier) addJunk(line textLine, j junkLine) {
	j.ended = line.ended
	v.junkSize += line.end - line.start
	if len(v.junk) < maxProblems {
		v.junk = append(v.junk, j)
	}
}

// settleJunk decides about the lines before rec: if rec declares their length, they are
// torn lines.
func (v *verifier) settleJunk(rec record) {
	declared := rec.torn > 0 && rec.torn == v.junkSize
	for _, j := range v.junk {
		if declared && j.torn {
			v.torn(j.line)
		} else {
			v.add(j.line, j.kind, "not a record: %s", j.why)
		}
	}
	if rec.torn != v.junkSize && rec.torn > 0 {
		v.add(v.report.Lines, KindTorn, "it says that %d torn bytes are before it, there are %d", rec.torn, v.junkSize)
	}
	if declared {
		v.junk = v.junk[:0] // torn lines stand for no record
	}
}

// endJunk decides about the lines after the last record. Only a kill in the middle of
// mending a torn line leaves a torn line with a newline. endJunk believes in the kill
// only with a head, since the head would contradict a removed record.
func (v *verifier) endJunk() {
	for _, j := range v.junk {
		if j.torn && (!j.ended || v.head != nil) {
			v.torn(j.line)
		} else {
			v.add(j.line, j.kind, "not a record: %s", j.why)
		}
	}
}

// meetHead compares the record named by the head with the head.
func (v *verifier) meetHead(here mark, line textLine) {
	if v.head == nil || here.seq != v.head.seq || v.headLine != 0 && here.hash != v.head.hash {
		return
	}
	v.headLine = v.report.Lines
	if here.hash == v.head.hash && line.ended && here.end != v.head.end && v.report.OK() {
		v.add(v.report.Lines, KindHead, "the line ends at byte %d, the head says %d", here.end, v.head.end)
	}
	if here.hash != v.head.hash {
		v.add(v.report.Lines, KindEdited, "it is not the line that was written with seq %d", here.seq)
	}
}

// checkHead compares the end of the log with the head's last record.
func (v *verifier) checkHead() {
	if v.head == nil || v.headLine != 0 || v.head.seq <= v.report.LastSeq {
		return // a kill between the two writes leaves a head that is behind
	}
	v.add(v.report.Lines, KindTruncated, "the log ends at seq %d but %d was written", v.report.LastSeq, v.head.seq)
}

func (v *verifier) torn(line int) {
	if len(v.report.TornLines) < maxProblems {
		v.report.TornLines = append(v.report.TornLines, line)
	}
}

func (v *verifier) add(line int, kind, format string, args ...any) {
	if len(v.report.Problems) >= maxProblems {
		v.dropped++
		return
	}
	v.report.Problems = append(v.report.Problems, Problem{Line: line, Kind: kind, Detail: fmt.Sprintf(format, args...)})
}
