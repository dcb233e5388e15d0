package cmdline

import (
	"testing"

	"golang.org/x/sys/windows"
)

// FuzzComposeHere asks the system itself how it reads a line.
func FuzzComposeHere(f *testing.F) {
	f.Add(`a b`, `c\"`, `\\`)
	f.Add("", `x"y" z`, " ")
	f.Add("ü", "\v", `\"\"`)
	f.Fuzz(func(t *testing.T, name, one, two string) {
		argv := []string{name, one, two}
		line, err := Compose(argv)
		if err != nil {
			return
		}
		got, err := windows.DecomposeCommandLine(line)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range argv {
			if i >= len(got) || got[i] != want && valid(want) {
				t.Fatalf("%q becomes %s, read as %q", argv, line, got)
			}
		}
		if len(got) != len(argv) {
			t.Fatalf("%q becomes %s, read as %q", argv, line, got)
		}
	})
}

// valid reports whether a text survives the way through UTF-16.
func valid(s string) bool {
	u, err := windows.UTF16FromString(s)
	return err == nil && windows.UTF16ToString(u) == s
}
