package agent

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/lockstile/lockstile/internal/model"
	"github.com/lockstile/lockstile/internal/rollout"
)

const (
	// mostCalls is how many calls of one turn pass without a question.
	mostCalls = 200
	// mostSame is how often the same call may have the same output.
	mostSame = 5
	// fullAt is the part of the window, in percent, from which the history is summed up.
	fullAt = 85
)

// Turn carries a prompt out. The error is the reason for which the turn failed; the
// listener knows the error already. The cause of ctx is ErrInterrupted when the user has
// had enough.
func (t *Thread) Turn(ctx context.Context, prompt string) error {
	t.prompted.Store(true)
	t.tell(Event{Type: TurnStarted})
	var usage Usage
	err := t.write(rollout.Context, map[string]any{"cwd": t.Policy.Workspace, "model": t.Model(), "effort": t.Effort, "approval_policy": t.Policy.Approval.String(),
		"sandbox_policy": map[string]any{"mode": t.Policy.Mode.String(), "network_access": t.Policy.NetworkAccess}})
	if err == nil {
		err = t.add(message("user", prompt))
	}
	if err == nil {
		said := t.newItem(UserMessage)
		said.Text = prompt
		t.tell(Event{Type: ItemCompleted, Item: said})
		err = t.turn(ctx, &usage)
	}
	if err == nil {
		t.tell(Event{Type: TurnCompleted, Usage: &usage})
		return nil
	}
	if errors.Is(context.Cause(ctx), ErrInterrupted) {
		err = errors.Join(ErrInterrupted, t.add(message("developer", "The user interrupted this turn. Running calls were ended; running sessions go on.")))
	}
	t.tell(Event{Type: TurnFailed, Error: &Failure{failure(err)}})
	return err
}

// failure is an error in words, with the mend if there is one.
func failure(err error) string {
	var said *model.Error
	if errors.As(err, &said) && said.Hint != "" {
		return err.Error() + "\nhint: " + said.Hint
	}
	return err.Error()
}

func (t *Thread) turn(ctx context.Context, usage *Usage) error {
	if err := t.greetServers(ctx); err != nil {
		return err
	}
	guard := newGuard(t)
	compacted := false
	for {
		if used, window := t.Used(); used*100 >= window*fullAt {
			if err := t.Compact(ctx); err != nil {
				return err
			}
		}
		answer, err := t.ask(ctx, usage)
		var said *model.Error
		if errors.As(err, &said) && said.Code == "context_length_exceeded" && !compacted {
			compacted = true
			if err := t.Compact(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		calls := callsOf(answer.Items)
		outputs := t.run(ctx, calls)
		for i, c := range calls {
			if err := t.add(c.result(outputs[i])); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if len(calls) == 0 {
			return nil
		}
		if err := guard.check(ctx, calls, outputs); err != nil {
			return err
		}
	}
}

// guard notices turns that look endless.
type guard struct {
	thread *Thread
	calls  int
	same   map[[sha256.Size]byte]int
}

func newGuard(t *Thread) *guard { return &guard{thread: t, same: map[[sha256.Size]byte]int{}} }

// check counts calls. An error ends the turn.
func (g *guard) check(ctx context.Context, calls []call, outputs []output) error {
	why := ""
	for i, c := range calls {
		text, _ := json.Marshal(outputs[i])
		key := sha256.Sum256([]byte(c.Namespace + "\x00" + c.Name + "\x00" + c.Arguments + c.Input + "\x00" + lasting(string(text))))
		if g.same[key]++; g.same[key] == mostSame {
			why = fmt.Sprintf("the model made the same call %d times and got the same answer (%s)", mostSame, c.Name)
		}
	}
	if g.calls += len(calls); g.calls >= mostCalls {
		why = fmt.Sprintf("the model made %d calls in one turn", g.calls)
	}
	if why == "" {
		return nil
	}
	if g.thread.GoOn == nil || !g.thread.GoOn(ctx, why) {
		return errors.New(why)
	}
	*g = *newGuard(g.thread)
	return context.Cause(ctx)
}

// lasting returns the part of an output that is the same each time: not the name of the
// answer, and not the time.
func lasting(output string) string {
	if _, rest, ok := strings.Cut(output, `Output:\n`); ok {
		return rest
	}
	return output
}

// ask has the model answer, and tells of the text as it comes.
func (t *Thread) ask(ctx context.Context, usage *Usage) (model.Answer, error) {
	s := stream{t: t}
	r := model.Request{Model: t.Model(), Effort: t.Effort, Input: t.history, Tools: t.declare(), CacheKey: t.ID, Schema: t.Schema}
	answer, err := t.Client.Ask(ctx, r, s.take)
	if err != nil {
		s.drop()
		return answer, err
	}
	t.count(answer.Usage)
	usage.Input += answer.Usage.Input
	usage.Cached += answer.Usage.Cached
	usage.Output += answer.Usage.Output
	if err := t.add(answer.Items...); err != nil {
		return answer, err
	}
	for _, raw := range answer.Items {
		s.complete(raw)
	}
	s.drop()
	return answer, nil
}

// count remembers how full the window is. A server that doesn't say gets an estimate.
func (t *Thread) count(u model.Usage) {
	n := u.Input + u.Output
	if n == 0 {
		for _, raw := range t.history {
			n += len(raw)
		}
		n /= 4 // bytes of a token, as usual
	}
	t.used.Store(int64(n))
}

// stream is the text of an answer on its way.
type stream struct {
	t    *Thread
	open [2]*Item // a message, and the reasoning
}

func slot(kind ItemType) int {
	if kind == Reasoning {
		return 1
	}
	return 0
}

// item returns the open item of a kind.
func (s *stream) item(kind ItemType) *Item {
	i := &s.open[slot(kind)]
	if *i == nil {
		*i = s.t.newItem(kind)
		s.t.tell(Event{Type: ItemStarted, Item: *i})
	}
	return *i
}

func (s *stream) take(d model.Delta) {
	switch {
	case d.Reset:
		s.drop()
	case d.Reasoning:
		s.t.tell(Event{Type: ItemDelta, Item: s.item(Reasoning), Delta: d.Text})
	default:
		s.t.tell(Event{Type: ItemDelta, Item: s.item(AgentMessage), Delta: d.Text})
	}
}

// drop empties the open items: their text was not completed, and counts for nothing.
func (s *stream) drop() {
	for i, item := range s.open {
		if item != nil {
			item.Text = ""
			s.t.tell(Event{Type: ItemUpdated, Item: item})
			s.open[i] = nil
		}
	}
}

// complete tells of a message or of reasoning that the server has completed.
func (s *stream) complete(raw json.RawMessage) {
	var r struct {
		Type    string
		Summary []struct{ Text string }
	}
	_, text, ok := messageOf(raw)
	kind := AgentMessage
	if !ok {
		if json.Unmarshal(raw, &r) != nil || r.Type != "reasoning" {
			return
		}
		kind = Reasoning
		for _, part := range r.Summary {
			text += part.Text + "\n"
		}
		text = strings.TrimSuffix(text, "\n")
	}
	if text == "" {
		return
	}
	item := s.item(kind)
	s.open[slot(kind)] = nil
	item.Text = text
	s.t.tell(Event{Type: ItemCompleted, Item: item})
}
