package tui

import (
	"slices"
	"strings"
	"time"

	"github.com/lockstile/lockstile/internal/agent"
)

// transcript is the state of a thread as events tell it. Finished items are drawn once and
// given out; transcript keeps what may still change, and what a command of the user asks
// for later.
type transcript struct {
	width   int
	message *markdown // the answer that comes now
	id      string    // its item
	thought string    // the end of the reasoning that comes now
	running []*agent.Item
	begun   map[string]time.Time
	last    *agent.Item // the newest item that can be drawn whole
	answer  string      // the newest answer, as the model wrote it
	changes []*agent.Item
	said    []string // by the user
	failed  bool     // an event told that the turn failed
}

// mostThought is how much of a reasoning is kept while it comes; mostLive is how much of a
// running command, and of its output, is looked at for a frame.
const (
	mostThought = 4096
	mostLive    = 8192
)

// event takes an event in, and returns the lines that are finished.
func (t *transcript) event(e agent.Event) []string {
	d := drawing{width: t.width}
	switch e.Type {
	case agent.TurnFailed:
		t.drop()
		t.failed = true
		if e.Error == nil {
			return nil
		}
		if e.Error.Message == agent.ErrInterrupted.Error() {
			return d.notice("interrupted")
		}
		return d.problem(e.Error.Message)
	case agent.TurnCompleted:
		t.drop()
	case agent.ErrorEvent:
		return d.notice(e.Message)
	case agent.ItemStarted, agent.ItemUpdated:
		if e.Item != nil {
			return t.progress(e)
		}
	case agent.ItemDelta:
		if e.Item != nil {
			return t.delta(e)
		}
	case agent.ItemCompleted:
		if e.Item != nil {
			return t.completed(e.Item)
		}
	}
	return nil
}

// drop forgets what a turn left open.
func (t *transcript) drop() { t.message, t.id, t.thought, t.running = nil, "", "", nil }

// progress takes an item in that has begun or changed.
func (t *transcript) progress(e agent.Event) (lines []string) {
	i := e.Item
	switch i.Type {
	case agent.AgentMessage:
		if e.Type == agent.ItemUpdated && i.Text == "" { // the answer broke off and counts for nothing
			if t.message != nil && t.id == i.ID {
				lines = append(inMargin(t.message.end()), drawing{width: t.width}.notice("the answer broke off and comes again")...)
				t.message, t.id = nil, ""
			}
			return lines
		}
		t.message, t.id = newMarkdown(textWidth(t.width)-len(margin)), i.ID
		return inMargin(t.message.feed(i.Text))
	case agent.Reasoning:
		t.thought = tail(i.Text, mostThought)
		return nil
	}
	at := slices.IndexFunc(t.running, func(r *agent.Item) bool { return r.ID == i.ID })
	if at >= 0 {
		t.running[at] = i
		return nil
	}
	if t.begun == nil {
		t.begun = map[string]time.Time{}
	}
	t.begun[i.ID] = time.Now()
	t.running = append(t.running, i)
	return nil
}

func (t *transcript) delta(e agent.Event) []string {
	switch {
	case e.Item.Type == agent.Reasoning:
		t.thought = tail(t.thought+e.Delta, mostThought)
	case t.message != nil && e.Item.ID == t.id:
		return inMargin(t.message.feed(e.Delta))
	default:
		at := slices.IndexFunc(t.running, func(r *agent.Item) bool { return r.ID == e.Item.ID })
		if at >= 0 {
			i := *t.running[at]
			i.Output = tail(i.Output+e.Delta, mostLive)
			t.running[at] = &i
		}
	}
	return nil
}

func (t *transcript) completed(i *agent.Item) []string {
	t.running = slices.DeleteFunc(t.running, func(r *agent.Item) bool { return r.ID == i.ID })
	delete(t.begun, i.ID)
	switch i.Type {
	case agent.AgentMessage:
		t.answer = i.Text
		var lines []string
		if t.message == nil || t.id != i.ID {
			t.message = newMarkdown(textWidth(t.width) - len(margin))
			lines = inMargin(t.message.feed(i.Text))
		}
		lines = append(lines, inMargin(t.message.end())...)
		t.message, t.id = nil, ""
		return lines
	case agent.Reasoning:
		t.thought = ""
	case agent.UserMessage:
		t.said = append(t.said, i.Text)
		t.last = i
	case agent.FileChange:
		if i.Status == agent.Completed {
			t.changes = append(t.changes, i)
		}
		t.last = i
	case agent.CommandExecution, agent.MCPToolCall:
		t.last = i
	}
	return drawing{width: t.width}.item(i)
}

// resize draws what is open at another width from now on.
func (t *transcript) resize(w int) {
	t.width = w
	if t.message != nil {
		t.message.width = textWidth(w) - len(margin)
	}
}

// live draws what isn't finished.
func (t *transcript) live(spin string, now time.Time) (lines []string) {
	if t.message != nil {
		lines = inMargin(t.message.open())
	}
	if thought := strings.TrimSpace(t.thought); thought != "" {
		all := drawing{width: t.width}.thought(thought)
		lines = append(append(lines, ""), all[max(1, len(all)-3):]...)
	}
	for _, r := range t.running {
		i := *r
		i.Output, i.Command, i.Arguments = tail(i.Output, mostLive), head(i.Command, mostLive), head(i.Arguments, mostLive)
		i.Millis = now.Sub(t.begun[i.ID]).Milliseconds()
		lines = append(lines, drawing{width: t.width, spin: spin}.item(&i)...)
	}
	return lines
}

// whole draws the newest item in full.
func (t *transcript) whole() []string {
	if t.last == nil {
		return drawing{width: t.width}.notice("there is nothing to show whole")
	}
	return drawing{width: t.width, whole: true}.item(t.last)
}

// diff draws all changes of the thread in full.
func (t *transcript) diff() (lines []string) {
	d := drawing{width: t.width, whole: true}
	for _, i := range t.changes {
		lines = append(lines, d.change(i)...)
	}
	if lines == nil {
		return d.notice("no patch of this thread changed a file")
	}
	return append(lines, d.notice("patches alone; files that commands changed are not listed")...)
}

// head returns the beginning of a text.
func head(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// tail returns the end of a text, from the beginning of a line where there is one.
func tail(text string, most int) string {
	if len(text) <= most {
		return text
	}
	text = text[len(text)-most:]
	if at := strings.IndexByte(text, '\n'); at >= 0 && at < len(text)-1 {
		return text[at+1:]
	}
	return text
}
