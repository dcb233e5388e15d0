package lockstile

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/redact"
	"github.com/lockstile/lockstile/internal/takeback"
	"github.com/lockstile/lockstile/internal/trustname"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// notesIn is the folder where the starts of a workspace write notes.
func notesIn(private string) string { return filepath.Join(private, "notes") }

// takeNote writes the roots that the command may write, and a note of the names to take
// back if all processes of the start are killed at once.
func takeNote(i *intent, l *systemLaunch) (*takeback.Note, error) {
	if err := i.trusted.KeepRoots(i.private); err != nil {
		return nil, privateRefused(i.private, err)
	}
	note, err := takeback.Write(notesIn(i.private), i.command.Denied, treeOf(l), i.trusted.Folders())
	if err != nil {
		return nil, privateRefused(notesIn(i.private), err)
	}
	return note, nil
}

// recover takes back the names left by killed starts of the same workspace. Nothing starts
// as long as a name can't be taken back: the host may obey what a command wrote.
func (g *Gate) recover(p policy.Policy) error {
	if p.Mode != policy.ModeWorkspaceWrite {
		return nil
	}
	back, left := takeback.Recover(notesIn(privatePath(g.home.real, p)), g.store(), trustname.IsProtected, isAlive)
	if len(back) > 0 {
		line := recoveryLine{Event: "recovery", Workspace: redact.Text(p.Workspace), By: os.Getpid()}
		for _, b := range back {
			line.Denied = append(line.Denied, b.Path)
		}
		if _, err := g.log.Append(line); err != nil {
			return err
		}
	}
	if len(left) > 0 {
		return notTakenBack(left[0])
	}
	return nil
}

// notTakenBack says that a name of an earlier command is still there.
func notTakenBack(l takeback.Left) error {
	return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Reason: "a command made " + l.Path + ", which programs of the host trust, and lockstile can't take it away",
		Hint: "remove it: rm -rf " + plain.ShellQuote(l.Path), Err: l.Err}
}

// guarded is what the guard of a child watches.
func (c *Child) guarded(i *intent) takeback.Guarded {
	pinned := i.facts.Protected
	if i.plan.NotHeld() != "" {
		pinned = nil // the command may change and remove what is there
	}
	return takeback.Guarded{
		Folders: i.trusted.Folders(), Pinned: pinned,
		Names: takeback.Names{Unwanted: i.trusted.Unwanted, Growing: i.trusted.Growing},
		Tree:  c.tree(), Taker: c.taker("-w"), Note: c.note,
	}
}

// endTree kills the command's process group; then the init ends the rest.
func (c *Child) endTree() { _ = c.running.Signal(syscall.SIGKILL) }
