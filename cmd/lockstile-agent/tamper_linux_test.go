package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/model/standin"
)

// joint is a world with one session, its rollout, and the log.
type joint struct {
	*world
	rollout, log   string
	lines, records [][]byte
}

// newJoint makes a world in which a session has run two commands and a patch.
func newJoint(t *testing.T) *joint {
	patch := standin.Custom("apply_patch", "*** Begin Patch\n*** Add File: new\n+x\n*** End Patch")
	w := newWorld(t, standin.Answers(standin.Of(standin.Reasoning("hm"), calls("echo one"), calls("exit 3"), patch), standin.Say("done")))
	w.exec("go").has(t, 0)
	j := &joint{world: w, rollout: w.rollouts()[0], log: filepath.Join(w.home, "sandbox.log")}
	j.lines, j.records = j.read(j.rollout), j.read(j.log)
	return j
}

func (j *joint) read(path string) [][]byte {
	text, err := os.ReadFile(path)
	j.must(err)
	return slices.Collect(bytes.Lines(text))
}

// verify writes both files, and compares what `log verify` says. "" means that all holds.
func (j *joint) verify(what string, lines, records [][]byte, want ...string) {
	j.Helper()
	j.must(os.WriteFile(j.rollout, bytes.Join(lines, nil), 0o600))
	j.must(os.WriteFile(j.log, bytes.Join(records, nil), 0o600))
	r := j.do(j.command(program, "log", "verify"))
	if (r.code == 0) != (len(want) == 0) {
		j.Errorf("%s: exit %d: %s%s", what, r.code, r.out, r.err)
		return
	}
	for _, part := range want {
		if !strings.Contains(r.out+r.err, part) {
			j.Errorf("%s: %q is missing in %s%s", what, part, r.out, r.err)
		}
	}
}

// find returns the index of the first line with all texts.
func (j *joint) find(lines [][]byte, texts ...string) int {
	j.Helper()
	at := slices.IndexFunc(lines, func(line []byte) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !bytes.Contains(line, []byte(text)) })
	})
	if at < 0 {
		j.Fatalf("no line has %q", texts)
	}
	return at
}

func without(lines [][]byte, i int) [][]byte { return slices.Delete(slices.Clone(lines), i, i+1) }

func with(lines [][]byte, i int, line []byte) [][]byte {
	out := slices.Clone(lines)
	out[i] = line
	return out
}

// renumbered gives the lines numbers without a gap, as somebody does who hides a removal.
func renumbered(lines [][]byte) [][]byte {
	out := slices.Clone(lines)
	for i, line := range out {
		out[i] = regexp.MustCompile(`"line":\d+`).ReplaceAll(line, []byte(`"line":`+strconv.Itoa(i+1)))
	}
	return out
}

var seqMember = regexp.MustCompile(`"seq":\d+`)

