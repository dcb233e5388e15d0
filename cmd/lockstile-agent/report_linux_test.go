package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/model/standin"
)

// reportFile is the config.toml of openai/codex #14367, unchanged.
const reportFile = `sandbox_mode = "workspace-write"
approval_policy = "on-request"
[windows]
sandbox = "elevated"
[sandbox_workspace_write]
network_access = false
[features]
unified_exec = true
`

// reportCommand says who runs, and tries what must not be. The command goes on when the
// test has looked at its process from outside.
const reportCommand = `id -u; exec 3>&1; (exec 4<>/dev/tcp/127.0.0.1/PORT) 2>/dev/null && echo REACH''ED; echo x > in; (echo x > ../out) 2>/dev/null; [ -t 1 ] && echo on a terminal; while ! [ -e go ]; do sleep 0.05; done; echo the end`

// report is the world of the report: its file, a session on a terminal, and a listener of
// the host that counts who reaches it.
type report struct {
	*world
	flags   []string
	reached atomic.Int32
}

func newReport(t *testing.T, unified bool, answers ...standin.Answer) *report {
	r := &report{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.reached.Add(1)
			c.Close()
		}
	}()
	command := strings.ReplaceAll(reportCommand, "PORT", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	call := standin.Call("shell", map[string]any{"command": []string{"bash", "-c", command}})
	if unified {
		call = calls(command, "tty", true, "yield_time_ms", 20_000)
	}
	r.world = newWorld(t, standin.Answers(append([]standin.Answer{standin.Of(call)}, answers...)...))
	r.must(os.WriteFile(filepath.Join(r.home, "config.toml"), []byte(reportFile), 0o600))
	provider := "model_providers.standin."
	r.flags = []string{"-m", "m", "--provider", "standin", "-c", provider + "base_url=" + r.server.URL, "-c", provider + "env_key=" + keyName,
		"-c", "features.unified_exec=" + strconv.FormatBool(unified)}
	return r
}

// bothWays runs a test with the tools of unified exec and with the classic one.
func bothWays(t *testing.T, do func(t *testing.T, unified bool)) {
	t.Run("exec_command with a terminal", func(t *testing.T) { do(t, true) })
	t.Run("shell", func(t *testing.T) { do(t, false) })
}

// TestReport carries out the steps of openai/codex #14367: a fresh session on a terminal,
// and a prompt that has the model run a command. Who the command is, is read from outside
// while it runs; the screen, the log, the rollout and the model agree about it.
func TestReport(t *testing.T) {
	bothWays(t, func(t *testing.T, unified bool) {
		r := newReport(t, unified, standin.Say("It ran inside."))
		s := r.on(100, 40, r.command(program, r.flags...))
		s.wait("Ask for", "workspace-write")
		s.keys("run whoami in a terminal\r")
		pid := r.processOf("bash")
		r.confined(pid)
		r.must(os.WriteFile(r.ws+"/go", nil, 0o600))
		screen := s.wait("It ran inside.", "proven #")
		start := r.starts()[0]
		if want := fmt.Sprintf("✔ proven #%d", start.Seq); !strings.Contains(screen, want) || strings.Contains(screen, "REACHED") || !strings.Contains(screen, "exit 0") {
			t.Errorf("%q is missing, or the command reached the host:\n%s", want, screen)
		}
		if onTerminal := strings.Contains(screen, "on a terminal"); onTerminal != unified {
			t.Errorf("on a terminal: %v\n%s", onTerminal, screen)
		}
		if r.reached.Load() != 0 {
			t.Error("the command reached a server of the host")
		}
		if _, err := os.Stat(r.dir + "/out"); err == nil {
			t.Error("the command wrote outside")
		}
		if _, err := os.Stat(r.ws + "/in"); err != nil {
			t.Error("the command could not write the workspace")
		}
		r.recorded(start, unified)
		s.keys("/quit\r")
		if code := s.ends(); code != 0 {
			t.Errorf("exit %d", code)
		}
		if left := r.processes(); len(left) > 0 {
			t.Errorf("%q are left", left)
		}
		r.verified()
	})
}

// processOf waits for a process in the workspace with a name, and returns its ID.
func (r *report) processOf(name string) string {
	r.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		all, _ := os.ReadDir("/proc")
		for _, p := range all {
			dir, err := os.Readlink("/proc/" + p.Name() + "/cwd")
			comm, _ := os.ReadFile("/proc/" + p.Name() + "/comm")
			if err == nil && dir == r.ws && string(comm) == name+"\n" {
				if _, err := os.Stat(r.ws + "/in"); err == nil { // it has come to its loop
					return p.Name()
				}
			}
		}
	}
	r.Fatalf("no %s runs in the workspace; %q", name, r.processes())
	return ""
}

// confined checks a process from outside: other namespaces, no capability, no way to more
// rights, a filter of system calls, and the user's own account.
func (r *report) confined(pid string) {
	r.Helper()
	for _, ns := range []string{"user", "mnt", "pid", "net", "ipc"} {
		mine, err := os.Readlink("/proc/self/ns/" + ns)
		r.must(err)
		its, err := os.Readlink("/proc/" + pid + "/ns/" + ns)
		r.must(err)
		if mine == its {
			r.Errorf("the command is in the host's %s namespace", ns)
		}
	}
	status, err := os.ReadFile("/proc/" + pid + "/status")
	r.must(err)
	uid := strconv.Itoa(os.Geteuid())
	for _, want := range []string{`CapEff:\s+0+\n`, `CapBnd:\s+0+\n`, `NoNewPrivs:\s+1\n`, `Seccomp:\s+2\n`, `Uid:(\s+` + uid + `){4}\n`} {
		if !regexp.MustCompile(want).Match(status) {
			r.Errorf("%q is missing in %s", want, status)
		}
	}
}

