package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/cachesets"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
)

// showCaches lists the private caches of all workspaces, or removes them.
func showCaches(args []string) int {
	if len(args) > 0 && args[0] == "clear" {
		return clearCaches(args[1:])
	}
	switch word := first(args); {
	case word == "ls":
		args = args[1:]
	case word != "" && word[0] != '-':
		return badWord("caches", word)
	}
	var size, asJSON bool
	set := settings.NewFlagSet("caches")
	set.BoolVar(&size, "size", false, "")
	set.BoolVar(&asJSON, "json", false, "")
	if err := onlyFlags(set, args); err != nil {
		return usage.Say(set, err, args)
	}
	all, err := listCaches(size)
	if err != nil {
		return failed(err)
	}
	if asJSON {
		plain.OutJSON(all)
		return exitOK
	}
	for _, c := range all {
		state := ""
		if c.Busy {
			state = "  in use"
		}
		amount := ""
		if c.Bytes != nil {
			amount = fmt.Sprintf("%8d MB  ", *c.Bytes>>20)
		}
		plain.Out("%s%s  %s%s\n", amount, c.Used.Local().Format("2006-01-02 15:04"), c.Workspace, state)
	}
	return exitOK
}

// cacheSet is the private caches of a workspace.
type cacheSet struct {
	Workspace string    `json:"workspace"`
	Folder    string    `json:"folder"`
	Used      time.Time `json:"used"`
	Busy      bool      `json:"in_use"`
	Bytes     *int64    `json:"bytes,omitempty"`
	entries   []cachesets.Entry
}

// listCaches lists the caches by workspace, the oldest first.
func listCaches(size bool) ([]cacheSet, error) {
	home, err := lockstile.Home()
	if err != nil {
		return nil, err
	}
	entries, err := cachesets.List(filepath.Join(home, "caches"))
	if err != nil {
		return nil, err
	}
	out := []cacheSet{}
	for _, e := range entries {
		folder := filepath.Dir(e.Folder)
		at := slices.IndexFunc(out, func(c cacheSet) bool { return c.Folder == folder })
		if at < 0 {
			at = len(out)
			out = append(out, cacheSet{Workspace: e.Workspace, Folder: folder})
		}
		c := &out[at]
		c.Used, c.Busy, c.entries = e.Used, c.Busy || e.Busy, append(c.entries, e)
		if size {
			e.Measure(nil)
			if c.Bytes == nil {
				c.Bytes = new(int64)
			}
			*c.Bytes += e.Bytes
		}
	}
	slices.SortFunc(out, func(a, b cacheSet) int { return a.Used.Compare(b.Used) })
	return out, nil
}

// clearCaches removes the caches of a workspace, of the present folder without a word.
func clearCaches(args []string) int {
	var all bool
	set := settings.NewFlagSet("caches clear")
	set.BoolVar(&all, "all", false, "")
	err := set.Parse(args)
	if err == nil && (set.NArg() > 1 || all && set.NArg() > 0) {
		err = errors.New("one workspace or --all is to be named")
	}
	if err != nil {
		return usage.Say(set, err, args)
	}
	workspace := ""
	if !all {
		if workspace, err = workspaceOf(set.Arg(0)); err != nil {
			return failed(err)
		}
	}
	sets, err := listCaches(false)
	if err != nil {
		return failed(err)
	}
	code := exitOK
	for _, c := range sets {
		if !all && c.Workspace != workspace {
			continue
		}
		for _, e := range c.entries {
			removed, err := e.Remove()
			switch {
			case err != nil:
				code = failed(err)
			case !removed:
				plain.Err("lockstile: a command uses the caches of %s\nhint: clear them when the command has ended\n", c.Workspace)
				code = exitFail
			}
		}
	}
	return code
}

// workspaceOf returns the full path of a workspace without links; the folder may be gone.
func workspaceOf(name string) (string, error) {
	if name == "" {
		name = "."
	}
	full, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(full); err == nil {
		return real, nil
	} else if !os.IsNotExist(err) {
		return "", err
	}
	return full, nil
}
