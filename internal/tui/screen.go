package tui

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/pty"
)

// Screen shows a thread on a terminal. New makes a Screen; Listen, Ask and Fault may be
// called from any goroutine, also before Run.
type Screen struct {
	config   Config
	look     look
	painter  *painter
	keyboard *keyboard
	program  *tea.Program
	terminal *pty.Terminal

	mu    sync.Mutex
	inbox []any         // events and questions, in order
	wake  chan struct{} // something is in the inbox
	gone  chan struct{} // closed when the screen ends
	fault atomic.Pointer[string]
	ended atomic.Int32 // the exit code of a signal

	resizeTo atomic.Pointer[Session] // the attached session

	// The state of the loop.
	width, height int
	thread        Thread
	transcript    transcript
	editor        editor
	choices       choices
	history       history
	dialog        dialog
	turn          *turn
	queue         []string
	attached      bool // a session has the terminal
	files         []string
	walked        time.Time
	walking       bool
	spin          int
	ticking       bool
	interrupted   time.Time // the last ctrl-c
	replayed      []agent.Event
	code          int
}

// turn is something that runs beside the screen and can be interrupted.
type turn struct {
	stop  context.CancelCauseFunc
	begun time.Time
	over  chan struct{}
}

// New makes a screen. Nothing is shown before Run.
func New(c Config) *Screen {
	s := &Screen{config: c, look: lookOf(c.Getenv), width: 80, height: 24,
		wake: make(chan struct{}, 1), gone: make(chan struct{})}
	s.editor.goal = -1
	s.transcript.width = s.width
	return s
}

// Listen takes an event. Listen never waits and never calls the thread.
func (s *Screen) Listen(e agent.Event) { s.put(e) }

// put puts something into the inbox. Of an item that changes often the newest form counts.
func (s *Screen) put(what any) {
	s.mu.Lock()
	if !s.merge(what) {
		s.inbox = append(s.inbox, what)
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// merge joins an event with the last event in the inbox, where both tell of one item.
func (s *Screen) merge(what any) bool {
	e, ok := what.(agent.Event)
	if !ok || e.Item == nil || len(s.inbox) == 0 {
		return false
	}
	last, ok := s.inbox[len(s.inbox)-1].(agent.Event)
	if !ok || last.Type != e.Type || last.Item == nil || last.Item.ID != e.Item.ID {
		return false
	}
	switch {
	case e.Type == agent.ItemDelta && len(last.Delta) < mostMerged:
		last.Delta += e.Delta
	case e.Type == agent.ItemUpdated && e.Item.Type != agent.AgentMessage:
		last = e
	default:
		return false
	}
	s.inbox[len(s.inbox)-1] = last
	return true
}

// mostMerged bounds the text of joined events, so that joining doesn't take time by the
// square.
const mostMerged = 16 << 10

// take empties the inbox.
func (s *Screen) take() []any {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.inbox
	s.inbox = nil
	return all
}

// Fault ends the screen because of a fault in some goroutine, and restores the terminal.
// For use as: defer func() { if what := recover(); what != nil { screen.Fault(what) } }().
func (s *Screen) Fault(what any) {
	text := fmt.Sprintf("lockstile: a fault of its own: %v (%s)", what, faultPlace())
	s.fault.CompareAndSwap(nil, &text)
	s.send(tea.QuitMsg{})
}

// guarded runs do, and takes a fault to the loop: a panic in another goroutine would leave
// the terminal raw.
func (s *Screen) guarded(do func()) {
	defer func() {
		if what := recover(); what != nil {
			s.Fault(what)
		}
	}()
	do()
}

// beside returns a command that runs beside the loop.
func (s *Screen) beside(do func() tea.Msg) tea.Cmd {
	return func() (msg tea.Msg) {
		s.guarded(func() { msg = do() })
		return msg
	}
}

// send gives the loop a message, and never waits.
func (s *Screen) send(msg tea.Msg) {
	s.mu.Lock()
	program := s.program
	s.mu.Unlock()
	if program != nil {
		go program.Send(msg) // returns at the latest when the program has ended
	}
}

// short writes a path of the user's home with ~.
func (s *Screen) short(p string) string {
	rel, err := filepath.Rel(s.config.UserHome, p)
	if s.config.UserHome == "" || err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(os.PathSeparator)) {
		return Safe(p)
	}
	if rel == "." {
		return "~"
	}
	return Safe("~" + string(os.PathSeparator) + rel)
}

// history is what the user sent, for up and down.
type history struct {
	lines [][]rune
	at    int
	draft []rune
}

func (h *history) add(line []rune) {
	h.lines = append(h.lines, line)
	h.at = len(h.lines)
}

// move goes by lines back or on. ok is false at the ends.
func (h *history) move(e *editor, by int) (ok bool) {
	to := h.at + by
	if to < 0 || to > len(h.lines) {
		return false
	}
	if h.at == len(h.lines) {
		h.draft = append([]rune(nil), e.text...)
	}
	if h.at = to; to == len(h.lines) {
		e.set(h.draft)
	} else {
		e.set(h.lines[to])
	}
	return true
}
