package lockstile

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/lockstile/lockstile/internal/redact"
	"github.com/lockstile/lockstile/internal/takeback"
	"github.com/lockstile/lockstile/policy"
)

// notesIn is the folder where the starts of a workspace write notes.
func notesIn(private string) string { return filepath.Join(private, "notes") }

// takeNote writes the roots that the command may write, and a note of the names to take
// back if all processes of the start are killed at once.
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

// recover takes back the names left by killed starts of the same workspace.
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

// endTree kills the command's process group; then the init ends the rest.
func (c *Child) endTree() { _ = c.running.Signal(syscall.SIGKILL) }
