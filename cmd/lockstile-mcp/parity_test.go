//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/pty"
	"github.com/lockstile/lockstile/internal/tool"
	"github.com/lockstile/lockstile/policy"
)

// setting is the user's choice, and the connection between the command and its caller.
type setting struct {
	mode    string
	network bool
	tty     bool
}

// config.toml for starts with the network, and a few more settings.
const configuration = `
[filesystem]
deny_read = ["DIR/denied"]
[limits]
open_files = 333
[profiles.on.sandbox_workspace_write]
network_access = true
`

func (s setting) flags(ws string) []string {
	flags := []string{"-C", ws, "--sandbox", s.mode}
	if s.network {
		flags = append(flags, "--profile", "on")
	}
	return flags
}

func (s setting) policy(t *testing.T, p *probe) (out policy.Policy) {
	t.Helper()
	mode, err := policy.ParseMode(s.mode)
	if err == nil && s.network {
		out, err = lockstile.LoadPolicy(lockstile.Settings{Home: p.home, Dir: p.ws, Profile: "on", Mode: mode})
	} else if err == nil {
		out, err = lockstile.NewPolicy(mode, p.ws)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// probe is a place for a single start, with the effects of the start.
type probe struct {
	dir, ws, home string
	port          int
	reached       atomic.Bool
}

// newProbe makes dir anew: policies with the same folders can be compared.
func newProbe(t *testing.T, dir string, s setting) *probe {
	t.Helper()
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	p := &probe{dir: dir, ws: dir + "/ws", home: dir + "/home"}
	if err := os.Mkdir(p.ws, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"denied": "x", "user/.ssh/id_test": "x", "home/config.toml": strings.ReplaceAll(configuration, "DIR", dir)} {
		if name == "home/config.toml" && !s.network {
			continue
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", dir+"/user")
	t.Setenv("PARITY_TOKEN", "x")
	t.Setenv("PARITY", "ghp_"+strings.Repeat("aB3", 12))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p.port = l.Addr().(*net.TCPAddr).Port
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.reached.Store(true)
			c.Close()
		}
	}()
	return p
}

// argv is the same on every channel: the command tries to write inside and outside, to
// reach the host, and to make a trusted name. The exit code says what the command can
// read and has.
func (p *probe) argv() []string {
	return []string{"/bin/bash", "-c", fmt.Sprintf(`echo x > in; echo x > ../out; mkdir .vscode; (exec 3<>/dev/tcp/127.0.0.1/%d)
n=0; has() { "${@:2}" > /dev/null 2>&1 && n=$((n + $1)); }
has 1 grep x ~/.ssh/id_test; has 2 test -n "$PARITY_TOKEN"; has 4 test -n "$PARITY"; has 8 grep x ../denied; has 16 test "$(ulimit -n)" != 333; exit $n`, p.port)}
}

// effect is the part of a start that is visible from outside.
type effect struct {
	in, out, host, trusted bool
	exit                   float64
}

// The parts of the exit code.
const (
	readsStore, namedSecret, valuedSecret, readsDenied, unlimited = 1, 2, 4, 8, 16
)

func (p *probe) effect(lines []map[string]any) effect {
	there := func(path string) bool {
		_, err := os.Lstat(path)
		return err == nil
	}
	time.Sleep(10 * time.Millisecond) // for the listener
	e := effect{there(p.ws + "/in"), there(p.dir + "/out"), p.reached.Load(), there(p.ws + "/.vscode"), -1}
	for _, l := range lines {
		if code, ok := l["exit"].(float64); ok {
			e.exit = code
		}
	}
	return e
}

// record returns the lines of the log, without parts that depend on the run or the io.
func (p *probe) record(t *testing.T, channel string, tty bool) (lines []map[string]any) {
	t.Helper()
	b, err := os.ReadFile(p.home + "/sandbox.log")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(p.dir, "DIR", strconv.Itoa(p.port), "PORT").Replace(string(b))
	for line := range strings.Lines(text) {
		var l map[string]any
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if by, ok := l["channel"]; ok && by != strings.ToLower(channel) {
			t.Errorf("the record says channel %v, not %s", by, channel)
		}
		if io, ok := l["io"]; ok && (io == "terminal") != tty {
			t.Errorf("the record says %v", io)
		}
		for _, name := range []string{"time", "prev", "by", "pid", "ms", "io", "channel"} {
			delete(l, name)
		}
		if limits, ok := l["limits"].(map[string]any); ok { // shares of what all living starts have
			for _, name := range []string{"inotify", "watches", "signals", "queues"} {
				if limits[name] == nil {
					t.Errorf("the record has no limit of %s", name)
				}
				delete(limits, name)
			}
		}
		seen, _ := l["obstacles"].([]any) // what the output explains depends on who keeps the output
		if seen = slices.DeleteFunc(seen, func(o any) bool { return o.(map[string]any)["kind"] == "inferred" }); len(seen) > 0 {
			l["obstacles"] = seen
		} else {
			delete(l, "obstacles")
		}
		if proven, ok := l["proven"].([]any); ok {
			var rest []any
			for _, r := range proven {
				if r != "terminal" {
					rest = append(rest, r)
				}
			}
			l["proven"] = rest
		}
		lines = append(lines, l)
	}
	return lines
}

// channels are all ways to a start.
var channels = []struct {
	name  string
	pipes bool // the channel has no terminal
	start func(t *testing.T, p *probe, s setting)
}{
	{"run", false, func(t *testing.T, p *probe, s setting) {
		args := append([]string{"run", "--tty=" + strconv.FormatBool(s.tty)}, s.flags(p.ws)...)
		cmd := exec.Command(core, append(append(args, "--"), p.argv()...)...)
		cmd.Env = append(os.Environ(), "LOCKSTILE_HOME="+p.home)
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
	}},
	{"library", false, func(t *testing.T, p *probe, s setting) {
		g, err := lockstile.Open(p.home)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		r := lockstile.Request{Policy: s.policy(t, p), Argv: p.argv(), Env: os.Environ()}
		null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		if s.tty {
			r.Terminal = &lockstile.Size{Rows: 24, Cols: 80}
		} else {
			r.Stdin, r.Stdout, r.Stderr = null, null, null
		}
		child, err := g.Start(r)
		if err != nil {
			t.Fatal(err)
		}
		if s.tty {
			defer child.Terminal.Close()
			a, err := pty.Attach(null, null, child.Terminal, false, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
		}
		if _, err := child.Wait(); err != nil {
			t.Fatal(err)
		}
	}},
	{"shell", true, func(t *testing.T, p *probe, s setting) {
		withTools(t, p, s, "shell", func(tools *tool.Set) error {
			_, err := tools.Shell(context.Background(), tool.Shell{Command: p.argv()}, tool.Caller{})
			return err
		})
	}},
	{"exec_command", false, func(t *testing.T, p *probe, s setting) {
		withTools(t, p, s, "exec_command", func(tools *tool.Set) error {
			_, err := tools.Exec(context.Background(), tool.ExecCommand{Cmd: p.argv()[2], Shell: p.argv()[0], Login: new(bool), TTY: s.tty}, tool.Caller{})
			return err
		})
	}},
	{"MCP", false, func(t *testing.T, p *probe, s setting) {
		cmd := exec.Command(core, append([]string{"mcp"}, s.flags(p.ws)...)...)
		cmd.Env = append(os.Environ(), "LOCKSTILE_HOME="+p.home)
		c, err := mcp.NewClient(&mcp.Implementation{Name: "parity"}, nil).Connect(t.Context(), &mcp.CommandTransport{Command: cmd}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		r, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: "exec_command", Arguments: map[string]any{
			"cmd": p.argv()[2], "shell": p.argv()[0], "login": false, "tty": s.tty}})
		if err != nil || r.IsError {
			t.Fatalf("%+v %v", r, err)
		}
	}},
}

func withTools(t *testing.T, p *probe, s setting, channel string, call func(*tool.Set) error) {
	t.Helper()
	g, err := lockstile.Open(p.home)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	tools := tool.New(g, s.policy(t, p), os.Environ(), channel)
	if err := errors.Join(call(tools), tools.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestParity checks that on every channel a command can do the same, with the same proofs
// and the same record. With -v, TestParity prints the table in docs/parity.md.
func TestParity(t *testing.T) {
	parent, err := os.MkdirTemp("/var/tmp", "lockstile-parity-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(parent)
	dir := parent + "/p"
	started, records := 0, 0
	for _, mode := range []string{"read-only", "workspace-write", "danger-full-access"} {
		for _, network := range []bool{false, true} {
			var first []map[string]any
			for _, tty := range []bool{false, true} {
				s := setting{mode, network, tty}
				inside := mode != "read-only"
				free := mode == "danger-full-access"
				want := effect{in: inside, out: free, host: free || network && inside, trusted: free, exit: readsDenied + unlimited}
				switch {
				case free:
					want.exit += readsStore
				case network:
					want.exit = 0
				}
				var same []string
				for _, c := range channels {
					if c.pipes && tty {
						same = append(same, "–")
						continue
					}
					p := newProbe(t, dir, s)
					c.start(t, p, s)
					started++
					lines := p.record(t, c.name, tty)
					if got := p.effect(lines); got != want {
						t.Errorf("%+v by %s: %+v, want %+v", s, c.name, got, want)
					}
					for _, l := range lines {
						if l["event"] == "start" {
							records++
						}
					}
					if first == nil {
						first = lines
					} else if !reflect.DeepEqual(lines, first) {
						t.Errorf("%+v by %s: the record is\n%v\nnot\n%v", s, c.name, lines, first)
					}
					same = append(same, "same")
				}
				proven, _ := first[0]["proven"].([]any)
				can := func(bit int) string { return word(int(want.exit)&bit != 0, "yes", "no") }
				t.Logf("| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %d | %s |", mode, word(network, "on", "off"), word(tty, "terminal", "pipes"),
					word(want.in, "yes", "no"), word(want.out, "yes", "no"), word(want.host, "yes", "no"), can(readsStore), can(namedSecret), can(valuedSecret), can(readsDenied), can(unlimited),
					len(proven), strings.Join(same, " | "))
			}
		}
	}
	if started != records {
		t.Errorf("%d commands were started, %d starts are recorded", started, records)
	}
	t.Logf("%d commands started, %d start records", started, records)
}

func word(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

// TestParityIsInTheDocs checks that docs/parity.md has the printed table.
func TestParityIsInTheDocs(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "parity.md"))
	if err != nil {
		t.Skip("no checkout here")
	}
	if n := strings.Count(string(text), "| same |"); n < 12 {
		t.Errorf("docs/parity.md has %d rows", n)
	}
}
