// Package attest decides whether the evidence is as the policy asks. Package attest makes
// the expectations from the policy alone, apart from the plan, against a mistake in both.
// Package attest is pure, and must never read the machine itself, start anything, or take
// a missing fact for a good one.
package attest

import (
	"fmt"

	"github.com/lockstile/lockstile/refusal"
)

// Fact names a measured property, as "owner.property": "command.ns.net",
// "init.status.NoNewPrivs", "trial.mount".
type Fact string

// Evidence holds the measured facts. An unreadable fact is not in Facts; Unread holds the
// reason.
type Evidence struct {
	Facts  map[Fact]string
	Unread map[Fact]error
}

// NewEvidence makes an empty Evidence.
func NewEvidence() *Evidence {
	return &Evidence{Facts: make(map[Fact]string, 64), Unread: map[Fact]error{}}
}

// Set keeps a fact, or the error of reading the fact.
func (e *Evidence) Set(f Fact, value string, err error) {
	if err != nil {
		delete(e.Facts, f)
		e.Unread[f] = err
		return
	}
	e.Facts[f] = value
}

// Expectation is a required fact.
type Expectation struct {
	Restriction refusal.Restriction `json:"restriction"` // does not hold if the fact differs
	Fact        Fact                `json:"fact"`
	Want        string              `json:"want"`
	Or          string              `json:"or,omitempty"`  // another acceptable value; "" for none
	Not         bool                `json:"not,omitempty"` // the fact must be anything but Want
}

// Verdict is the outcome of an appraisal. The zero value proves nothing.
type Verdict struct {
	Proven []refusal.Restriction // restrictions with all expectations met, in order
	Failed []Finding             // in the order of the expectations
}

// Finding is an unmet expectation.
type Finding struct {
	Expectation
	Got    string
	Unread error // why Got is missing
	Read   bool  // whether Got was read
}

// OK reports whether expectations exist, and the evidence meets all expectations.
func (v Verdict) OK() bool { return len(v.Failed) == 0 && len(v.Proven) > 0 }

// Appraise compares the evidence with the expectations.
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

// Reason returns a sentence with the found and the wanted value.
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
