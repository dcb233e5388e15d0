//go:build unix

package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/refusal"
)

type note struct {
	Text string `json:"text"`
}

// TestMain makes the test program a writer among many, if the environment says so.
func TestMain(m *testing.M) {
	if dir := os.Getenv("AUDIT_TEST_WRITE"); dir != "" {
		n, _ := strconv.Atoi(os.Getenv("AUDIT_TEST_LINES"))
		if err := writeLines(dir, n); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	m.Run()
}

func writeLines(dir string, n int) error {
	log, err := Open(dir)
	if err != nil {
		return err
	}
	for i := range n {
		if _, err := log.Append(note{fmt.Sprintf("line %d of %d", i, os.Getpid())}); err != nil {
			return err
		}
	}
	return log.Close()
}

// written makes a log of n lines and returns its folder and path.
func written(t *testing.T, n int) (dir, path string) {
	t.Helper()
	dir = t.TempDir()
	if err := writeLines(dir, n); err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, LogName)
}

func verify(t *testing.T, path string) Report {
	t.Helper()
	r, err := VerifyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func lines(t *testing.T, path string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(bytes.Lines(b))
}

func put(t *testing.T, path string, lines [][]byte) {
	t.Helper()
	if err := os.WriteFile(path, bytes.Join(lines, nil), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAppendAndRead(t *testing.T) {
	_, path := written(t, 5)
	r := verify(t, path)
	if !r.OK() || r.Lines != 5 || r.LastSeq != 5 {
		t.Errorf("report %+v", r)
	}
	tail, err := Tail(path, 2)
	if err != nil || len(tail) != 2 || !strings.Contains(string(tail[1]), "line 4 of") {
		t.Errorf("tail %s %v", tail, err)
	}
	var n int
	err = Scan(path, func(line int, raw json.RawMessage) error {
		n++
		if line != n || !json.Valid(raw) {
			t.Errorf("line %d: %s", line, raw)
		}
		return nil
	})
	if err != nil || n != 5 {
		t.Errorf("%d lines scanned, %v", n, err)
	}
}

// TestChangedLines changes a log in each way, at each line, and checks the reported line
// numbers.
func TestChangedLines(t *testing.T) {
	const n = 6
	_, path := written(t, n)
	whole := lines(t, path)
	check := func(what string, changed [][]byte, numbers ...int) {
		t.Helper()
		put(t, path, changed)
		r := verify(t, path)
		if r.OK() {
			t.Errorf("%s: not found", what)
			return
		}
		if !slices.ContainsFunc(r.Problems, func(p Problem) bool { return slices.Contains(numbers, p.Line) }) {
			t.Errorf("%s: %v, want one of the lines %d", what, r.Problems, numbers)
		}
	}
	for i := range n {
		line := i + 1
		edited := slices.Clone(whole)
		edited[i] = bytes.Replace(whole[i], []byte("line"), []byte("lime"), 1)
		check(fmt.Sprintf("line %d edited", line), edited, line)

		removed := slices.Delete(slices.Clone(whole), i, i+1)
		check(fmt.Sprintf("line %d removed", line), removed, line, line-1) // the missing line stood before the line with its number now, or after the last line

		if i > 0 {
			swapped := slices.Clone(whole)
			swapped[i-1], swapped[i] = whole[i], whole[i-1]
			check(fmt.Sprintf("lines %d and %d swapped", line-1, line), swapped, line-1, line)
		}
		doubled := slices.Insert(slices.Clone(whole), i, whole[i])
		check(fmt.Sprintf("line %d doubled", line), doubled, line, line+1)

		cut := slices.Clone(whole)
		cut[i] = append(slices.Clone(whole[i][:len(whole[i])/2]), '\n')
		check(fmt.Sprintf("line %d cut", line), cut, line)

		foreign := slices.Insert(slices.Clone(whole), i, []byte("hello\n"))
		check(fmt.Sprintf("a foreign line %d", line), foreign, line)

		check(fmt.Sprintf("the log ends before line %d", line), whole[:i], i)
	}
	put(t, path, whole)
	if r := verify(t, path); !r.OK() {
		t.Errorf("the untouched log: %v", r.Problems)
	}
}

func TestRemovedLog(t *testing.T) {
	dir, path := written(t, 3)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, path); r.OK() {
		t.Error("a removed log holds")
	}
	// The chain goes on from the head, and the gap stays visible.
	if err := writeLines(dir, 2); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, path); r.OK() {
		t.Error("a log that was begun anew holds")
	}
}

// TestTornTail cuts the log anywhere in its last line, as a kill of the writer would. The
// next writer must go on, and the log must hold.
func TestTornTail(t *testing.T) {
	for _, keep := range []int{1, 5, 20, 100, 150} {
		dir, path := written(t, 3)
		whole := lines(t, path)
		// The cut line was never acknowledged: the head still names the line before.
		head, err := os.ReadFile(filepath.Join(dir, HeadName))
		if err != nil {
			t.Fatal(err)
		}
		if err := writeLines(dir, 1); err != nil {
			t.Fatal(err)
		}
		torn := lines(t, path)[3]
		put(t, path, append(whole, torn[:min(keep, len(torn)-1)]))
		if err := os.WriteFile(filepath.Join(dir, HeadName), head, 0o600); err != nil {
			t.Fatal(err)
		}
		if r := verify(t, path); !r.OK() || len(r.TornLines) != 1 {
			t.Errorf("cut at %d: %+v", keep, r)
		}
		if err := writeLines(dir, 2); err != nil {
			t.Fatal(err)
		}
		r := verify(t, path)
		if !r.OK() || r.LastSeq != 5 || len(r.TornLines) != 1 {
			t.Errorf("cut at %d, then two lines more: %+v", keep, r)
		}
		if got, err := Tail(path, 10); err != nil || len(got) != 5 {
			t.Errorf("cut at %d: %d records, %v", keep, len(got), err)
		}
	}
}

// TestManyWriters lets processes and goroutines write, with own Logs and with a shared
// Log.
func TestManyWriters(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	shared, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), "AUDIT_TEST_WRITE="+dir, "AUDIT_TEST_LINES=100")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
		group.Go(func() {
			if err := writeLines(dir, 100); err != nil {
				t.Error(err)
			}
		})
		group.Go(func() {
			for range 100 {
				if _, err := shared.Append(note{"shared"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if r := verify(t, filepath.Join(dir, LogName)); !r.OK() || r.LastSeq != 1800 || r.Lines != 1800 || len(r.TornLines) != 0 {
		t.Errorf("%+v", r)
	}
}

// TestKilledWriters kills writers at any moment, and checks that the log holds.
func TestKilledWriters(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "AUDIT_TEST_WRITE="+dir, "AUDIT_TEST_LINES=1000000")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, LogName)
		before := size(path)
		for range 10000 {
			if size(path) > before+2000 {
				break
			}
		}
		cmd.Process.Kill()
		cmd.Wait()
	}
	if err := writeLines(dir, 1); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, filepath.Join(dir, LogName)); !r.OK() {
		t.Errorf("%+v", r)
	}
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func TestRecordsThatAreRefused(t *testing.T) {
	log, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for name, record := range map[string]any{
		"no object":      "text",
		"a list":         []int{1},
		"the log's key":  map[string]int{"seq": 1},
		"in other case":  map[string]int{"PREV": 1},
		"too long":       note{strings.Repeat("x", MaxLine)},
		"not marshalled": map[string]any{"f": func() {}},
	} {
		_, err := log.Append(record)
		var r *refusal.Error
		if !errors.As(err, &r) || r.Code != refusal.CodeRecord || r.Stage != refusal.StageRecord {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := log.Append(note{"fine"}); err != nil {
		t.Error(err)
	}
	if r := verify(t, log.Path()); !r.OK() || r.Lines != 1 {
		t.Errorf("%+v", r)
	}
}

// TestHostileText checks that a hostile command line stays on a single line, and
// harmless.
func TestHostileText(t *testing.T) {
	log, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for _, text := range []string{"a\nb", "\x1b]0;title\x07", "\u202e\u200b", "\xff\xfe", `"},{"`, "\x9b31m", strings.Repeat("é", 5000)} {
		if _, err := log.Append(note{text}); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(log.Path())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSuffix(line, "\n"); plain.Text(line) != line {
			t.Errorf("%q is in the log", line)
		}
	}
	if r := verify(t, log.Path()); !r.OK() || r.Lines != 7 {
		t.Errorf("%+v", r)
	}
}
