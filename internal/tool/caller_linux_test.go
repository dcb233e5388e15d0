package tool

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
	"github.com/lockstile/lockstile/session"
)

// logged is a line of sandbox.log in part.
type logged struct {
	Seq    uint64
	Event  string
	Call   string
	Proven []string
}

// logOf reads the log of a set whose workspace is ws.
func logOf(t *testing.T, ws string) (all []logged) {
	t.Helper()
	f, err := os.Open(filepath.Join(ws, "../home/sandbox.log"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var l logged
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// TestCall checks that the lines of a start and of a refusal have the name of the model's
// call, and that the caller learns the lines' numbers.
func TestCall(t *testing.T) {
	s, ws := opened(t)
	for _, unified := range []bool{true, false} {
		var began []session.Entry
		by := Caller{Ask: nobody, Call: "thread/call_1", Started: func(e session.Entry) { began = append(began, e) }}
		var err error
		if unified {
			_, err = s.Exec(context.Background(), ExecCommand{Cmd: "true"}, by)
		} else {
			_, err = s.Shell(context.Background(), Shell{Command: []string{"true"}}, by)
		}
		if err != nil || len(began) != 1 {
			t.Fatalf("unified %v: %v, %d began", unified, err, len(began))
		}
		r := began[0].Record()
		found := false
		for _, l := range logOf(t, ws) {
			found = found || l.Seq == r.Seq && l.Event == "start" && l.Call == by.Call && len(l.Proven) == r.Proven
		}
		if !found || r.Mode != policy.ModeWorkspaceWrite {
			t.Errorf("unified %v: no line is like %+v", unified, r)
		}
	}
	var why *refusal.Error
	_, err := s.Exec(context.Background(), ExecCommand{Cmd: "true", Escalation: Escalation{SandboxPermissions: "require_escalated"}}, Caller{Ask: nobody, Call: "thread/call_2"})
	if !errors.As(err, &why) {
		t.Fatal(err)
	}
	last := logOf(t, ws)
	if l := last[len(last)-1]; l.Event != "refusal" || l.Call != "thread/call_2" || l.Seq != why.Seq {
		t.Errorf("the last line is %+v; the refusal has number %d", l, why.Seq)
	}
}