// TestTamperedJoin changes a session and the log apart from each other. `log verify` must
// name the file, the line, and what is wrong.
func TestTamperedJoin(t *testing.T) {
	j := newJoint(t)
	j.verify("as it was", j.lines, j.records)
	for i := range j.lines[:len(j.lines)-1] {
		j.verify(fmt.Sprintf("without line %d", i+1), without(j.lines, i), j.records, fmt.Sprintf("%s:%d: the line has the number %d", j.rollout, i+1, i+2))
	}
	shows := j.find(j.lines, `"item.completed"`, `"command_execution"`)
	place := fmt.Sprintf("%s:%d: ", j.rollout, shows+1)
	var shown struct {
		Payload struct {
			Item struct {
				CallID  string `json:"call_id"`
				Sandbox struct{ Seq int }
			}
		}
	}
	j.must(json.Unmarshal(j.lines[shows], &shown))
	call, seq := shown.Payload.Item.CallID, shown.Payload.Item.Sandbox.Seq
	start := j.find(j.records, `"event":"start"`, "/"+call+`"`)
	other := j.find(j.lines, `"item.completed"`, `"file_change"`)
	theirs := seqMember.Find(j.lines[other])

	j.verify("the seq of another call", with(j.lines, shows, seqMember.ReplaceAll(j.lines[shows], theirs)), j.records, place, "shows "+strings.ReplaceAll(strings.ReplaceAll(string(theirs), `"`, ""), ":", " "), "answers the call")
	j.verify("a seq behind the log", with(j.lines, shows, seqMember.ReplaceAll(j.lines[shows], []byte(`"seq":9999`))), j.records, place, "seq 9999", "no such answer")
	j.verify("the seq of an end", with(j.lines, shows, seqMember.ReplaceAll(j.lines[shows], []byte(fmt.Sprint(`"seq":`, j.find(j.records, `"event":"end"`)+1)))), j.records, place, "no such answer")
	bare := regexp.MustCompile(`"sandbox":\{[^}]*\},?`).ReplaceAll(j.lines[shows], nil)
	j.verify("no seq", with(j.lines, shows, bare), j.records, place, "shown as started, without a line of the log")
	j.verify("no start line", j.lines, without(j.records, start), "line "+strconv.Itoa(start+1), place, fmt.Sprintf("seq %d, and %s has no such answer", seq, j.log))

	called := j.find(j.lines, `"function_call"`, `"`+call+`"`)
	lacks := fmt.Sprintf("%s:%d: seq %d answers the call", j.log, start+1, seq)
	j.verify("no call", renumbered(without(j.lines, called)), j.records, lacks, "/"+call+", which "+j.rollout+" doesn't have")
	renamed := bytes.ReplaceAll(j.lines[called], []byte(`"`+call+`"`), []byte(`"call_x"`))
	j.verify("another call", with(j.lines, called, renamed), j.records, lacks)
	j.verify("swapped lines", with(with(j.lines, 4, j.lines[5]), 5, j.lines[4]), j.records, j.rollout+":5: the line has the number 6")
	j.verify("a line twice", slices.Insert(slices.Clone(j.lines), 4, j.lines[3]), j.records, j.rollout+":5: the line has the number 4")
	j.verify("a damaged line", with(j.lines, 3, []byte("{\"half\n")), j.records, j.rollout+":4: the line is damaged")

	elsewhere := newJoint(t)
	j.must(os.Rename(filepath.Join(elsewhere.home, "sandbox.head"), filepath.Join(j.home, "sandbox.head")))
	j.verify("the log of another home", j.lines, elsewhere.records, place, "holds", "answers the call")
}

// TestKilledJoin checks that what a kill leaves is no problem: a session that ends behind
// any line from the calls on, with a torn line or without. A session that ends before its
// calls can't have started anything.
func TestKilledJoin(t *testing.T) {
	j := newJoint(t)
	last := j.find(j.lines, `"custom_tool_call"`) // the last call of the answer
	for end := range len(j.lines) + 1 {
		for _, torn := range []string{"", "{\"timestamp\":\"2026"} {
			lines := append(slices.Clone(j.lines[:end]), []byte(torn))
			if end > last {
				j.verify(fmt.Sprintf("%d lines and %q", end, torn), lines, j.records)
			} else {
				j.verify(fmt.Sprintf("%d lines and %q", end, torn), lines, j.records, "doesn't have")
			}
		}
	}
	j.must(os.Remove(j.rollout))
	j.verified() // a session that the user has removed is not missed
}

// manyLines is a session of many lines.
func manyLines(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"timestamp":"","line":%d,"type":"event_msg","payload":{}}`+"\n", i+1)
	}
	return b.Bytes()
}

// TestVerifiedMeanwhile checks the log again and again while a session writes. A long
// session that is read first gives the other one time to write.
func TestVerifiedMeanwhile(t *testing.T) {
	w := newWorld(t, func(r standin.Request) standin.Answer {
		if r.Number > 15 {
			return standin.Say("done")
		}
		script := fmt.Sprint("true ", r.Number)
		return standin.Of(calls(script), calls(script), calls(script), calls(script))
	})
	dir := filepath.Join(w.home, "sessions/2099/01/01")
	w.must(os.MkdirAll(dir, 0o700))
	w.must(os.WriteFile(filepath.Join(dir, "rollout-2099-01-01T00-00-00-long.jsonl"), manyLines(20_000), 0o600))
	cmd := w.command(program, "exec", "go")
	w.must(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for n := 0; ; n++ {
		select {
		case err := <-ended:
			w.must(err)
			if n < 3 {
				t.Errorf("the log was checked %d times alone", n)
			}
			return
		default:
			if _, err := os.Stat(filepath.Join(w.home, "sandbox.log")); err == nil {
				w.verified()
			}
		}
	}
}
