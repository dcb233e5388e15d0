// Package attest decides whether what was measured is what the policy asks. It
// derives what must be seen from the policy alone, apart from the plan, so that
// one mistake can't be in both. It is pure: it must never read the machine
// itself, start anything, or take a fact that is missing for one that holds.
package attest

import (
	"fmt"

	"github.com/lockstile/lockstile/refusal"
)

// Fact names one thing that is measured, as "whose.what": "command.ns.net",
// "init.status.NoNewPrivs", "trial.mount".
type Fact string

// Evidence is what was measured. A fact that could not be read is not in Facts;
// Unread then says why.
type Evidence struct {
	Facts  map[Fact]string
	Unread map[Fact]error
}

// NewEvidence makes an empty one.
func NewEvidence() *Evidence {
	return &Evidence{Facts: make(map[Fact]string, 64), Unread: map[Fact]error{}}
}

// Set keeps a fact, or why it could not be read.
func (e *Evidence) Set(f Fact, value string, err error) {
	if err != nil {
		delete(e.Facts, f)
		e.Unread[f] = err
		return
	}
	e.Facts[f] = value
}

// Expectation is one fact that must be seen.
type Expectation struct {
	Restriction refusal.Restriction `json:"restriction"` // what does not hold where the fact is another
	Fact        Fact                `json:"fact"`
	Want        string              `json:"want"`
	Or          string              `json:"or,omitempty"`  // another value that will do; "" for none
	Not         bool                `json:"not,omitempty"` // the fact must be anything but Want
}

// Verdict is the outcome of an appraisal. The zero value proves nothing.
type Verdict struct {
	Proven []refusal.Restriction // each with all its expectations met, in order
	Failed []Finding             // in the order of the expectations
}

// Finding is an expectation that is not met.
type Finding struct {
	Expectation
	Got    string
	Unread error // why there is no Got
	Read   bool  // there is a Got
}

// OK reports whether everything that was expected was seen, and something was.
func (v Verdict) OK() bool { return len(v.Failed) == 0 && len(v.Proven) > 0 }

// Appraise compares the evidence with what is expected of it.
func Appraise(expected []Expectation, e *Evidence) Verdict {
	var v Verdict
	failed := map[refusal.Restriction]bool{}
	for _, x := range expected {
		got, ok := e.Facts[x.Fact]
		if ok && x.met(got) {
			continue
		}
		failed[x.Restriction] = true
		v.Failed = append(v.Failed, Finding{Expectation: x, Got: got, Read: ok, Unread: e.Unread[x.Fact]})
	}
	said := map[refusal.Restriction]bool{}
	for _, x := range expected {
		if !failed[x.Restriction] && !said[x.Restriction] {
			said[x.Restriction] = true
			v.Proven = append(v.Proven, x.Restriction)
		}
	}
	return v
}

func (x Expectation) met(got string) bool {
	if x.Not {
		return got != x.Want
	}
	return got == x.Want || x.Or != "" && got == x.Or
}

// Reason says in one sentence what was found in place of what was wanted.
func (f Finding) Reason() string {
	want := fmt.Sprintf("%q", f.Want)
	switch {
	case f.Not:
		want = "anything but " + want
	case f.Or != "":
		want += fmt.Sprintf(" or %q", f.Or)
	}
	switch {
	case f.Read:
		return fmt.Sprintf("%s is %q, wanted %s", f.Fact, f.Got, want)
	case f.Unread != nil:
		return fmt.Sprintf("%s could not be read (%v), wanted %s", f.Fact, f.Unread, want)
	}
	return fmt.Sprintf("%s was not measured, wanted %s", f.Fact, want)
}
