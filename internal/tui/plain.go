package tui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/lockstile/lockstile/internal/agent"
)

// mostPlain is how many lines of an output Plain shows, the last.
const mostPlain = 20

// Plain writes an event as plain lines: for exec, logs and readers of a screen. An event
// that says nothing new writes nothing.
func Plain(w io.Writer, e agent.Event) {
	line := func(text string) { fmt.Fprintln(w, text) }
	switch {
	case e.Type == agent.TurnFailed && e.Error != nil:
		line("failed: " + Safe(e.Error.Message))
	case e.Type == agent.ErrorEvent:
		line("note: " + Safe(e.Message))
	case e.Item == nil:
	case e.Type == agent.ItemStarted && e.Item.Type == agent.CommandExecution:
		line("$ " + strings.Join(safeLines(strings.TrimRight(e.Item.Command, "\n")), "\n> "))
	case e.Type == agent.ItemCompleted:
		plainItem(line, e.Item)
	}
}

func plainItem(line func(string), i *agent.Item) {
	switch i.Type {
	case agent.CommandExecution, agent.MCPToolCall:
		if i.Type == agent.MCPToolCall {
			line(strings.TrimRight(Safe(i.Server)+" "+Safe(i.Tool)+" "+Safe(i.Arguments), " "))
		}
		plainOutput(line, i)
	case agent.FileChange:
		for _, c := range i.Changes {
			line(ansi.Strip(changeHead(c, i.Status == agent.Completed)))
		}
		for _, l := range safeLines(strings.TrimSpace(i.Text + "\n" + i.Reason)) {
			if l != "" {
				line("| " + l)
			}
		}
		line(plainEnd(string(i.Status), i))
	case agent.TodoList:
		for _, t := range i.Items {
			mark := "[ ] "
			if t.Completed {
				mark = "[x] "
			}
			line(margin + mark + Safe(t.Text))
		}
	case agent.AgentMessage, agent.Reasoning:
		line(strings.Join(inMargin(safeLines(strings.TrimSpace(i.Text))), "\n"))
	case agent.Notice, agent.ErrorItem:
		line(strings.Join(safeLines(strings.TrimSpace(i.Text)), "\n"+margin))
	}
}

// plainOutput writes an output with a bar before each line: no output looks like the end
// with the badge.
func plainOutput(line func(string), i *agent.Item) {
	output := i.Output
	if i.Status == agent.Declined {
		output = i.Reason
	}
	var lines []string
	if text := strings.TrimRight(printed(output), "\n "); text != "" {
		lines = strings.Split(text, "\n")
	}
	if over := len(lines) - mostPlain; over > 1 {
		line(fmt.Sprintf("| (%d lines more)", over))
		lines = lines[over:]
	}
	for _, l := range append(lines, i.Obstacles...) {
		line("| " + safeLine(strings.ReplaceAll(l, "\n", " ")))
	}
	if end := plainEnd(ending(i), i); end != "" {
		line(end)
	}
}

func plainEnd(words string, i *agent.Item) string {
	return strings.TrimSpace(words + "  " + badgeOf(i.Sandbox).text())
}

// lineMode is the screen without cursor movement: a line in, lines out.
type lineMode struct {
	*Screen
	typed chan string // closed at the end of the input
	over  chan error  // a turn is over
}

// runLines reads lines and prints events until the end of the input or /quit.
func (s *Screen) runLines(shown []agent.Event) int {
	l := lineMode{Screen: s, typed: make(chan string), over: make(chan error)}
	defer close(s.gone)
	l.out(fmt.Sprintf("lockstile %s, %s, %s, network open: %v", s.config.Version, s.modelName(), s.config.Policy.Mode, s.config.Policy.NetworkOpen()))
	if !s.config.ModelSet {
		l.print(s.noModel())
	}
	for _, e := range shown {
		Plain(s.config.Out, e)
	}
	go l.read()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	defer signal.Stop(signals)
	if s.config.Prompt != "" {
		l.line(s.config.Prompt)
	}
	l.prompt()
	for {
		select {
		case text, ok := <-l.typed:
			if quit := !ok && s.turn == nil || ok && l.line(text); quit {
				return l.leave()
			}
			if !ok {
				l.typed = nil
			}
		case <-s.wake:
			l.drain()
			continue // without a prompt
		case err := <-l.over:
			if l.turnOver(err); l.typed == nil && s.turn == nil {
				return 0
			}
		case <-signals:
			if s.interrupt() || s.turn == nil {
				l.leave()
				return 130
			}
		}
		l.prompt()
	}
}

