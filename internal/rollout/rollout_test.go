//go:build unix

package rollout

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func create(t testing.TB) *File {
	t.Helper()
	f, err := Create(t.TempDir(), "0123456789abcdef", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func add(t testing.TB, f *File, payload any) {
	t.Helper()
	if err := f.Append(Item, payload); err != nil {
		t.Fatal(err)
	}
}

// TestTorn cuts a rollout at every byte. The whole lines before the cut are read, and the
// next line stands on a line of its own.
func TestTorn(t *testing.T) {
	f := create(t)
	for i := range 4 {
		add(t, f, map[string]any{"n": i, "text": "ä<b>\n\x1b"})
	}
	f.Close()
	whole, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(f.Path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		again, lines, err := Open(f.Path)
		if err != nil || len(lines) != strings.Count(string(whole[:cut]), "\n") || again.ID != f.ID {
			t.Fatalf("cut at %d: %d lines, %v, %+v", cut, len(lines), err, again)
		}
		add(t, again, 1)
		again.Close()
		if after, err := Read(f.Path); err != nil || len(after) != len(lines)+1 {
			t.Fatalf("cut at %d: %d lines after one more, %v", cut, len(after), err)
		}
	}
}

// TestDamage checks that a damaged line in the middle is an error that names the line, and
// that zeros of a crashed machine are passed over.
func TestDamage(t *testing.T) {
	f := create(t)
	add(t, f, "first")
	f.Close()
	good, _ := os.ReadFile(f.Path)
	for text, want := range map[string]int{
		string(good) + "{\"half\n" + string(good): -1, string(good) + "\x00\x00\x00" + string(good): 2, string(good) + "\x00\x00": 1, "": 0, "\n": -1,
	} {
		if err := os.WriteFile(f.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		lines, err := Read(f.Path)
		var damage *DamageError
		if want < 0 && !errors.As(err, &damage) || want >= 0 && (err != nil || len(lines) != want) {
			t.Errorf("%q: %d lines, %v", text, len(lines), err)
		}
	}
}

// TestOneWriter checks that a second process can't write, and that only the user can read.
func TestOneWriter(t *testing.T) {
	f := create(t)
	if _, _, err := Open(f.Path); !errors.Is(err, ErrBusy) {
		t.Errorf("the error is %v", err)
	}
	add(t, f, "a line")
	if lines, err := Read(f.Path); err != nil || len(lines) != 1 {
		t.Errorf("a reader gets %d lines, %v", len(lines), err)
	}
	for path := f.Path; filepath.Base(filepath.Dir(path)) != "sessions"; path = filepath.Dir(path) {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// TestSecrets checks that secrets in texts and in arguments are removed, that the line
// stays JSON, and that sealed members and big numbers stay as they came.
func TestSecrets(t *testing.T) {
	const token = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
	f := create(t)
	add(t, f, map[string]any{
		"type": "function_call", "id": token, "call_id": token, "encrypted_content": token,
		"arguments": `{"cmd":"curl -H \"Authorization: Bearer ` + token + `\"","id":"` + token + `","password":"tiger17x","n":12345678901234567890}`,
		"output":    "export GITHUB_TOKEN=" + token + "\n\"quoted\"", "list": []any{token, 12345678901234567},
	})
	text, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), token); n != 3 || strings.Contains(string(text), "tiger17x") {
		t.Errorf("the token is there %d times, not only in id, call_id and encrypted_content: %s", n, text)
	}
	lines, err := Read(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Arguments string
		List      []any
	}
	if err := json.Unmarshal(lines[0].Payload, &got); err != nil || !json.Valid([]byte(got.Arguments)) || !strings.Contains(got.Arguments, "12345678901234567890") {
		t.Errorf("%v, arguments %s", err, got.Arguments)
	}
	if !strings.Contains(string(text), "12345678901234567,") && !strings.Contains(string(text), "12345678901234567]") {
		t.Errorf("a number has changed: %s", text)
	}
}

// TestList checks the order of a list, and that names of other files are left out.
func TestList(t *testing.T) {
	home := t.TempDir()
	now := time.Date(2026, 3, 1, 23, 59, 0, 0, time.Local)
	for i, id := range []string{"b", "a", "c"} {
		f, err := Create(home, id, now.Add(time.Duration(i)*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		add(t, f, id)
		add(t, f, "more")
		f.Close()
	}
	for _, name := range []string{"rollout-x.jsonl", "rollout-2026-03-01T00-00-00-.jsonl", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(home, "sessions/2026/03/01", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, err := List(home)
	if err != nil || len(all) != 3 || all[0].ID != "c" || all[1].ID != "a" || all[2].ID != "b" || !all[2].Begun.Equal(now) {
		t.Errorf("%+v, %v", all, err)
	}
	var got []string
	if err := Each(all[0].Path, func(l Line) bool { got = append(got, string(l.Payload)); return false }); err != nil || len(got) != 1 || got[0] != `"c"` {
		t.Errorf("%q, %v", got, err)
	}
}

// TestFullDisk checks that a line that doesn't fit leaves nothing behind.
func TestFullDisk(t *testing.T) {
	if os.Getenv("LOCKSTILE_TEST_FULL") == "" {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		again := exec.Command("sh", "-c", `ulimit -f 8; trap "" XFSZ; exec "$0" -test.run TestFullDisk$`, self)
		again.Env = append(os.Environ(), "LOCKSTILE_TEST_FULL=1")
		if out, err := again.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	f := create(t)
	add(t, f, "fits")
	if err := f.Append(Item, strings.Repeat("x", 1<<20)); err == nil {
		t.Fatal("a line longer than the limit of a file was written")
	}
	add(t, f, "fits too")
	if lines, err := Read(f.Path); err != nil || len(lines) != 2 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}

// FuzzRead checks that any file is lines or damage, and that Open ends at a whole line.
func FuzzRead(f *testing.F) {
	f.Add([]byte("{\"type\":\"x\",\"payload\":1}\n{"))
	f.Add([]byte("\x00\x00\n\n[]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "rollout-2026-03-01T00-00-00-id.jsonl")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		g, lines, err := Open(path)
		if err != nil {
			var damage *DamageError
			if !errors.As(err, &damage) {
				t.Fatal(err)
			}
			return
		}
		add(t, g, "more")
		g.Close()
		if again, err := Read(path); err != nil || len(again) != len(lines)+1 {
			t.Fatalf("%d lines became %d, %v", len(lines), len(again), err)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	f := create(b)
	for b.Loop() {
		add(b, f, map[string]string{"text": strings.Repeat("x", 500)})
	}
}

func BenchmarkRead10000(b *testing.B) {
	f := create(b)
	for i := range 10_000 {
		add(b, f, map[string]string{"text": fmt.Sprint(i, strings.Repeat("x", 500))})
	}
	for b.Loop() {
		if lines, err := Read(f.Path); err != nil || len(lines) != 10_000 {
			b.Fatal(err)
		}
	}
}
