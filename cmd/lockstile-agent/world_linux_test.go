package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/model/standin"
)

// program is the core program; the session's program lies beside it. leaveOut is the
// session's program in the build that can leave a restriction out.
var program, leaveOut string

// patience bounds a wait of a test.
const patience = 60 * time.Second

// TestMain builds the programs. LOCKSTILE_TEST_PROGRAMS names a folder with built
// programs, for running as a user without Go. Commands have a /tmp of their own, and the
// session's program runs inside as well, so the folder is elsewhere.
func TestMain(m *testing.M) {
	// Ignored below nohup and in the background of a script, and so in each child.
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	os.Exit(func() int {
		dir := os.Getenv("LOCKSTILE_TEST_PROGRAMS")
		if dir == "" {
			var err error
			if dir, err = os.MkdirTemp("/var/tmp", "lockstile-programs-"); err == nil {
				defer os.RemoveAll(dir)
				err = build(dir)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		program, leaveOut = filepath.Join(dir, "lockstile"), filepath.Join(dir, "lockstile-agent-leave-out")
		return m.Run()
	}())
}

func build(dir string) error {
	for _, args := range [][]string{
		{"-o", dir + "/", ".", "../lockstile"}, {"-tags=lockstile_leave_out", "-o", dir + "/lockstile-agent-leave-out", "."},
	} {
		cmd := exec.Command("go", append([]string{"build"}, args...)...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build: %w\n%s", err, out)
		}
	}
	return os.Chmod(dir, 0o755)
}

// keyName is the variable with the key of the stand-in.
const keyName, key = "STANDIN_KEY", "sk-standin-0123456789abcdef"

// world is a workspace, a home with a config.toml, and a stand-in for the model.
type world struct {
	testing.TB
	dir, ws, home string
	server        *standin.Server
	env           []string
}

// newWorld makes a world. config is put before the tables of config.toml.
func newWorld(t testing.TB, script standin.Script, config ...string) *world {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-session-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &world{TB: t, dir: dir, ws: filepath.Join(dir, "ws"), home: filepath.Join(dir, "home"), server: standin.ForTest(t, script)}
	for _, d := range []string{w.ws, w.home} {
		w.must(os.Mkdir(d, 0o700))
	}
	text := "model = \"m\"\nmodel_provider = \"standin\"\n" + strings.Join(config, "\n") + "\n[model_providers.standin]\nbase_url = \"" + w.server.URL + "\"\nenv_key = \"" + keyName + "\"\nrequest_max_retries = 0\nstream_max_retries = 1\n"
	w.must(os.WriteFile(filepath.Join(w.home, "config.toml"), []byte(text), 0o600))
	w.env = []string{keyName + "=" + key}
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// command is a command line in the workspace.
func (w *world) command(name string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	w.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = w.ws
	cmd.Env = append(append(os.Environ(), "LOCKSTILE_HOME="+w.home, "HOME="+w.dir, "SHELL=/bin/bash"), w.env...)
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// result is what a program did.
type result struct {
	out, err string
	code     int
}

// do runs a command line to its end.
func (w *world) do(cmd *exec.Cmd) result {
	w.Helper()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if cmd.ProcessState == nil {
		w.Fatal(err)
	}
	return result{out.String(), errOut.String(), cmd.ProcessState.ExitCode()}
}

// exec runs `lockstile exec`.
func (w *world) exec(args ...string) result {
	w.Helper()
	return w.do(w.command(program, append([]string{"exec"}, args...)...))
}

// event is a line of `exec --json` in part.
type event struct {
	Type     string
	ThreadID string `json:"thread_id"`
	Message  string
	Error    struct{ Message string }
	Usage    *struct {
		Input int `json:"input_tokens"`
	}
	Item struct {
		Type, Text, Command, Status string
		Output                      string `json:"aggregated_output"`
		Exit                        *int   `json:"exit_code"`
		Sandbox                     *struct {
			Mode, Network, Refused string
			Seq                    uint64
			Proven                 int
		}
		Reason string
	}
}

// events reads the lines of `exec --json`.
func (w *world) events(text string) (all []event) {
	w.Helper()
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			w.Fatalf("%v in %q", err, lines.Text())
		}
		all = append(all, e)
	}
	return all
}

// completed returns the completed items of a type.
func completed(all []event, kind string) (out []event) {
	for _, e := range all {
		if e.Type == "item.completed" && e.Item.Type == kind {
			out = append(out, e)
		}
	}
	return out
}

// logged is a line of sandbox.log in part.
type logged struct {
	Seq                               uint64
	Event, Call, Channel, Mode, Stage string
	Restriction, IO, Policy           string
	Proven                            []string
}

func (w *world) log() (all []logged) {
	w.Helper()
	text, err := os.ReadFile(filepath.Join(w.home, "sandbox.log"))
	if os.IsNotExist(err) {
		return nil
	}
	w.must(err)
	for line := range strings.Lines(string(text)) {
		var l logged
		w.must(json.Unmarshal([]byte(line), &l))
		all = append(all, l)
	}
	return all
}

// verified checks the log by `lockstile log verify`.
func (w *world) verified() string {
	w.Helper()
	r := w.do(w.command(program, "log", "verify"))
	if r.code != 0 {
		w.Errorf("log verify: exit %d: %s%s", r.code, r.out, r.err)
	}
	return r.out
}

// calls is a call of exec_command.
func calls(cmd string, more ...any) standin.Item {
	args := map[string]any{"cmd": cmd, "login": false}
	for i := 0; i+1 < len(more); i += 2 {
		args[more[i].(string)] = more[i+1]
	}
	return standin.Call("exec_command", args)
}

func (r result) has(t testing.TB, code int, parts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit %d, want %d: %s%s", r.code, code, r.out, r.err)
	}
	for _, part := range parts {
		if !strings.Contains(r.out+r.err, part) {
			t.Errorf("%q is missing in %s%s", part, r.out, r.err)
		}
	}
}
