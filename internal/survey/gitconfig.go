package survey

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockstile/lockstile/internal/gitconf"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/internal/trustname"
	"github.com/lockstile/lockstile/refusal"
)

// gitFiles is git's configuration for all repositories of the user, and the reader of all
// configurations.
type gitFiles struct {
	loader gitconf.Loader
	common []*gitconf.File // of the machine, of the user, and of the environment
}

// commonConfiguration reads the configuration that is valid in every repository, and
// follows the files. A file that git can't read refuses the start: git may read the file in
// another way than lockstile.
func (p *pins) commonConfiguration() error {
	home, _ := os.UserHomeDir()
	p.git.loader = gitconf.Loader{Home: home, Lookup: os.LookupEnv}
	for _, path := range p.git.loader.Files() {
		if !filepath.IsAbs(path) {
			path = trail.Join(p.here, path)
		}
		p.git.common = append(p.git.common, p.git.loader.Load(path)...)
	}
	p.git.common = append(p.git.common, p.git.loader.Environment()...)
	for _, f := range p.git.common {
		if unread(f) {
			return unreadableConfig(f)
		}
		if f.Path == "" {
			continue
		}
		if err := p.follow(lead{from: "git", to: f.Path}); err != nil {
			return err
		}
	}
	return nil
}

// unread reports whether a file has content that can't be read as git does. The user's git
// doesn't read what the user may not read.
func unread(f *gitconf.File) bool { return f.Err != nil && !errors.Is(f.Err, fs.ErrPermission) }

func unreadableConfig(f *gitconf.File) error {
	return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Reason: "git's configuration can't be read, and may name programs in the workspace",
		Hint: "mend the file; git config --list --show-origin shows what git reads", Err: f.Err}
}

// configuration follows what the configurations of a git directory make git obey, and what
// the common configuration makes git obey there.
func (p *pins) configuration(dir, tree string) error {
	files := []*gitconf.File{}
	for _, name := range []string{"config", "config.worktree"} {
		files = append(files, p.git.loader.Load(filepath.Join(dir, name))...)
	}
	for _, f := range files {
		if p.spent() {
			return nil
		}
		if unread(f) {
			if err := p.unreadConfig(f); err != nil {
				return err
			}
		}
		if err := p.follow(lead{from: "git", to: f.Path}); err != nil {
			return err
		}
	}
	trees := append([]string{tree}, p.worktrees(files, dir)...)
	files = append(files, p.git.common...)
	leads := gitconf.Rewritten(files)
	for _, f := range files {
		leads = append(leads, f.Leads()...)
	}
	for _, l := range leads {
		for _, tree := range trees {
			if p.spent() {
				return nil
			}
			if err := p.obeyed(l, tree, dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// unreadConfig refuses a start with a configuration that git can't read, where the
// repository is the one of a root, or of a folder above. In any other repository a command
// may have written the file, or a pointer to the file: the repository becomes read-only.
func (p *pins) unreadConfig(f *gitconf.File) error {
	if p.nested == "" {
		return unreadableConfig(f)
	}
	p.closeNested(f.Err.Error())
	return nil
}

const worktreeKey = "core.worktree"

// worktrees returns the tops of working trees that a configuration names.
func (p *pins) worktrees(files []*gitconf.File, dir string) (out []string) {
	for _, f := range files {
		for _, l := range f.Leads() {
			if l.Key == worktreeKey {
				paths, _ := p.git.loader.Paths(l, dir, dir)
				out = append(out, paths...)
			}
		}
	}
	return out
}

// obeyed follows one lead of a configuration. git doesn't know a home folder that we don't
// know.
func (p *pins) obeyed(l gitconf.Lead, tree, dir string) error {
	paths, _ := p.git.loader.Paths(l, tree, dir)
	for _, to := range paths {
		if err := p.obeyedAt(l, to); err != nil {
			return err
		}
	}
	return nil
}

// obeyedAt follows a lead from one folder.
func (p *pins) obeyedAt(l gitconf.Lead, to string) error {
	out := lead{from: l.File, to: to}
	switch {
	case l.Key == worktreeKey:
		out.way = true // a tree is there to be written
	case l.Kind == gitconf.Repository:
		return p.entered(l, to)
	case l.Shape == gitconf.RegularFile:
		out.file = true
	case l.Shape == gitconf.FolderOfHooks:
		out.deep, out.inRoot = entriesDeep, hookNames
	case l.Shape == gitconf.Folder:
		out.deep = entriesDeep
	}
	return p.follow(out)
}

// entered follows the path of another repository: git runs the hooks of the repository.
func (p *pins) entered(l gitconf.Lead, to string) error {
	for _, dir := range []string{to, to + "/.git", to + ".git", to + ".git/.git"} {
		way, err := trail.Walk(dir)
		switch {
		case err == nil && way.Folder && isRepository(way.End):
			if err := p.follow(lead{from: l.File, to: dir, deep: entriesDeep, inRoot: bareNames}); err != nil {
				return err
			}
			if err := p.gitDirectory(dir, to); err != nil {
				return err
			}
		case err == nil && way.Missing == "" && trustname.IsGitDir(filepath.Base(dir)):
			if err := p.follow(lead{from: l.File, to: dir}); err != nil {
				return err
			}
			if err := p.repository(dir); err != nil {
				return err
			}
		case dir != to || l.Shape != gitconf.Anything || !strings.Contains(l.To, "/"):
			// A word that is no path in any way: a new repository there is told.
		default:
			if err := p.follow(lead{from: l.File, to: dir, way: way.Missing == ""}); err != nil {
				return err
			}
		}
	}
	return nil
}

// hookNames are the hooks that git runs (githooks(5)).
var hookNames = []string{"applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg", "commit-msg",
	"post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update", "proc-receive", "post-receive", "post-update",
	"reference-transaction", "push-to-checkout", "pre-auto-gc", "post-rewrite", "sendemail-validate", "fsmonitor-watchman",
	"p4-changelist", "p4-prepare-changelist", "p4-post-changelist", "p4-pre-submit", "post-index-change"}
