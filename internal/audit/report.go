package audit

import "fmt"

// Kinds of problems that Verify finds.
const (
	KindBadLine   = "bad-line"  // not a record of this log: bad JSON, other layout, cut in the middle of the log
	KindTooLong   = "too-long"  // longer than MaxLine
	KindVersion   = "version"   // a layout that this program does not know
	KindEdited    = "edited"    // the line is not what was written
	KindMissing   = "missing"   // lines before this one were removed
	KindMoved     = "moved"     // the line is not in its place
	KindDuplicate = "duplicate" // the line before, once more
	KindTorn      = "torn"      // what the line says of torn bytes before it does not hold
	KindTruncated = "truncated" // the end of the log was removed
	KindHead      = "head"      // sandbox.head is missing, damaged or of another log
	KindMore      = "more"      // more problems than are listed
)

// maxProblems bounds what a hostile log can make Verify keep.
const maxProblems = 1000

// Problem is one thing that is wrong with a log. Where two lines disagree and
// it cannot be told which of them was changed, Line is the first.
type Problem struct {
	Line   int    `json:"line"` // from 1; 0 where no line is meant
	Kind   string `json:"kind"` // one of the Kind constants
	Detail string `json:"detail"`
}

// String gives the problem on one line.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.Kind + ": " + p.Detail
	}
	return fmt.Sprintf("line %d: %s: %s", p.Line, p.Kind, p.Detail)
}

// Report is what Verify found. A log holds when Problems is empty. Torn lines
// are what a killed writer leaves: they are no problem where the record behind
// them says how many bytes they are, or where they are the file's end.
type Report struct {
	Lines     int       `json:"lines"` // all lines, torn ones too
	Problems  []Problem `json:"problems"`
	TornLines []int     `json:"torn_lines"`        // line numbers, at most the first 1000
	Unended   []Unended `json:"unended,omitempty"` // starts that still run, or whose lockstile was killed
	FirstSeq  uint64    `json:"first_seq"`         // 0 when there is no record
	LastSeq   uint64    `json:"last_seq"`
	LastHash  string    `json:"last_hash"` // of the record LastSeq; empty when there is none
}

// OK reports whether nothing is wrong.
func (r Report) OK() bool { return len(r.Problems) == 0 }
