package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/model"
	"github.com/lockstile/lockstile/internal/model/standin"
	"github.com/lockstile/lockstile/internal/patch"
	"github.com/lockstile/lockstile/internal/rollout"
	"github.com/lockstile/lockstile/internal/tool"
	"github.com/lockstile/lockstile/policy"
)

// TestMain also plays the halves of our own program that run inside the sandbox.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == PatchInside {
		os.Exit(patch.Inside(".", os.Stdin, os.Stdout))
	}
	if len(os.Args) == 3 && os.Args[1] == ReadInside {
		os.Exit(tool.CopyFile(os.Args[2], os.Stdout))
	}
	goleak.VerifyTestMain(m)
}

// patience bounds a wait of a test.
const patience = 60 * time.Second

// world is a thread with a workspace, a gate and a stand-in for the model.
type world struct {
	*Thread
	t      *testing.T
	dir    string // of all; not below /tmp, since commands have a /tmp of their own
	ws     string
	server *standin.Server
	gate   *lockstile.Gate

	mu     sync.Mutex
	events []Event
	wake   chan struct{} // gets a value with each event
}

// change changes the parts of a world before its begin.
type change func(*world, *policy.Policy, *Options)

func newWorld(t *testing.T, script standin.Script, changes ...change) *world {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-agent-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &world{t: t, dir: dir, ws: filepath.Join(dir, "ws"), server: standin.ForTest(t, script), wake: make(chan struct{}, 1)}
	w.must(os.Mkdir(w.ws, 0o755))
	p := policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: w.ws, Approval: policy.ApprovalNever, UnifiedExec: true, Env: policy.Env{Inherit: policy.InheritAll}}
	o := Options{ID: "thread0", Client: &model.Client{Provider: "standin", URL: w.server.URL, Pause: time.Millisecond}, Model: "m", Program: []string{w.program()}, Listen: w.listen}
	for _, c := range changes {
		c(w, &p, &o)
	}
	w.gate, err = lockstile.Open(filepath.Join(dir, "home"))
	w.must(err)
	o.Policy = p
	if o.Tools == nil {
		o.Tools = tool.New(w.gate, p, []string{"PATH=/usr/bin:/bin", "HOME=" + w.ws, "SHELL=/bin/bash"}, "agent")
	}
	o.Rollout, err = rollout.Create(filepath.Join(dir, "home"), o.ID, time.Now())
	w.must(err)
	w.Thread = New(o)
	t.Cleanup(func() {
		if err := o.Tools.Close(); err != nil {
			t.Error(err)
		}
		w.gate.Close()
		o.Rollout.Close()
	})
	w.must(w.Begin())
	return w
}

// program copies this program to where commands can see it.
func (w *world) program() string {
	self, err := os.ReadFile("/proc/self/exe")
	w.must(err)
	path := filepath.Join(w.dir, "program")
	w.must(os.WriteFile(path, self, 0o755))
	return path
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) listen(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// all returns the events so far.
func (w *world) all() []Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.events)
}

// until waits for an event.
func (w *world) until(is func(Event) bool) Event {
	w.t.Helper()
	late := time.After(patience)
	for {
		for _, e := range w.all() {
			if is(e) {
				return e
			}
		}
		select {
		case <-w.wake:
		case <-time.After(20 * time.Millisecond): // for what is no event
		case <-late:
			w.t.Fatal("the event doesn't come")
		}
	}
}

// completed returns the completed items of a kind.
func (w *world) completed(kind ItemType) []Item {
	var out []Item
	for _, e := range w.all() {
		if e.Type == ItemCompleted && e.Item.Type == kind {
			out = append(out, *e.Item)
		}
	}
	return out
}

// turn runs a turn to its end.
func (w *world) turn(prompt string) error {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.Turn(ctx, prompt)
}

// last returns the last request of the model.
func (w *world) last() standin.Request {
	all := w.server.Requests()
	return all[len(all)-1]
}

// output returns the output of the n-th call, from 1, as the last request has it.
func (w *world) output(id string) string {
	w.t.Helper()
	text, ok := w.last().Output(id)
	if !ok {
		w.t.Fatalf("the call %s has no output", id)
	}
	return text
}

// logged is a line of sandbox.log in part.
type logged struct {
	Seq     uint64
	Event   string
	Call    string
	Channel string
	Mode    string
	Proven  []string
}

// log reads sandbox.log.
func (w *world) log() (all []logged) {
	w.t.Helper()
	f, err := os.Open(filepath.Join(w.dir, "home/sandbox.log"))
	w.must(err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var l logged
		w.must(json.Unmarshal(lines.Bytes(), &l))
		all = append(all, l)
	}
	return all
}

// start returns the line of a start or of a refusal for a call.
func (w *world) start(call string) logged {
	w.t.Helper()
	for _, l := range w.log() {
		if l.Call == w.ID+"/"+call && l.Event != "end" {
			return l
		}
	}
	w.t.Fatalf("no line of the log has the call %s", call)
	return logged{}
}

// exec is a call of exec_command.
func exec(id, cmd string) standin.Item {
	item := standin.Call(execName, map[string]any{"cmd": cmd, "login": false})
	item.CallID = id
	return item
}

// named gives a call an id.
func named(item standin.Item, id string) standin.Item {
	item.CallID = id
	return item
}

func classic(_ *world, p *policy.Policy, _ *Options) { p.UnifiedExec = false }

func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in %q", part, text)
		}
	}
}
