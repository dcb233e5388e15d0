//go:build unix

package tui

import (
	"os"
	"os/signal"
	"syscall"

	tea "charm.land/bubbletea/v2"
)

// notified returns the signals that concern the screen.
func notified() chan os.Signal {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGWINCH, syscall.SIGCONT)
	return signals
}

// signalled acts on a signal.
func (s *Screen) signalled(sig os.Signal) {
	switch sig {
	case syscall.SIGWINCH:
		s.program.Send(sizeMsg{})
	case syscall.SIGCONT: // the shell had the terminal in modes of its own
		s.terminal.Resume()
		s.program.Send(sizeMsg{again: true})
	case syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP:
		s.ended.Store(128 + int32(sig.(syscall.Signal)))
		s.program.Send(tea.QuitMsg{})
	}
}
