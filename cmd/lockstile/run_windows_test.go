package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// TestMain also runs the test binary as the program.
func TestMain(m *testing.M) {
	if os.Getenv("LOCKSTILE_TEST_BEAT") != "" {
		beat(os.Args[1])
	}
	if name := os.Getenv("LOCKSTILE_TEST_ACT"); name != "" {
		act(name, os.Args[1:])
	}
	if os.Getenv("LOCKSTILE_TEST_MAIN") != "" {
		main()
	}
	os.Exit(m.Run())
}

// beat makes a file grow for as long as the process lives.
func beat(name string) {
	os.Unsetenv("LOCKSTILE_TEST_BEAT")
	for range 3000 {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			os.Exit(1)
		}
		f.WriteString("x")
		f.Close()
		time.Sleep(20 * time.Millisecond)
	}
	os.Exit(0)
}

// TestTreeEndsWithUs checks that killing lockstile ends its command.
func TestTreeEndsWithUs(t *testing.T) {
	p := newPlace(t, `sandbox_mode = "danger-full-access"`)
	file := filepath.Join(p.ws, "beats")
	size := func() int64 {
		info, err := os.Stat(file)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	for _, way := range []string{"--tty=false", "--tty"} {
		cmd := exec.Command(os.Args[0], "run", way, "--", os.Args[0], file)
		cmd.Dir = p.ws
		cmd.Env = append(os.Environ(), "LOCKSTILE_TEST_MAIN=1", "LOCKSTILE_TEST_BEAT=", "LOCKSTILE_HOME="+p.home)
		// The command has the mark; lockstile itself must not have the mark.
		if err := os.WriteFile(filepath.Join(p.home, "config.toml"), []byte("sandbox_mode = \"danger-full-access\"\n[shell_environment_policy.set]\nLOCKSTILE_TEST_BEAT = \"1\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		begun := size()
		for deadline := time.Now().Add(20 * time.Second); size() == begun; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the command doesn't begin")
			}
		}
		cmd.Process.Kill()
		cmd.Wait()
		time.Sleep(500 * time.Millisecond) // lets pending writes arrive
		before := size()
		time.Sleep(500 * time.Millisecond)
		if size() != before {
			t.Errorf("%s: the command lives on", way)
		}
	}
}

// place is a workspace, and a home with a configuration.
type place struct {
	*testing.T
	ws, home string
}

func newPlace(t *testing.T, config string) place {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := place{t, filepath.Join(dir, "ws"), filepath.Join(dir, "home")}
	for _, d := range []string{p.ws, p.home} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(p.home, "config.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// run runs lockstile, and returns its output and exit code.
func (p place) run(stdin string, args ...string) (out, errOut string, code int) {
	p.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = p.ws
	cmd.Env = append(os.Environ(), "LOCKSTILE_TEST_MAIN=1", "LOCKSTILE_HOME="+p.home)
	cmd.Stdin = strings.NewReader(stdin)
	var o, e strings.Builder
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.Fatal(err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// log is the last line of the log.
func (p place) log() string {
	out, _, _ := p.run("", "log", "--json", "-n", "1")
	return out
}

func TestRun(t *testing.T) {
	p := newPlace(t, `sandbox_mode = "danger-full-access"`)
	out, errOut, code := p.run("", "run", "--", "cmd", "/c", `echo a "b c" & cd & exit 5`)
	if !strings.Contains(out, `a "b c"`) || !strings.Contains(out, p.ws) || code != 5 {
		t.Errorf("%q %q %d", out, errOut, code)
	}
	if out, errOut, code := p.run("fed\r\n", "run", "--", "findstr", "f"); out != "fed\r\n" || code != 0 {
		t.Errorf("%q %q %d", out, errOut, code)
	}
	out, errOut, code = p.run("", "run", "--tty", "--", "cmd", "/c", "echo to the console >CONOUT$")
	if !strings.Contains(out, "to the console") || code != 0 {
		t.Errorf("%q %q %d", out, errOut, code)
	}
	if _, errOut, code := p.run("", "run", "--", "there-is-none"); code != 127 || !strings.Contains(errOut, "hint:") {
		t.Errorf("%q %d", errOut, code)
	}
	if out, errOut, code := p.run("", "log", "verify"); code != 0 {
		t.Errorf("%q %q %d", out, errOut, code)
	}
	if out, errOut, code := p.run("", "doctor"); code != 1 || !strings.Contains(out, "ok    a start in danger-full-access") || !strings.Contains(out, "FAIL  account LockstileOffline") || !strings.Contains(out, "mend: run lockstile setup") {
		t.Errorf("%q %q %d", out, errOut, code)
	}
	if out, errOut, code := p.run("", "setup", "--check"); code != 1 || !strings.Contains(out, "account LockstileOffline") {
		t.Errorf("%q %q %d", out, errOut, code)
	}
}

// TestConfiguredAndAbsent is the report that started the product, turned round: a
// configured sandbox that the machine doesn't have is refused, on pipes and on a console.
func TestConfiguredAndAbsent(t *testing.T) {
	text, err := os.ReadFile("../../examples/issue-14367.expected.txt")
	if err != nil {
		t.Fatal(err)
	}
	expected := string(text)
	for _, sandbox := range []string{"elevated", "unelevated"} {
		for _, mode := range []string{"read-only", "workspace-write"} {
			p := newPlace(t, "sandbox_mode = \""+mode+"\"\n[windows]\nsandbox = \""+sandbox+"\"\n[sandbox_workspace_write]\nnetwork_access = false\n")
			for _, way := range []string{"--tty=false", "--tty"} {
				out, errOut, code := p.run("", "run", way, "--", "cmd", "/c", "echo ran > ran & whoami")
				if code != 126 || out != "" || !strings.Contains(errOut, "refused at ") || !strings.Contains(errOut, sandbox) || !strings.Contains(errOut, "hint:") {
					t.Errorf("%s %s %s: %q %q %d", sandbox, mode, way, out, errOut, code)
				}
				if first, _, _ := strings.Cut(errOut, "\n"); sandbox == "elevated" && !strings.Contains(expected, strings.TrimSpace(first)) {
					t.Errorf("examples/issue-14367.expected.txt doesn't have %q", first)
				}
				if sandbox == "elevated" && (!strings.Contains(errOut, "no account LockstileOffline") || !strings.Contains(errOut, "lockstile setup")) {
					t.Errorf("%q", errOut)
				}
				if _, err := os.Stat(filepath.Join(p.ws, "ran")); err == nil {
					t.Errorf("%s %s %s: it ran", sandbox, mode, way)
				}
				if line := p.log(); !strings.Contains(line, `"refusal"`) || !strings.Contains(line, mode) {
					t.Errorf("the log says %s", line)
				}
			}
		}
	}
}

// TestSetupAsksForRights checks that setup without an administrator's rights asks for
// them, and reports the outcome, in its own words and output.
func TestSetupAsksForRights(t *testing.T) {
	if windows.GetCurrentProcessToken().IsElevated() {
		t.Skip("an administrator would set this machine up")
	}
	p := newPlace(t, "")
	out, errOut, code := p.run("", "setup")
	// Either nobody gave the rights, or the elevated process's finding was reported here.
	told := strings.Contains(errOut, "was made, and is not there") || strings.Contains(errOut, "they were not given")
	if code != 1 || !told || !strings.Contains(errOut, "administrator's rights: setup needs them") {
		t.Errorf("%q %q %d", out, errOut, code)
	}
	out, _, code = p.run("", "setup", "--json", "--remove")
	if code != 1 || !strings.Contains(out, `"error"`) {
		t.Errorf("%q %d", out, code)
	}
	if _, errOut, code := p.run("", "setup", "--for", "S-1-5-21-9"); code != 1 || !strings.Contains(errOut, "another user") {
		t.Errorf("%q %d", errOut, code)
	}
	if _, errOut, code := p.run("", "setup", "--check", "--report", filepath.Join(p.ws, "x")); code != 1 || !strings.Contains(errOut, "no pipe") {
		t.Errorf("%q %d", errOut, code)
	}
}