func (l *lineMode) read() {
	defer close(l.typed)
	typed := l.typed
	in := bufio.NewReader(l.config.In)
	for {
		text, err := in.ReadString('\n')
		if text = strings.TrimRight(text, "\r\n"); text != "" {
			select {
			case typed <- text:
			case <-l.gone:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (l *lineMode) out(text string) { fmt.Fprintln(l.config.Out, Safe(text)) }

// print writes drawn lines without their styles.
func (l *lineMode) print(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(l.config.Out, ansi.Strip(line))
	}
}

func (l *lineMode) prompt() {
	if l.turn == nil && len(l.dialog.asked) == 0 {
		fmt.Fprint(l.config.Out, "> ")
	}
}

func (l *lineMode) drain() {
	for _, what := range l.take() {
		switch x := what.(type) {
		case agent.Event:
			l.transcript.event(x)
			Plain(l.config.Out, x)
		case *question:
			l.dialog.asked = append(l.dialog.asked, x)
			l.askFirst()
		}
	}
}

// The room of a question without a screen: whatever is longer stands above as a whole.
const lineWidth, lineHeight = 10_000, 10_000

// askFirst prints the first question.
func (l *lineMode) askFirst() {
	if q := l.dialog.first(); q != nil && q != l.dialog.shown {
		l.dialog.shown = q
		l.print(q.whole(Safe(q.Dir), lineWidth, lineHeight))
		l.print(q.draw(Safe(q.Dir), lineWidth, lineHeight))
		fmt.Fprint(l.config.Out, "yes or no? ")
	}
}

// line acts on a line of the user.
func (l *lineMode) line(text string) (quit bool) {
	text = strings.TrimSpace(text)
	if q := l.dialog.first(); q != nil {
		if q == l.dialog.shown && (text == "yes" || text == "no") { // a single letter may have been meant for something else
			l.dialog.reply(text == "yes")
		}
		l.dialog.shown = nil
		l.askFirst()
		return false
	}
	script, own := strings.CutPrefix(text, "!")
	thread := l.thread
	switch {
	case text == "":
	case strings.HasPrefix(text, "/"):
		return l.command(strings.Fields(text))
	case l.turn != nil:
		l.queue = append(l.queue, text)
		l.out("then: " + text)
	case own:
		l.begin(func(ctx context.Context) error { return thread.Run(ctx, script) })
	case !l.config.ModelSet && thread.Model() == "":
		l.print(l.noModel())
	default:
		l.begin(func(ctx context.Context) error { return thread.Turn(ctx, text) })
	}
	return false
}

func (l *lineMode) command(words []string) (quit bool) {
	if words[0] == "/quit" || words[0] == "/exit" {
		return true
	}
	now, later, ok := l.answer(words)
	switch {
	case ok && later != nil:
		l.print(later())
	case ok:
		l.print(now)
	case words[0] == "/compact" && l.turn == nil:
		l.begin(l.thread.Compact)
	default:
		l.out("not here: " + words[0] + "; /help lists what there is")
	}
	return false
}

func (l *lineMode) begin(do func(context.Context) error) {
	ctx, stop := context.WithCancelCause(context.Background())
	l.turn, l.transcript.failed = &turn{stop: stop, begun: time.Now()}, false
	go func() {
		err := do(ctx)
		if cause := context.Cause(ctx); cause != nil && err != nil {
			err = cause
		}
		stop(nil)
		select {
		case l.over <- err:
		case <-l.gone:
		}
	}()
}

func (l *lineMode) turnOver(err error) {
	l.drain()
	l.turn = nil
	if err != nil && !errors.Is(err, agent.ErrInterrupted) && !l.transcript.failed {
		l.out("failed: " + err.Error())
	}
	if len(l.queue) > 0 {
		next := l.queue[0]
		l.queue = l.queue[1:]
		l.line(next)
	}
}

// leave interrupts a turn and waits for its end.
func (l *lineMode) leave() int {
	if l.turn != nil {
		l.turn.stop(agent.ErrInterrupted)
		select {
		case <-l.over:
		case <-time.After(endTime):
		}
	}
	return 0
}
