package lockstile

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/redact"
)

// gitField is the workspace's repository in a start line.
type gitField struct {
	Dir    string `json:"dir,omitempty"`
	Commit string `json:"commit"` // "on" or "off"
	Why    string `json:"why,omitempty"`
	Kept   string `json:"kept,omitempty"` // the folder for what git would lose, made when needed
}

func gitOf(i *intent) *gitField {
	git := i.facts.Git
	switch {
	case git.Dir != "":
		return &gitField{Dir: redact.Text(git.Dir), Commit: "on", Kept: i.command.Kept}
	case git.Why != "":
		return &gitField{Commit: "off", Why: redact.Text(git.Why)}
	}
	return nil
}

// gitEnd is what a command did to the git directory, in an end line.
type gitEnd struct {
	Refs     []launch.Move   `json:"refs,omitempty"`      // refs that have another value now
	MoreRefs int             `json:"more_refs,omitempty"` // refs beyond the first; all are in the file refs.json of the start line's folder
	Refused  []launch.Denied `json:"refused,omitempty"`   // acts at names of the git directory
	Kept     []string        `json:"logs,omitempty"`      // logs that git replaced or removed, and that were kept
	Error    string          `json:"error,omitempty"`
}

// The end line has this many refs, refused names, and kept logs.
const (
	mostRefs    = 50
	mostRefused = 20
	mostKept    = 20
)

// refsFile has all moved refs of a start, in the folder of kept history.
const refsFile = "refs.json"

func gitEndOf(did *launch.Git, kept string) *gitEnd {
	if did == nil || len(did.Moves)+len(did.Denied)+len(did.Kept) == 0 && did.Err == nil {
		return nil
	}
	out := &gitEnd{Refs: did.Moves, Refused: loggedDenied(did.Denied[:min(len(did.Denied), mostRefused)]), Kept: did.Kept[:min(len(did.Kept), mostKept)]}
	err := did.Err
	if more := len(did.Moves) - mostRefs; more > 0 {
		out.Refs, out.MoreRefs = did.Moves[:mostRefs], more
		if keepErr := keepRefs(kept, did.Moves); keepErr != nil {
			err = keepErr
		}
	}
	if err != nil {
		out.Error = redact.Text(err.Error())
	}
	return out
}

// loggedDenied returns refused acts for the log, without secrets: a reason may quote the
// content.
func loggedDenied(all []launch.Denied) []launch.Denied {
	out := make([]launch.Denied, len(all))
	for i, d := range all {
		d.Name, d.Why = redact.Text(d.Name), redact.Text(d.Why)
		out[i] = d
	}
	return out
}

func keepRefs(kept string, moves []launch.Move) error {
	text, err := json.Marshal(moves)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(kept, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(kept, refsFile), text, 0o600)
}
