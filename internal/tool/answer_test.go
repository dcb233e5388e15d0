package tool

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/session"
)

func TestAnswer(t *testing.T) {
	code := 3
	a := Answer{Chunk: "18c597", Wall: 6400 * time.Microsecond, Exit: &code, Tokens: 2, Output: "text"}
	want := "Chunk ID: 18c597\nWall time: 0.0064 seconds\nProcess exited with code 3\nOriginal token count: 2\nOutput:\ntext"
	if a.String() != want {
		t.Errorf("%q", a.String())
	}
	a.Exit, a.Session = nil, 7
	if s := a.String(); !strings.Contains(s, "\nProcess running with session ID 7\n") || strings.Contains(s, "exited") {
		t.Errorf("%q", s)
	}
}

// TestEvictionIsSaid checks that both kinds of answers report an eviction.
func TestEvictionIsSaid(t *testing.T) {
	for _, reply := range []fmt.Stringer{Answer{Evicted: "Session 7 was ended"}, Done{Evicted: "Session 7 was ended"}} {
		if !strings.Contains(reply.String(), "\nSession 7 was ended\n") {
			t.Errorf("%q", reply)
		}
	}
}

// TestTraces checks that each kind of answer tells what happened to the names that the
// command made.
func TestTraces(t *testing.T) {
	traces := Traces{Because: "it made .git again", Denied: []lockstile.Denied{{Path: "/w/.envrc"}, {Path: "/w/.git", Now: "/kept/made"}}, Left: []string{"/w/it's"}}
	for _, reply := range []fmt.Stringer{Answer{Traces: traces}, Done{Traces: traces}, Patched{Traces: traces}} {
		for _, want := range []string{"The command was ended: it made .git again\n", "Removed: /w/.envrc. ", "Taken back: /w/.git is now /kept/made. ", `Not taken back: /w/it's is there`, `: rm -rf '/w/it'\''s'` + "\n"} {
			if !strings.Contains(reply.String(), want) {
				t.Errorf("%q is not in %q", want, reply)
			}
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		out    session.Output
		budget int
		want   string
		all    int
	}{
		{session.Output{}, 10, "", 0},
		{session.Output{Head: []byte("whole")}, 2, "whole", 2},
		{session.Output{Head: []byte("0123456789abcdef")}, 2, "Warning: truncated output (original token count: 4)\n0123…2 tokens truncated…cdef", 4},
		{session.Output{Head: []byte("begin"), Omitted: 100, Tail: []byte("end")}, 100, "begin\n... 100 bytes omitted ...\nend", 27},
		{session.Output{Head: []byte("a\xffb")}, 10, "a\uFFFDb", 1},
		{session.Output{Head: []byte("x")}, 0, "Warning: truncated output (original token count: 1)\n…1 tokens truncated…", 1},
	} {
		if text, all := cut(c.out, c.budget); text != c.want || all != c.all {
			t.Errorf("%+v, %d: %q, %d", c.out, c.budget, text, all)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add([]byte("äöü€𝄞"), []byte("€"), int64(3), 1)
	f.Fuzz(func(t *testing.T, head, tail []byte, omitted int64, budget int) {
		if omitted < 0 || budget < 0 || budget > 1<<20 {
			return
		}
		text, _ := cut(session.Output{Head: head, Tail: tail, Omitted: omitted}, budget)
		if !utf8.ValidString(text) {
			t.Errorf("%q is no UTF-8", text)
		}
		if len(text) > budget*bytesPerToken+120 {
			t.Errorf("%d bytes for %d tokens", len(text), budget)
		}
	})
}
