package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/pty"
)

// The messages of the loop.
type (
	wakeMsg  struct{}             // look at the inbox
	sizeMsg  struct{ again bool } // the size may have changed; again: draw all
	tickMsg  struct{}             // time has passed
	turnMsg  struct{ err error }  // the turn is over
	linesMsg []string             // to print
	filesMsg []string             // the walk is over
	leftMsg  struct {             // the terminal is the screen's again
		lines []string
		draft *string // what the user's editor wrote
	}
	threadMsg struct {
		thread Thread
		shown  []agent.Event
		note   string
	}
)

// loop is the screen as Bubble Tea's model.
type loop struct{ *Screen }

func (l loop) Init() tea.Cmd {
	l.opening()
	l.replay(l.replayed)
	l.draw()
	if l.config.Prompt == "" {
		return nil
	}
	return l.submit(l.config.Prompt)
}

// View is empty: the painter draws.
func (l loop) View() tea.View { return tea.NewView("") }

func (l loop) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch m := msg.(type) {
	case wakeMsg:
		l.drain()
	case sizeMsg:
		l.resize()
		if m.again {
			l.painter.redraw()
		}
	case tickMsg:
		l.spin++
		l.ticking = false
	case turnMsg:
		cmd = l.turnOver(m.err)
	case linesMsg:
		l.painter.print(m...)
	case filesMsg:
		l.files, l.walked, l.walking = m, time.Now(), false
		l.choices = complete(&l.editor, l.choices, l.files)
	case leftMsg:
		l.attached = false
		l.keyboard.back()
		l.resize()
		l.painter.print(m.lines...)
		if m.draft != nil {
			l.editor.set(nil)
			l.editor.paste(*m.draft)
		}
	case threadMsg:
		l.join(m)
	case tea.PasteMsg:
		l.editor.paste(m.Content)
		cmd = l.edited()
	case tea.KeyPressMsg:
		var quit bool
		if cmd, quit = l.key(m); quit {
			return l, tea.Quit
		}
	case tea.FocusMsg: // see acted
		defer l.keyboard.hasActed(0)
	default:
		return l, nil
	}
	l.draw()
	return l, tea.Batch(cmd, l.tick())
}

// tick has the loop draw again while something moves.
func (l loop) tick() tea.Cmd {
	waits := l.dialog.first() != nil && !l.dialog.ready(time.Now())
	if l.ticking || l.turn == nil && len(l.transcript.running) == 0 && !waits {
		return nil
	}
	l.ticking = true
	return tea.Tick(120*time.Millisecond, func(time.Time) tea.Msg { return tickMsg{} })
}

// drain takes in what happened.
func (s *Screen) drain() {
	for _, what := range s.take() {
		switch x := what.(type) {
		case agent.Event:
			s.painter.print(s.transcript.event(x)...)
		case *question:
			s.dialog.asked = append(s.dialog.asked, x)
			s.notify("a question waits")
		}
	}
}

func (s *Screen) resize() {
	size, err := pty.SizeOf(s.config.Out)
	if err != nil || size.Cols == 0 || size.Rows == 0 {
		return
	}
	s.width, s.height = int(size.Cols), int(size.Rows)
	s.transcript.resize(s.width)
	if e := s.resizeTo.Load(); e != nil {
		_ = e.Resize(s.size())
	}
}

func (s *Screen) size() lockstile.Size {
	return lockstile.Size{Rows: uint16(s.height), Cols: uint16(s.width)}
}

// notify tells a user who looks elsewhere.
func (s *Screen) notify(what string) {
	switch {
	case !s.config.Notifications:
	case s.look.toasts:
		s.painter.send("\x1b]9;lockstile: " + what + "\a")
	default:
		s.painter.send("\a")
	}
}

// longTurn is how long a turn takes whose end is told to a user who looks elsewhere.
const longTurn = 10 * time.Second

func (s *Screen) turnOver(err error) tea.Cmd {
	s.drain() // what the turn told comes before what follows
	if s.turn != nil && time.Since(s.turn.begun) > longTurn {
		s.notify("the turn is over")
	}
	s.turn = nil
	if err != nil && !errors.Is(err, agent.ErrInterrupted) && !errors.Is(err, context.Canceled) && !s.transcript.failed {
		s.painter.print(s.drawing().failure(err)...)
	}
	s.transcript.drop()
	if len(s.queue) == 0 {
		return nil
	}
	next := s.queue[0]
	s.queue = s.queue[1:]
	return s.submit(next)
}

// join shows another thread from now on.
func (s *Screen) join(m threadMsg) {
	s.thread = m.thread
	s.transcript = transcript{width: s.width}
	s.painter.print(s.drawing().notice(m.note)...)
	s.replay(m.shown)
}

