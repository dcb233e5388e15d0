package survey

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/internal/trustname"
)

// repository follows all that a .git leads to: a folder, a file with the path of a git
// directory (gitrepository-layout(5)), or a link to one.
func (p *pins) repository(at string) error {
	info, err := os.Stat(at)
	if err != nil {
		return nil // a link with no end, whose way is pinned
	}
	dir := at
	if !info.IsDir() {
		to, ok := strings.CutPrefix(beginning(at), "gitdir:")
		if !ok {
			return nil
		}
		dir = trail.Join(filepath.Dir(at), strings.TrimSpace(to))
		if err := p.follow(p.gitLead(at, dir)); err != nil {
			return err
		}
	}
	return p.gitDirectory(dir, filepath.Dir(at))
}

// gitLead is a lead to a git directory. A folder that is none yet stays writable, apart from
// the names that git would obey: a .git file may lead to any folder.
func (p *pins) gitLead(from, dir string) lead {
	l := lead{from: from, to: dir, deep: entriesDeep, inRoot: bareNames}
	for _, name := range []string{"HEAD", "commondir", "gitdir"} {
		if exists(dir + string(filepath.Separator) + name) {
			return l
		}
	}
	l.apart = true
	return l
}

// gitDirectory follows all that a git directory leads to. tree is the top of the working
// tree, from which git follows most relative paths.
func (p *pins) gitDirectory(dir, tree string) error {
	way, err := trail.Walk(dir)
	if err != nil || way.Missing != "" || !way.Folder {
		return nil
	}
	dir = way.End
	key := dir + "\x00" + tree
	if p.seen[key] || p.spent() {
		return nil
	}
	p.seen[key] = true
	if err := p.entries(dir, entriesDeep); err != nil {
		return err
	}
	if common := strings.TrimSpace(beginning(filepath.Join(dir, "commondir"))); common != "" {
		common = trail.Join(dir, common)
		if err := p.follow(p.gitLead(filepath.Join(dir, "commondir"), common)); err != nil {
			return err
		}
		if err := p.gitDirectory(common, tree); err != nil {
			return err
		}
	}
	if err := p.configuration(dir, tree); err != nil {
		return err
	}
	return p.within(dir)
}

// within follows what the parts of a git directory lead to: the linked worktrees, the
// modules, and the stores of other repositories.
func (p *pins) within(dir string) error {
	for _, own := range folders(filepath.Join(dir, "worktrees")) {
		if p.spent() {
			return nil
		}
		if back := strings.TrimSpace(beginning(filepath.Join(own, "gitdir"))); back != "" {
			back = trail.Join(own, back)
			if err := p.follow(lead{from: filepath.Join(own, "gitdir"), to: back}); err != nil {
				return err
			}
			if err := p.gitDirectory(own, filepath.Dir(back)); err != nil {
				return err
			}
		}
	}
	if err := p.modules(filepath.Join(dir, "modules"), entriesDeep); err != nil {
		return err
	}
	objects := filepath.Join(dir, "objects")
	for line := range strings.Lines(firstBytes(filepath.Join(objects, "info", "alternates"), mostAlternates)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if p.spent() {
			return nil
		}
		if err := p.follow(lead{from: filepath.Join(objects, "info", "alternates"), to: trail.Join(objects, unquote(line))}); err != nil {
			return err
		}
	}
	return nil
}

// mostAlternates is how many bytes of a list of other stores are read at most.
const mostAlternates = 64 << 10

// modules follows the git directories of submodules. The name of a submodule can have
// several parts.
func (p *pins) modules(dir string, deep int) error {
	for _, module := range folders(dir) {
		if exists(filepath.Join(module, "HEAD")) {
			if err := p.gitDirectory(module, module); err != nil {
				return err
			}
		} else if deep > 1 {
			if err := p.modules(module, deep-1); err != nil {
				return err
			}
		}
	}
	return nil
}

// folders lists the folders in a folder.
func folders(dir string) (out []string) {
	entries, _ := list(dir)
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out
}

// unquote reads a path that git has written in quotes, in the style of C.
func unquote(path string) string {
	if !strings.HasPrefix(path, `"`) {
		return path
	}
	if s, err := strconv.Unquote(path); err == nil {
		return s
	}
	return path
}

// above follows all that the repositories lead to of which a root is a part, and the other
// guarded names in the folders above a root: direnv, editors and agents look upward too.
func (p *pins) above() error {
	done := map[string]bool{}
	for _, root := range p.roots {
		for dir := filepath.Dir(root); !done[dir]; dir = filepath.Dir(dir) {
			done[dir] = true
			if err := p.aboveIn(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pins) aboveIn(dir string) error {
	for _, name := range literals(true, p.t.given) {
		at := filepath.Join(dir, name)
		if !exists(at) {
			continue
		}
		l := lead{from: at, to: at, deep: 2}
		git := trustname.IsGitDir(name)
		if git {
			l.deep = 0 // the repository's entries are looked at
		}
		if err := p.follow(l); err != nil {
			return err
		}
		if git {
			if err := p.repository(at); err != nil {
				return err
			}
		}
	}
	if !exists(filepath.Join(dir, ".git")) && isRepository(dir) {
		return p.gitDirectory(dir, dir)
	}
	return nil
}
