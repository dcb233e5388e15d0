package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/mcpclient"
	"github.com/lockstile/lockstile/internal/model"
	"github.com/lockstile/lockstile/internal/rollout"
	"github.com/lockstile/lockstile/internal/tool"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/session"
)

// Options are the parts of a thread.
type Options struct {
	ID      string
	Client  *model.Client
	Model   string
	Effort  string          // of the reasoning; "" lets the server choose
	Schema  json.RawMessage // a JSON schema for the model's messages; nil: free text
	Window  int             // tokens of the model's window; 0: as known, see model.Known
	Policy  policy.Policy
	Tools   *tool.Set
	Program []string       // our own program, to which patch.Inside and tool.ReadInside are one more word
	Servers *mcpclient.Set // nil: no MCP servers
	Rollout *rollout.File  // nil: the thread is kept nowhere

	// Instructions has AGENTS.md of the workspace read to the model.
	Instructions bool

	// Ask puts the approval of a command to a person.
	Ask tool.Ask

	// GoOn asks a person whether a turn that looks endless may go on; nil: the turn fails.
	GoOn func(ctx context.Context, why string) bool

	// Listen gets all events, in order, one at a time. Listen must return soon, and never
	// call the thread.
	Listen func(Event)
}

// Thread is a conversation with a model. One turn runs at a time; Sessions, Used and the
// model's name may be asked at any time.
type Thread struct {
	Options
	greeted  bool              // the MCP servers have been waited for
	prompted atomic.Bool       // a prompt or a command of the user is in the history
	opening  []json.RawMessage // what a model is told before the first prompt
	history  []json.RawMessage
	used     atomic.Int64 // tokens of the last request and answer
	name     atomic.Pointer[string]

	mu    sync.Mutex // of the events
	items int
}

// ErrInterrupted is the cause that ends the context of a turn when the user has had enough.
var ErrInterrupted = errors.New("interrupted by the user")

// New makes a thread. Begin or Resume comes first.
func New(o Options) *Thread {
	t := &Thread{Options: o, opening: opening(o.Policy, o.Instructions)}
	t.SetModel(o.Model)
	t.Client.Retrying = func(why error, wait time.Duration) {
		t.tell(Event{Type: ErrorEvent, Message: fmt.Sprintf("%v; asking again in %v", why, wait.Round(100*time.Millisecond))})
	}
	return t
}

// Model returns the name of the model that the next request asks.
func (t *Thread) Model() string { return *t.name.Load() }

// SetModel has the next request ask another model of the same provider.
func (t *Thread) SetModel(name string) { t.name.Store(&name) }

// Used returns how many tokens the last request and its answer had, and how many fit.
func (t *Thread) Used() (used, window int) {
	if t.Window > 0 {
		return int(t.used.Load()), t.Window
	}
	return int(t.used.Load()), model.Known(t.Model()).Window
}

// Prompted reports whether the user has said or run anything in the thread.
func (t *Thread) Prompted() bool { return t.prompted.Load() }

// Sessions returns the commands that run.
func (t *Thread) Sessions() *session.Table { return t.Tools.Sessions() }

// Begin begins a new thread: the head of the rollout, and the opening of the history.
func (t *Thread) Begin() error {
	if err := t.writeHead(); err != nil {
		return err
	}
	if err := t.add(t.opening...); err != nil {
		return err
	}
	t.tell(Event{Type: ThreadStarted, ThreadID: t.ID})
	return nil
}

// writeHead writes what the thread is.
func (t *Thread) writeHead() error {
	return t.write(rollout.Meta, map[string]any{"id": t.ID, "timestamp": time.Now().UTC().Format(time.RFC3339), "cwd": t.Policy.Workspace, "originator": "lockstile",
		"cli_version": lockstile.Version, "model_provider": t.Client.Provider, "policy_digest": t.Policy.Digest()})
}

// write appends a line to the rollout.
func (t *Thread) write(kind rollout.Type, payload any) error {
	if t.Rollout == nil {
		return nil
	}
	if err := t.Rollout.Append(kind, payload); err != nil {
		return fmt.Errorf("the session can't be written to %s: %w", t.Rollout.Path, err)
	}
	return nil
}

// add appends items to the history, on disk before in memory.
func (t *Thread) add(items ...json.RawMessage) error {
	for _, item := range items {
		if err := t.write(rollout.Item, item); err != nil {
			return err
		}
		t.history = append(t.history, item)
	}
	return nil
}

// tell gives an event to the listener. A completed item is on disk before, for the screen
// of a thread that is resumed; an item that can't be written is shown all the same, since
// the history's own line decides about the turn.
func (t *Thread) tell(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.Item != nil {
		item := *e.Item
		e.Item = &item // the listener may keep it
	}
	if e.Type == ItemCompleted {
		_ = t.write(rollout.Event, e)
	}
	t.Listen(e)
}

// newItem returns an item with a name of its own.
func (t *Thread) newItem(kind ItemType) *Item {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.items++
	return &Item{ID: fmt.Sprintf("item_%d", t.items-1), Type: kind}
}

// say gives out an item of text that is complete at once.
func (t *Thread) say(kind ItemType, text string) {
	item := t.newItem(kind)
	item.Text = text
	t.tell(Event{Type: ItemCompleted, Item: item})
}
