package config

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
)

// candidate is a configured root on the way to be a root or to be left out.
type candidate struct {
	item    string // as configured
	path    string // absolute
	way     trail.Trail
	real    string // the folder without links
	problem string // why there is no such folder
	make    bool   // a start makes the absent folder real
	why     string // why the root is left out
}

// writableRoots resolves the configured roots. A root about which a command could have
// decided is left out: a refusal would let the command keep every later start from
// happening. Such a root is judged by the way alone, before anybody looks at its end.
func writableRoots(in Input, p policy.Policy, s settings, accepted []string) ([]policy.Root, []policy.LeftOut, error) {
	from := s.get(writableRootsKey).from
	all, err := candidates(in, p, s)
	if err != nil {
		return nil, nil, err
	}
	earlier := sync.OnceValue(func() []string {
		folders := []string{p.Workspace}
		if in.EarlierRoots != nil {
			folders = append(folders, in.EarlierRoots(in.Home)...)
		}
		return folders
	})
	for _, c := range all {
		if c.why = c.decided(earlier); c.why != "" {
			continue
		}
		problem, hint := c.problem, "give an absolute path of a directory that exists"
		switch {
		case c.make:
			problem = ""
		case problem == absent:
			hint = "mkdir -p " + plain.ShellWord(c.path) + "; or have lockstile make it: -c " + createKey + "=true"
		}
		if problem == "" {
			problem, hint = tooWide(c.real, in, p, accepted)
		}
		if problem != "" {
			return nil, nil, refuse(hint, "%s%s: %s %s", at(from), writableRootsKey, quote(c.item), problem)
		}
	}
	var now []string
	for _, c := range all {
		if c.why == "" {
			now = append(now, c.real)
		}
	}
	var roots []policy.Root
	var left []policy.LeftOut
	for _, c := range all {
		if c.why = cmp.Or(c.why, c.overLink(now)); c.why != "" {
			left = append(left, policy.LeftOut{Path: c.path, Why: c.why, Mend: c.mend(), From: from})
		} else {
			roots = addRoot(roots, p, policy.Root{Path: c.real, From: from, Make: c.make})
		}
	}
	return roots, left, checkNesting(p, roots)
}

// candidates follows the configured roots. In a mode without roots it only looks at the
// form.
func candidates(in Input, p policy.Policy, s settings) ([]*candidate, error) {
	var all []*candidate
	for _, item := range s.list(writableRootsKey) {
		path, problem := expand(item, in.UserHome)
		if problem != "" {
			return nil, refuse("give an absolute path of a directory that exists", "%s%s: %s %s", at(s.get(writableRootsKey).from), writableRootsKey, quote(item), problem)
		}
		if p.Mode != policy.ModeWorkspaceWrite {
			continue
		}
		c := &candidate{item: item, path: path}
		c.way, _ = trail.Walk(path) // what stops the walk is the problem of the folder
		c.real, c.problem = directory(path)
		if c.problem == absent && s.flag(createKey) {
			c.real, c.make = canonicalOrClean(path), true
		}
		all = append(all, c)
	}
	return all, nil
}

// decided says how a command could have decided about the end of the way, in one of the
// folders: by a link, or by what stands in place of the folder. "" for a way without either.
func (c *candidate) decided(folders func() []string) string {
	if c.problem == "" && len(c.way.Links) == 0 {
		return "" // the usual case asks for no folders
	}
	if why := c.overLink(folders()); why != "" || c.problem == "" {
		return why
	}
	stopped := cmp.Or(c.way.Missing, c.way.End, c.path)
	if i := slices.IndexFunc(folders(), func(dir string) bool { return stopped != dir && contains(dir, stopped) }); i >= 0 {
		return fmt.Sprintf("%s, and %s lies in %s, where commands may write", c.problem, quote(stopped), quote(folders()[i]))
	}
	return ""
}

// overLink names a link on the way that lies in one of the folders, or returns "".
func (c *candidate) overLink(folders []string) string {
	return linkIn(c.way.Links, folders)
}

// mend says what makes the root a root again.
func (c *candidate) mend() string {
	if c.problem == "" {
		return fmt.Sprintf("name where it leads, if that is meant: %s", quote(c.real))
	}
	return fmt.Sprintf("make the folder, or take %s out of %s", quote(c.item), writableRootsKey)
}

// linkIn names a link that a command could have made or replaced in one of the folders, or
// returns "".
func linkIn(links []trail.Link, folders []string) string {
	for _, link := range links {
		for _, dir := range folders {
			if link.Path != dir && contains(dir, link.Path) {
				return fmt.Sprintf("leads over the link %s, which lies in %s, where commands may write", quote(link.Path), quote(dir))
			}
		}
	}
	return ""
}
