package lockstile

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/internal/launch"
)

// GitChange is what a command did to the refs of the workspace's repository, as the record
// of the start says.
type GitChange struct {
	Workspace string    `json:"workspace"`
	Dir       string    `json:"dir"` // the git directory
	Moves     []GitMove `json:"refs"`
	kept      string
}

// GitMove is a change of a ref. Old is "" for a new ref, New is "" for a removed one.
type GitMove struct {
	Name string `json:"name"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// GitChange returns what the start with a number of the log (seq) did to the refs. Without
// such a start, without an end of it, or without a git directory, the error says so.
func (g *Gate) GitChange(start uint64) (*GitChange, error) {
	out := &GitChange{}
	seen, ended := false, false
	more := 0
	err := audit.Scan(filepath.Join(g.named, audit.LogName), func(_ int, raw json.RawMessage) error {
		var line struct {
			Event     string
			Seq       uint64
			Start     uint64
			Workspace string
			Git       struct {
				Dir, Kept string
				Refs      []GitMove
				MoreRefs  int `json:"more_refs"`
			}
		}
		if json.Unmarshal(raw, &line) != nil {
			return nil
		}
		switch {
		case line.Event == "start" && line.Seq == start:
			seen = true
			out.Workspace, out.Dir, out.kept = line.Workspace, line.Git.Dir, line.Git.Kept
		case line.Event == "end" && line.Start == start:
			ended = true
			out.Moves, more = line.Git.Refs, line.Git.MoreRefs
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case !seen:
		return nil, fmt.Errorf("the log has no start with the number %d", start)
	case out.Dir == "":
		return nil, fmt.Errorf("the command of start %d could not commit", start)
	case !ended:
		return nil, fmt.Errorf("start %d has no end in the log: the command runs still, or was ended with its lockstile", start)
	}
	if more > 0 {
		text, err := os.ReadFile(filepath.Join(out.kept, refsFile))
		if err == nil {
			err = json.Unmarshal(text, &out.Moves)
		}
		if err != nil {
			return nil, fmt.Errorf("the record has %d more refs, whose list can't be read: %w", more, err)
		}
	}
	return out, nil
}

// Undo puts the refs back as they were before the start. skipped says, by name, why a ref
// stays as it is; a ref that has moved since stays. No hook of the repository runs.
func (c *GitChange) Undo() (skipped map[string]string, err error) {
	if len(c.Moves) == 0 {
		return nil, errors.New("the command moved no ref")
	}
	moves := make([]launch.Move, len(c.Moves))
	for i, m := range c.Moves {
		moves[i] = launch.Move(m)
	}
	return restoreGit(c.Workspace, c.Dir, moves, c.kept)
}
