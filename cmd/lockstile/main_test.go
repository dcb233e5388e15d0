//go:build linux

package main

import (
	"bytes"
	"context"
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

// The programs under test: as it is used, and the build in which one restriction
// can be left out.
var program, leaveOutProgram string

// patience ends whatever hangs.
const patience = 60 * time.Second

// TestMain builds the programs. LOCKSTILE_TEST_PROGRAMS names a folder that holds
// them already, for the run as a user who has no Go.
func TestMain(m *testing.M) {
	dir := os.Getenv("LOCKSTILE_TEST_PROGRAMS")
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "lockstile-programs-"); err == nil {
			err = build(dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		defer os.RemoveAll(dir)
	}
	program, leaveOutProgram = filepath.Join(dir, "lockstile"), filepath.Join(dir, "lockstile-leave-out")
	m.Run()
}

func build(dir string) error {
	for name, tags := range map[string]string{"lockstile": "", "lockstile-leave-out": "lockstile_leave_out"} {
		out, err := exec.Command("go", "build", "-tags="+tags, "-o", filepath.Join(dir, name), ".").CombinedOutput()
		if err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

// place is a workspace and a home of its own, below one folder.
type place struct {
	*testing.T
	dir, ws, home string
	env           []string // beside what os.Environ has
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := &place{T: t, dir: dir, ws: filepath.Join(dir, "ws"), home: filepath.Join(dir, "home")}
	if err := os.Mkdir(p.ws, 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

// command is the program with args, in the workspace.
func (p *place) command(bin string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	p.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Dir = p.ws
	cmd.Env = append(append(os.Environ(), "LOCKSTILE_HOME="+p.home), p.env...)
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// result is what a program left.
type result struct {
	code           int
	stdout, stderr string
}

func (p *place) do(cmd *exec.Cmd) result {
	p.Helper()
	var out, errs bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &out
	}
	cmd.Stderr = &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.Fatalf("%v: %v", cmd.Args, err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// lockstile runs the program.
func (p *place) lockstile(args ...string) result {
	p.Helper()
	return p.do(p.command(program, args...))
}

// sh runs a script in the sandbox and wants its exit code.
func (p *place) sh(mode, script string, code int) result {
	p.Helper()
	r := p.lockstile("run", "--sandbox", mode, "--", "sh", "-c", script)
	if r.code != code {
		p.Errorf("%s: %s\nexit %d, want %d\n%s%s", mode, script, r.code, code, r.stdout, r.stderr)
	}
	return r
}

// line is a line of the log.
type line struct {
	Seq, Start                                   uint64
	Event, Mode, Rung, IO, Signal, Error, Reason string
	Code, Stage, Restriction                     string
	Argv, Proven                                 []string
	Exit                                         *int
	PID, By                                      int
}

func (p *place) logLines() []line {
	p.Helper()
	b, err := os.ReadFile(filepath.Join(p.home, "sandbox.log"))
	if err != nil {
		p.Fatal(err)
	}
	var out []line
	for text := range strings.Lines(string(b)) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			p.Fatalf("%v in %q", err, text)
		}
		out = append(out, l)
	}
	return out
}

func (p *place) lastLine() line {
	p.Helper()
	all := p.logLines()
	return all[len(all)-1]
}

func (p *place) verify() {
	p.Helper()
	if r := p.lockstile("log", "verify"); r.code != 0 {
		p.Errorf("log verify: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