// replay shows the events of a resumed thread.
func (s *Screen) replay(shown []agent.Event) {
	for _, e := range shown {
		s.painter.print(s.transcript.event(e)...)
	}
	s.transcript.drop()
	for _, said := range s.transcript.said {
		s.history.add([]rune(said))
	}
}

// begin runs something beside the screen that Esc interrupts.
func (s *Screen) begin(do func(context.Context) error) tea.Cmd {
	ctx, stop := context.WithCancelCause(context.Background())
	t := &turn{stop: stop, begun: time.Now(), over: make(chan struct{})}
	s.turn, s.transcript.failed = t, false
	return s.beside(func() tea.Msg {
		defer close(t.over)
		err := do(ctx)
		if cause := context.Cause(ctx); cause != nil && err != nil {
			err = cause
		}
		stop(nil)
		return turnMsg{err}
	})
}

// submit acts on a line of the user.
func (s *Screen) submit(text string) tea.Cmd {
	script, own := strings.CutPrefix(text, "!")
	thread := s.thread
	switch {
	case strings.HasPrefix(text, "/") && !strings.ContainsAny(firstWord(text)[1:], "/."):
		return s.command(text)
	case s.turn != nil && own:
		s.painter.print(s.drawing().problem("a command of yours must wait for the end of the turn; esc interrupts")...)
		return nil
	case s.turn != nil:
		s.queue = append(s.queue, text)
		return nil
	case own:
		if script = strings.TrimSpace(script); script == "" {
			return nil
		}
		return s.begin(func(ctx context.Context) error { return thread.Run(ctx, script) })
	case !s.config.ModelSet && s.thread.Model() == "":
		s.painter.print(append(s.drawing().user(text), s.noModel()...)...)
		return nil
	}
	return s.begin(func(ctx context.Context) error { return thread.Turn(ctx, text) })
}

func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}

// command carries a command out. The line is shown, since no event tells of the line.
func (s *Screen) command(text string) tea.Cmd {
	words := strings.Fields(text)
	s.painter.print("", cut(in(faint, "› "+Safe(text)), s.width-1))
	now, later, ok := s.answer(words)
	if ok {
		s.painter.print(now...)
		if later == nil {
			return nil
		}
		return s.beside(func() tea.Msg { return linesMsg(later()) })
	}
	switch words[0] {
	case "/quit", "/exit":
		return tea.Quit
	case "/attach":
		return s.attachTo(words)
	}
	if s.turn != nil {
		s.painter.print(s.drawing().problem(words[0] + " must wait for the end of the turn; esc interrupts")...)
		return nil
	}
	switch words[0] {
	case "/compact":
		return s.begin(s.thread.Compact)
	case "/new":
		return s.change("a new thread begins", func(ctx context.Context) (Thread, []agent.Event, error) {
			t, err := s.config.New(ctx)
			return t, nil, err
		}, s.config.New != nil)
	case "/resume":
		return s.change("the thread goes on", func(ctx context.Context) (Thread, []agent.Event, error) {
			return s.config.Resume(ctx, words[1])
		}, s.config.Resume != nil)
	}
	s.painter.print(s.drawing().problem(fmt.Sprintf("there is no %s; /help lists what there is", words[0]))...)
	return nil
}

// change goes to another thread.
func (s *Screen) change(note string, to func(context.Context) (Thread, []agent.Event, error), can bool) tea.Cmd {
	d := s.drawing()
	if !can {
		s.painter.print(d.problem("that can't be done here")...)
		return nil
	}
	return s.beside(func() tea.Msg {
		t, shown, err := to(context.Background())
		if err != nil {
			return linesMsg(d.failure(err))
		}
		return threadMsg{t, shown, note}
	})
}

// attachTo gives the terminal to a session.
func (s *Screen) attachTo(words []string) tea.Cmd {
	d, size := s.drawing(), s.size()
	e, err := s.sessionNamed(words)
	if err != nil {
		s.painter.print(d.failure(err)...)
		return nil
	}
	s.handOver()
	return s.beside(func() tea.Msg {
		note, err := s.attach(e, size)
		if err != nil {
			return leftMsg{lines: d.failure(err)}
		}
		return leftMsg{lines: d.notice(note)}
	})
}

// handOver holds the keys until attach gives them to a session.
func (s *Screen) handOver() {
	s.keyboard.stop()
	s.attached = true
}

// editDraft opens the user's editor with the present draft.
func (s *Screen) editDraft() tea.Cmd {
	if s.config.Edit == nil {
		s.painter.print(s.drawing().problem("no editor can be started here")...)
		return nil
	}
	d, size, text := s.drawing(), s.size(), s.editor.value()
	s.handOver()
	return s.beside(func() tea.Msg {
		written, err := s.edit(text, size)
		if err != nil {
			return leftMsg{lines: d.failure(err)}
		}
		return leftMsg{draft: &written}
	})
}
