//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/audit"
)

// The programs under test: the product, and the build with a restriction to leave out.
var program, leaveOutProgram string

// patience is the time after which a hanging program is ended.
const patience = 60 * time.Second

// TestMain builds the programs. LOCKSTILE_TEST_PROGRAMS names a folder with built
// programs, for running as a user without Go.
func TestMain(m *testing.M) {
	if name := os.Getenv(machineVariable); name != "" {
		fmt.Fprintln(os.Stderr, becomeMachine(name))
		os.Exit(1)
	}
	defaultSignals()
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
	defer func() {
		for _, made := range atTheEnd {
			os.RemoveAll(made)
		}
	}()
	m.Run()
}

// defaultSignals has the programs under test ignore no signal, whoever started the tests:
// under nohup and in the background of a script they would inherit that. A signal that is
// caught here is the default in a child.
func defaultSignals() {
	dropped := make(chan os.Signal, 1)
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		if signal.Ignored(s) {
			signal.Notify(dropped, s)
		}
	}
	go func() {
		for range dropped {
		}
	}()
}

// atTheEnd is removed when all tests have run.
var atTheEnd []string

func build(dir string) error {
	for name, of := range map[string][2]string{"lockstile": {"", "."}, "lockstile-leave-out": {"lockstile_leave_out", "."}, "lockstile-net": {"", "../lockstile-net"}} {
		cmd := exec.Command("go", "build", "-tags="+of[0], "-o", filepath.Join(dir, name), of[1])
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as users have them
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

// place is a workspace and a home, below a folder of its own.
type place struct {
	*testing.T
	dir, ws, home string
	env           []string // in addition to os.Environ
	way           string   // "--tty" or "--tty=false" for each run, "" for automatic
}

// bothWays runs a test on pipes and in a terminal, and compares the records: apart from
// the terminal, the records must be equal.
func bothWays(t *testing.T, test func(t *testing.T, p *place)) {
	var records []string
	for _, way := range ioFlags {
		t.Run(strings.TrimPrefix(way, "--"), func(t *testing.T) {
			p := newPlace(t)
			p.way = way
			test(t, p)
			records = append(records, p.record())
		})
	}
	if len(records) != 2 || t.Failed() {
		return
	}
	pipes, terminal := strings.SplitAfter(records[0], "\n"), strings.SplitAfter(records[1], "\n")
	for i := range min(len(pipes), len(terminal)) {
		if pipes[i] != terminal[i] {
			t.Fatalf("on pipes the log says\n%sin a terminal\n%s", pipes[i], terminal[i])
		}
	}
	if len(pipes) != len(terminal) {
		t.Errorf("%d lines on pipes, %d in a terminal", len(pipes), len(terminal))
	}
}

// record returns the log without parts that differ from run to run or belong to the
// terminal.
func (p *place) record() string {
	p.Helper()
	text, err := os.ReadFile(filepath.Join(p.home, "sandbox.log"))
	if err != nil {
		return ""
	}
	var out strings.Builder
	ours := map[any]bool{} // starts of lockstile-net, which has no terminal
	for l := range strings.Lines(strings.ReplaceAll(string(text), p.dir, "DIR")) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(l), &fields); err != nil {
			p.Fatalf("%v in %q", err, l)
		}
		if fields["channel"] == "lockstile-net" {
			ours[fields["seq"]] = true
		}
		if ours[fields["seq"]] || ours[fields["start"]] {
			continue
		}
		if io, ok := fields["io"]; ok && (io == "terminal") != (p.way == "--tty") {
			p.Errorf("%s: the log says io %v", p.way, io)
		}
		// The policy's digest depends on the folders. On a terminal the kernel hangs up
		// processes that are left, before the gate ends them.
		for _, name := range []string{"io", "time", "prev", "pid", "by", "ms", "policy", "ended"} {
			delete(fields, name)
		}
		if proven, ok := fields["proven"].([]any); ok {
			fields["proven"] = slices.DeleteFunc(proven, func(r any) bool { return r == "terminal" })
		}
		if trust, ok := fields["trust"].(map[string]any); ok {
			// How many files were looked at depends on how long the command ran.
			for _, name := range []string{"since", "dot", "programs", "named"} {
				delete(trust, name)
			}
			if len(trust) == 0 {
				delete(fields, "trust")
			}
		}
		if git, ok := fields["git"].(map[string]any); ok { // hashes have the time in them
			delete(git, "kept")
			refs, _ := git["refs"].([]any)
			for _, r := range refs {
				delete(r.(map[string]any), "old")
				delete(r.(map[string]any), "new")
			}
		}
		if obstacles, ok := fields["obstacles"].([]any); ok { // the output of a terminal is another
			if fields["obstacles"] = slices.DeleteFunc(obstacles, inferred); len(fields["obstacles"].([]any)) == 0 {
				delete(fields, "obstacles")
			}
		}
		b, err := json.Marshal(fields) // in the order of the names
		if err != nil {
			p.Fatal(err)
		}
		out.Write(append(b, '\n'))
	}
	return out.String()
}

