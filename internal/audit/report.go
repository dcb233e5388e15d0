package audit

import "fmt"

// Kinds of problems that Verify finds.
const (
	KindBadLine   = "bad-line"  // not a record of the log: bad JSON, other layout, cut in the middle of the log
	KindTooLong   = "too-long"  // longer than MaxLine
	KindVersion   = "version"   // an unknown layout
	KindEdited    = "edited"    // the line differs from the written line
	KindMissing   = "missing"   // lines before the line were removed
	KindMoved     = "moved"     // the line is not in its place
	KindDuplicate = "duplicate" // the line before, once more
	KindTorn      = "torn"      // the line declares torn bytes that are not before it
	KindTruncated = "truncated" // the end of the log was removed
	KindHead      = "head"      // sandbox.head is missing, damaged or of another log
	KindMore      = "more"      // more problems than are listed
)

// maxProblems bounds the problems that Verify keeps of a hostile log.
const maxProblems = 1000

// Problem is a problem of a log. If two lines disagree and either may be the changed
// line, Line is the first.
type Problem struct {
	Line   int    `json:"line"` // from 1; 0 for no line
	Kind   string `json:"kind"` // a Kind constant
	Detail string `json:"detail"`
}

// String returns the problem on one line.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.Kind + ": " + p.Detail
	}
	return fmt.Sprintf("line %d: %s: %s", p.Line, p.Kind, p.Detail)
}

// Report is the result of Verify. A log holds if Problems is empty. A killed writer
// leaves a torn line. Torn lines are no problem if the next record declares their length
// in bytes, or at the file's end.
type Report struct {
	Lines     int       `json:"lines"` // all lines, with torn lines
	Problems  []Problem `json:"problems"`
	TornLines []int     `json:"torn_lines"`        // line numbers, at most the first 1000
	Unended   []Unended `json:"unended,omitempty"` // running starts, and starts whose lockstile was killed
	FirstSeq  uint64    `json:"first_seq"`         // 0 without a record
	LastSeq   uint64    `json:"last_seq"`
	LastHash  string    `json:"last_hash"` // of the record LastSeq; empty without a record
}

// OK reports whether nothing is wrong.
func (r Report) OK() bool { return len(r.Problems) == 0 }
