package tui

import (
	"io"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/lockstile/lockstile/internal/agent"
)

// key acts on a key. quit ends the screen.
func (s *Screen) key(m tea.KeyPressMsg) (cmd tea.Cmd, quit bool) {
	name := m.String()
	if s.attached {
		return nil, false // typed before the session had the terminal, and after the Enter: there is no such key
	}
	if s.dialog.first() != nil && s.dialog.key(name, time.Now()) {
		return nil, false
	}
	switch name {
	case "enter":
		return s.enter()
	case "esc":
		s.escape()
	case "ctrl+c":
		return nil, s.interrupt()
	case "ctrl+d":
		if len(s.editor.text) == 0 {
			return nil, true
		}
		s.editor.key(name)
	case "ctrl+z":
		s.suspend()
	case "ctrl+l":
		s.painter.redraw()
	case "ctrl+o":
		s.painter.print(s.transcript.whole()...)
	case "ctrl+g":
		return s.editDraft(), false
	case "tab":
		if len(s.choices.items) > 0 {
			s.choices.take(&s.editor)
		}
	case "up", "down", "ctrl+p", "ctrl+n":
		s.vertical(name == "up" || name == "ctrl+p")
		return nil, false
	default:
		if !s.editor.key(name) && m.Text != "" {
			s.editor.insert(m.Text)
		}
	}
	return s.edited(), false
}

// edited looks for completions of the changed text.
func (s *Screen) edited() (cmd tea.Cmd) {
	s.choices = complete(&s.editor, s.choices, s.files)
	if strings.HasPrefix(s.choices.word, "@") && s.config.ReadDir != nil && !s.walking && time.Since(s.walked) > walkAge {
		s.walking = true
		cmd = s.beside(func() tea.Msg { return filesMsg(walk(s.config.ReadDir, time.Now().Add(walkTime))) })
	}
	return cmd
}

// enter takes a completion of a command, or sends the line.
func (s *Screen) enter() (cmd tea.Cmd, quit bool) {
	if len(s.choices.items) > 0 {
		word := s.choices.word
		if chosen := s.choices.take(&s.editor); !chosen.ends && chosen.text != word {
			return s.edited(), false
		}
	}
	text := strings.TrimSpace(s.editor.value())
	if text == "" {
		return nil, false
	}
	s.history.add(s.editor.text)
	s.editor.set(nil)
	s.choices = choices{}
	if text == "/quit" || text == "/exit" {
		return nil, true
	}
	return s.submit(text), false
}

func (s *Screen) escape() {
	switch {
	case len(s.choices.items) > 0:
		s.choices.closed, s.choices.items = true, nil
	case s.turn != nil:
		s.turn.stop(agent.ErrInterrupted)
		s.unqueue()
	}
}

// unqueue makes the lines that wait for the end of the turn a draft again: who interrupts
// may want to say something else.
func (s *Screen) unqueue() {
	if len(s.queue) == 0 {
		return
	}
	draft := s.editor.text
	s.editor.set(nil)
	s.editor.paste(strings.Join(s.queue, "\n"))
	if len(draft) > 0 {
		s.editor.insertRunes(append([]rune{'\n'}, draft...))
	}
	s.queue = nil
}

// twice is the time between two ctrl-c that end the screen.
const twice = time.Second

func (s *Screen) interrupt() (quit bool) {
	again := time.Since(s.interrupted) < twice
	s.interrupted = time.Now()
	switch {
	case again:
		s.code = 130
		return true
	case s.turn != nil:
		s.turn.stop(agent.ErrInterrupted)
		s.unqueue()
	default:
		s.editor.set(nil)
		s.choices = choices{}
	}
	return false
}

// vertical moves within the choices, the text, or the history.
func (s *Screen) vertical(up bool) {
	by := 1
	if up {
		by = -1
	}
	switch n := len(s.choices.items); {
	case n > 0:
		s.choices.chosen = (s.choices.chosen + by + n) % n
	case s.editor.vertical(by, s.width-3):
	default:
		s.history.move(&s.editor, by)
		s.choices = choices{closed: true, word: string(s.editor.text)}
	}
}

// suspend stops the program as a user of a shell expects, and comes back with fg.
func (s *Screen) suspend() {
	if !s.painter.hold(time.Second) {
		return
	}
	_, _ = io.WriteString(s.config.Out, modesOff)
	s.terminal.Stop()
	_, _ = io.WriteString(s.config.Out, modesOn)
	s.resize()
	s.painter.release()
}