func inferred(obstacle any) bool { return obstacle.(map[string]any)["kind"] == "inferred" }

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
	if p.way != "" && len(args) > 0 && args[0] == "run" {
		args = slices.Insert(slices.Clone(args), 1, p.way)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience) // a compiler inside takes a long time
	p.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Dir = p.ws
	cmd.Env = append(append(os.Environ(), "LOCKSTILE_HOME="+p.home), p.env...)
	cmd.WaitDelay = 5 * time.Second
	cmd.Cancel = func() error {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			p.Errorf("%q has not ended after %v", cmd.Args, 3*patience)
		}
		return cmd.Process.Kill()
	}
	return cmd
}

// soon ends a program that does not end by itself, and says so; stop is called when it
// has ended.
func (p *place) soon(cmd *exec.Cmd) (stop func() bool) {
	return time.AfterFunc(patience/2, func() {
		p.Errorf("%q has not ended after %v", cmd.Args, patience/2)
		cmd.Process.Kill()
	}).Stop
}

// piped starts a program that must end soon, and returns its output.
func (p *place) piped(cmd *exec.Cmd) io.Reader {
	p.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		p.Fatal(err)
	}
	stop := p.soon(cmd)
	p.Cleanup(func() { stop() })
	if err := cmd.Start(); err != nil {
		p.Fatal(err)
	}
	return out
}

// result is the output and the exit code of a program.
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
	printed := out.String()
	if p.way == "--tty" {
		printed = strings.ReplaceAll(printed, "\r\n", "\n") // as a terminal ends lines
	}
	return result{cmd.ProcessState.ExitCode(), printed, errs.String()}
}

// lockstile runs the program.
func (p *place) lockstile(args ...string) result {
	p.Helper()
	return p.do(p.command(program, args...))
}

// sh runs a script in the sandbox and checks the exit code.
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
	Ended struct {
		Count int
		Names []string
	}
	Seq, Start                                   uint64
	Event, Mode, Rung, IO, Signal, Error, Reason string
	Code, Stage, Restriction, Exceeded           string
	Argv, Proven, Denied                         []string
	Exit                                         *int
	PID, By                                      int
	Closed                                       []struct{ Path, Why string }
	Trust                                        struct {
		Named, Known  []string
		Repositories  []struct{ Path string }
		Dot, Programs []struct {
			Path  string
			Files int
		}
		More int
	}
	Linked    []string
	Residuals []string
	Network   struct {
		Allow, Publish []string
		UnixSockets    []string `json:"unix_sockets"`
	}
}

func (p *place) logLines() []line {
	p.Helper()
	var out []line
	err := audit.Scan(filepath.Join(p.home, "sandbox.log"), func(_ int, raw json.RawMessage) error { // not what a killed writer has torn
		var l line
		err := json.Unmarshal(raw, &l)
		out = append(out, l)
		return err
	})
	if err != nil {
		p.Fatal(err)
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

// write writes a file, and makes the folder of the file.
func write(t *testing.T, path, text string) {
	t.Helper()
	mkdir(t, filepath.Dir(path))
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// NewTrust lists the paths of the record, apart from the groups.
func (l line) NewTrust() []string {
	out := slices.Concat(l.Trust.Named, l.Trust.Known)
	for _, r := range l.Trust.Repositories {
		out = append(out, r.Path)
	}
	return out
}
