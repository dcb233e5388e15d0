package usage

import (
	"flag"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestWidth checks that help fits a narrow terminal, and that each command is explained.
func TestWidth(t *testing.T) {
	texts := map[string]string{"help": Overview()}
	for _, c := range All() {
		texts[c.Words()] = c.Help()
		if c.Does == "" || len(c.Does) > width-30 {
			t.Errorf("%s: %q has %d letters", c.Words(), c.Does, len(c.Does))
		}
		for _, f := range c.Flags {
			if f.Does == "" {
				t.Errorf("%s %s is not explained", c.Words(), f.Spelled())
			}
		}
	}
	for name, text := range texts {
		for line := range strings.Lines(text) {
			if line = strings.TrimRight(line, "\n"); utf8.RuneCountInString(line) > width || strings.TrimRight(line, " ") != line {
				t.Errorf("%s: %q has %d columns, or spaces at the end", name, line, utf8.RuneCountInString(line))
			}
		}
	}
}

func TestComplete(t *testing.T) {
	keys := []string{"limits.processes", "sandbox_mode"}
	for _, row := range []struct {
		typed string // words, the last one unfinished
		kind  Kind
		want  string
	}{
		{"r", Words, "resume run"},
		{"takeback ", Words, "restore clear"},
		{"run --sandbox ", Words, "read-only workspace-write danger-full-access"},
		{"run --sandbox=da", Words, "--sandbox=danger-full-access"},
		{"run -c l", Words, "limits.processes="},
		{"run --js", Words, "--json"},
		{"run -C ", Folders, ""},
		{"run ls ", Line, ""},
		{"run -- ", Line, ""},
		{"run --sandbox read-only -- gi", Line, ""},
		{"exec -o ", Files, ""},
		{"explain ", Words, "start run read write connect env"},
		{"explain read ", Files, ""},
		{"completion z", Words, "zsh"},
		{"help caches ", Words, ""},
		{"log ", Words, "verify"},
		{"log -n 3 ", Words, "verify"},
		{"init --from c", Words, "codex claude"},
	} {
		got := Complete(strings.Split(row.typed, " "), keys)
		var words []string
		for _, c := range got.Candidates {
			words = append(words, c.Word)
		}
		if got.Kind != row.kind || strings.Join(words, " ") != row.want {
			t.Errorf("%q: %s %q, want %s %q", row.typed, got.Kind, words, row.kind, row.want)
		}
	}
	if got := Complete([]string{"run", "--sandbox", "read-only", "--", "git", "st"}, nil); got.From != 4 {
		t.Errorf("the line begins at %d", got.From)
	}
	if got := Complete([]string{"run", "git", "st"}, nil); got.From != 1 {
		t.Errorf("the line begins at %d", got.From)
	}
}

func FuzzComplete(f *testing.F) {
	f.Add("run --sandbox re")
	f.Add("run -- ls -")
	f.Add("help x=")
	f.Fuzz(func(t *testing.T, typed string) {
		words := strings.Split(typed, " ")
		if c := Complete(words, []string{"a.b"}); c.From < 0 || c.From >= len(words) {
			t.Errorf("%q: %+v", typed, c)
		}
	})
}

func TestMended(t *testing.T) {
	for typed, want := range map[string]string{
		"--network -- ls":     "-c sandbox_workspace_write.network_access=true -- ls",
		"--net=none -- ls":    "-- ls",
		"--sanbox=read-only":  "--sandbox=read-only",
		"--sandbox readonly":  "--sandbox read-only",
		"--sandbox=yolo ls":   "--sandbox danger-full-access ls",
		"--mode ro ls":        "--sandbox read-only ls",
		"--cd /x ls":          "-C /x ls",
		"--cwd=/x ls":         "-C /x ls",
		"--timeout 5 ls":      "-c limits.wall_seconds=5 ls",
		"--add-dir /d -- ls":  `-c sandbox_workspace_write.writable_roots=["/d"] -- ls`,
		"--josn ls --josn":    "--json ls --josn",
		"--colour ls":         "",
		"--sandbox qqqqq ls":  "",
		"-x ls":               "",
		"--json=maybe -- ls":  "",
		"--sandbox":           "",
		"--json -- --network": "no mistake",
	} {
		set := flag.NewFlagSet("run", flag.ContinueOnError)
		set.SetOutput(io.Discard)
		set.Func("sandbox", "", func(v string) error {
			if !slices.Contains([]string{"read-only", "workspace-write", "danger-full-access"}, v) {
				return io.EOF
			}
			return nil
		})
		set.String("C", "", "")
		set.String("c", "", "")
		set.Bool("json", false, "")
		args := strings.Fields(typed)
		err := set.Parse(args)
		if err == nil {
			if want != "no mistake" {
				t.Errorf("%q has no mistake", typed)
			}
			continue
		}
		m := Wrong(set, err, args)
		got := ""
		if m.Proposal != "" {
			got = strings.Join(m.Mended(args), " ")
		}
		if got != want || m.Said == nil {
			t.Errorf("%q: %q, want %q (%v)", typed, got, want, m.Said)
		}
	}
}