// starts lists the start lines of the log.
func (w *world) starts() (out []logged) {
	w.Helper()
	for _, l := range w.log() {
		if l.Event == "start" {
			out = append(out, l)
		}
	}
	return out
}

// recorded checks the log, the rollout and the model's knowledge of the start.
func (r *report) recorded(start logged, unified bool) {
	r.Helper()
	io := map[bool]string{true: "terminal", false: "pipes"}[unified]
	if start.Mode != "workspace-write" || start.IO != io || len(start.Proven) < 25 || start.Channel != "agent" {
		r.Errorf("the log has %+v", start)
	}
	thread, call, _ := strings.Cut(start.Call, "/")
	files, _ := filepath.Glob(r.home + "/sessions/*/*/*/rollout-*-" + thread + ".jsonl")
	if len(files) != 1 {
		r.Fatalf("the rollouts of %s are %q", thread, files)
	}
	text, err := os.ReadFile(files[0])
	r.must(err)
	for _, want := range []string{`"call_id":"` + call + `"`, `"seq":` + strconv.FormatUint(start.Seq, 10), `"function_call_output"`} {
		if !strings.Contains(string(text), want) {
			r.Errorf("%s is missing in the rollout", want)
		}
	}
	all := r.server.Requests()
	output, _ := all[len(all)-1].Output(call)
	if !strings.Contains(output, "the end") || strings.Contains(output, "REACHED") || strings.Contains(output, "on a terminal") != unified {
		r.Errorf("the model was told %q", output)
	}
	var tools []string
	for _, name := range []string{"exec_command", "write_stdin", "shell"} {
		if all[0].HasTool(name) {
			tools = append(tools, name)
		}
	}
	if got, want := strings.Join(tools, " "), map[bool]string{true: "exec_command write_stdin", false: "shell"}[unified]; got != want {
		r.Errorf("the tools are %q, want %q", got, want)
	}
}

// TestReportWithoutEnforcement carries out the steps with a restriction left out each
// time: nothing runs, and the screen and the model are told of it.
func TestReportWithoutEnforcement(t *testing.T) {
	bothWays(t, func(t *testing.T, unified bool) {
		for _, left := range []string{"seccomp", "network namespace", "landlock", "no_new_privs"} {
			t.Run(left, func(t *testing.T) {
				r := newReport(t, unified, standin.Say("It was refused."))
				args := append([]string{leaveOut}, r.flags...)
				if os.Geteuid() == 0 { // what is left out may be the protection of the machine
					args = append([]string{"unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc"}, args...)
				}
				r.env = append(r.env, "LOCKSTILE_LEAVE_OUT="+left)
				s := r.on(100, 40, r.command(args[0], args[1:]...))
				s.wait("Ask for")
				s.keys("run whoami in a terminal\r")
				screen := s.wait("It was refused.", "✖ refused: "+left)
				if strings.Contains(screen, "✔ proven") || strings.Contains(screen, "exit 0") {
					t.Errorf("the screen shows a command that ran:\n%s", screen)
				}
				if _, err := os.Stat(r.ws + "/in"); err == nil || len(r.starts()) != 0 {
					t.Error("the command ran")
				}
				refusal := r.log()[0]
				if refusal.Event != "refusal" || refusal.Restriction != left || refusal.Mode != "workspace-write" {
					t.Errorf("the log has %+v", refusal)
				}
				all := r.server.Requests()
				_, call, _ := strings.Cut(refusal.Call, "/")
				if output, ok := all[len(all)-1].Output(call); !ok || !strings.Contains(output, "refused") || !strings.Contains(output, left) {
					t.Errorf("the model was told %q", output)
				}
				s.keys("/quit\r")
				if code := s.ends(); code != 0 {
					t.Errorf("exit %d", code)
				}
			})
		}
	})
}

// TestReportExec checks the same steps without a screen.
func TestReportExec(t *testing.T) {
	bothWays(t, func(t *testing.T, unified bool) {
		r := newReport(t, unified, standin.Say("It ran inside."))
		r.must(os.WriteFile(r.ws+"/go", nil, 0o600))
		got := r.do(r.command(program, append(append([]string{"exec", "--json"}, r.flags...), "run whoami in a terminal")...))
		got.has(t, 0, "It ran inside.")
		item := completed(r.events(got.out), "command_execution")[0].Item
		start := r.starts()[0]
		if item.Sandbox == nil || item.Sandbox.Seq != start.Seq || r.reached.Load() != 0 {
			raw, _ := json.Marshal(item)
			t.Errorf("%s, and the host was reached %d times", raw, r.reached.Load())
		}
		r.recorded(start, unified)
	})
}

// TestSamePolicy checks that a session's commands have the same policy as `lockstile run`
// in each mode, on pipes and in a terminal: the digests of the records are equal.
func TestSamePolicy(t *testing.T) {
	for _, mode := range []string{"read-only", "workspace-write", "danger-full-access"} {
		for _, tty := range []bool{false, true} {
			w := newWorld(t, standin.Answers(standin.Of(calls("true", "tty", tty)), standin.Say("Done.")), "sandbox_mode = \""+mode+"\"")
			w.exec("go").has(t, 0)
			w.do(w.command(program, "run", "--tty="+strconv.FormatBool(tty), "--", "true")).has(t, 0)
			l := w.starts()
			if len(l) != 2 || l[0].Policy == "" || l[0].Policy != l[1].Policy || l[0].Mode != mode || !slices.Equal(l[0].Proven, l[1].Proven) || l[0].IO != l[1].IO {
				t.Errorf("%s, terminal %v: %+v", mode, tty, l)
			}
		}
	}
}
