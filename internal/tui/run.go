package tui

import (
	"errors"
	"fmt"
	"io"
	"os/signal"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/pty"
)

// endTime is how long the end waits for a turn that was interrupted, and for a terminal
// that takes nothing.
const endTime = 3 * time.Second

// Run shows a thread until the user leaves, and returns the exit code. shown are the
// events of a resumed thread. Run restores the terminal, whatever happens.
func (s *Screen) Run(t Thread, shown []agent.Event) int {
	s.thread = t
	terminal, err := pty.SaveTerminal(s.config.In, s.config.Out)
	if s.config.Plain || s.look.dumb || err != nil {
		if err == nil {
			_ = terminal.Restore()
		}
		return s.runLines(shown)
	}
	if err := terminal.Raw(); err != nil {
		fmt.Fprintf(s.config.Err, "lockstile: %s\n", Safe(err.Error()))
		return 1
	}
	return s.runScreen(terminal, shown)
}

// runScreen shows the screen on a raw terminal.
func (s *Screen) runScreen(terminal *pty.Terminal, shown []agent.Event) (code int) {
	s.terminal = terminal
	s.painter, s.keyboard = newPainter(s.config.Out, s.look), newKeyboard(s.config.In)
	s.resize()
	s.painter.send(modesOn)
	program := s.newProgram()
	defer func() { code = s.end(code, recover()) }() // a fault of the loop comes by here
	s.transcript.resize(s.width)
	s.replayed = shown
	ended := s.attend()
	defer ended()
	_, err := program.Run()
	if err != nil && !errors.Is(err, tea.ErrProgramKilled) && !errors.Is(err, tea.ErrInterrupted) {
		panic(err)
	}
	if sig := s.ended.Load(); sig != 0 {
		return int(sig)
	}
	return s.code
}

// newProgram makes the loop of Bubble Tea: without its renderer, its signals, its handling
// of faults, and with an empty environment, in which nothing starts tmux to ask for the
// colours.
func (s *Screen) newProgram() *tea.Program {
	program := tea.NewProgram(loop{s}, tea.WithInput(s.keyboard), tea.WithOutput(io.Discard), tea.WithoutRenderer(),
		tea.WithoutSignalHandler(), tea.WithoutCatchPanics(), tea.WithEnvironment([]string{}), tea.WithWindowSize(s.width, s.height))
	s.mu.Lock()
	s.program = program
	s.mu.Unlock()
	return program
}

// attend runs what the loop needs beside itself, until the returned function is called.
func (s *Screen) attend() (ended func()) {
	signals := notified()
	go s.guarded(s.painter.run)
	go s.guarded(func() {
		s.keyboard.read()
		s.send(tea.QuitMsg{}) // the terminal is gone
	})
	go s.guarded(s.keyboard.deliver)
	go s.guarded(func() {
		for {
			select {
			case <-s.wake:
				s.program.Send(wakeMsg{})
			case sig := <-signals:
				s.signalled(sig)
			case <-s.gone:
				return
			}
		}
	})
	return func() {
		signal.Stop(signals)
		close(s.gone)
		s.keyboard.close()
		s.painter.stop()
	}
}

// end restores the terminal, and tells of a fault.
func (s *Screen) end(code int, what any) int {
	if what != nil {
		s.Fault(what)
	}
	if s.turn != nil {
		s.turn.stop(agent.ErrInterrupted)
		select {
		case <-s.turn.over:
		case <-time.After(endTime):
		}
	}
	if what == nil {
		s.drain() // what the turn told last
	}
	if s.painter.hold(endTime) {
		_, _ = io.WriteString(s.config.Out, modesOff)
	}
	_ = s.terminal.Restore()
	if fault := s.fault.Load(); fault != nil {
		fmt.Fprintf(s.config.Err, "%s\n", Safe(*fault))
		return 1
	}
	return code
}
