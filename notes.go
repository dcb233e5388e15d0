package lockstile

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/lockstile/lockstile/internal/redact"
	"github.com/lockstile/lockstile/internal/takeback"
	"github.com/lockstile/lockstile/policy"
)

// notesIn is where the starts of a workspace note what is to be taken back.
func notesIn(private string) string { return filepath.Join(private, "notes") }

// takeNote writes down what the command may write, and what is to be taken back for the
// case that all processes of the start are killed at once.
func takeNote(i *intent) (*takeback.Note, error) {
	if err := i.trusted.KeepRoots(i.private); err != nil {
		return nil, privateRefused(i.private, err)
	}
	note, err := takeback.Write(notesIn(i.private), i.command.Denied, i.trusted.Folders())
	if err != nil {
		return nil, privateRefused(notesIn(i.private), err)
	}
	return note, nil
}

// recover takes back what starts of the same workspace have left that were so killed.
func (g *Gate) recover(p policy.Policy) error {
	if p.Mode != policy.ModeWorkspaceWrite {
		return nil
	}
	back := takeback.Recover(notesIn(privatePath(g.home.real, p)))
	if len(back) == 0 {
		return nil
	}
	line := recoveryLine{Event: "recovery", Workspace: redact.Text(p.Workspace), By: os.Getpid()}
	for _, b := range back {
		line.Denied = append(line.Denied, b.Path)
	}
	_, err := g.log.Append(line)
	return err
}

// endTree has the command's group killed, with which the init ends the rest.
func (c *Child) endTree() { _ = c.running.Signal(syscall.SIGKILL) }
