package cmdline

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

// FuzzComposeHere compares with Windows's own reading of a line.
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

// TestMain prints its arguments if LOCKSTILE_TEST_PRINT is set.
func TestMain(m *testing.M) {
	if os.Getenv("LOCKSTILE_TEST_PRINT") != "" {
		for _, a := range os.Args[1:] {
			os.Stdout.WriteString("<" + a + ">\n")
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// through runs a line by cmd.exe, and returns the arguments of the program at the end.
func through(t *testing.T, shell, line string) []string {
	t.Helper()
	cmd := exec.Command(shell)
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: line}
	cmd.Env = append(os.Environ(), "LOCKSTILE_TEST_PRINT=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v, %s", line, err, out)
	}
	var got []string
	for one := range strings.Lines(string(out)) {
		one = strings.TrimRight(one, "\r\n")
		if strings.HasPrefix(one, "<") {
			got = append(got, strings.TrimSuffix(one[1:], ">"))
		}
	}
	return got
}

// TestThroughCmd checks that arguments come unchanged through a batch file and through
// text for cmd.exe, and that no argument is run.
func TestThroughCmd(t *testing.T) {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		t.Fatal(err)
	}
	shell := filepath.Join(system, "cmd.exe")
	dir := t.TempDir()
	file := filepath.Join(dir, "a batch.cmd")
	if err := os.WriteFile(file, []byte("@\""+os.Args[0]+"\" %*\r\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	mark := filepath.Join(dir, "evil")
	args := []string{"plain", "a b", "a&echo.>" + mark, "b|c", "d>" + mark, "e^f", "(g)", `h\`, `i\\`, "ü", "j;k,l=m"}
	line, err := Batch(shell, file, args)
	if err != nil {
		t.Fatal(err)
	}
	if got := through(t, shell, line); !slices.Equal(got, args) {
		t.Errorf("%q, want %q by %s", got, args, line)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("an argument was run")
	}
	line, ok, err := Text([]string{shell, "/d", "/c", `"` + os.Args[0] + `" "a b" c & "` + os.Args[0] + `" d`})
	if err != nil || !ok {
		t.Fatal(line, err)
	}
	if got := through(t, shell, line); !slices.Equal(got, []string{"a b", "c", "d"}) {
		t.Errorf("%q by %s", got, line)
	}
}
