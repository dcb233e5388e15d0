package tui

import (
	"context"

	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/session"
)

// ThreadOf returns a thread as the screen uses it.
func ThreadOf(t *agent.Thread) Thread {
	return Thread{
		Turn: t.Turn, Run: t.Run, Compact: t.Compact, Used: t.Used, Model: t.Model, SetModel: t.SetModel,
		Sessions: func() (all []Session) {
			for _, e := range t.Sessions().List() {
				all = append(all, SessionOf(t.Sessions(), e))
			}
			return all
		},
	}
}

// SessionOf returns a session of a table as the screen uses it.
func SessionOf(table *session.Table, e session.Entry) Session {
	return Session{
		ID: e.ID, Command: e.Command, Begun: e.Begun, Over: e.Over(),
		Tap:    e.Tap,
		Type:   e.Type,
		Resize: e.Resize,
		End: func() error {
			err := e.End()
			table.Remove(e.ID)
			return err
		},
	}
}

// Edit makes Config.Edit of a function that starts an editor at the gate.
func Edit(table *session.Table, start func(file string) (session.Entry, error)) func(context.Context, string) (Session, error) {
	return func(_ context.Context, file string) (Session, error) {
		e, err := start(file)
		if err != nil {
			return Session{}, err
		}
		return SessionOf(table, e), nil
	}
}
