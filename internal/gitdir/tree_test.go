//go:build unix

package gitdir

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// treeOf lists a git directory for CheckNew.
func treeOf(t *testing.T, gitDir string) (files []File) {
	t.Helper()
	err := filepath.WalkDir(gitDir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && p != gitDir {
			files = append(files, File{strings.TrimPrefix(p, gitDir+"/"), d.Type(), func() ([]byte, error) { return os.ReadFile(p) }})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestNewRepositoriesPass(t *testing.T) {
	t.Parallel()
	from := newRepository(t, "")
	top := filepath.Dir(from)
	shell(t, from, "git config --file ../.gitconfig protocol.file.allow always; git config --file ../.gitconfig uploadpack.allowFilter true; git init -q -b main ../lib; cd ../lib; git commit -q --allow-empty -m l; cd ../ws; git submodule --quiet add ../lib lib; git commit -qm s")
	for name, line := range map[string]string{
		"init": "git init -q new", "bare": "git init -q --bare new/.git", "sha256": "git init -q --object-format=sha256 new; cd new; git commit -q --allow-empty -m x",
		"clone": "git clone -q --no-recurse-submodules file://$PWD/ws new; cd new; git rm -q lib .gitmodules; git commit -qm x; echo 1 >a; git stash -q; git checkout -q -b y; git gc -q",
		"deep":  "git clone -q --depth 1 --no-checkout file://$PWD/ws new", "partial": "git clone -q --filter=blob:none --no-checkout file://$PWD/ws new", "mirror": "git clone -q --mirror ws new/.git",
		"commits": "git init -q new; cd new; git config user.name 'A B'; git config user.email a@b.c; git config commit.gpgsign false; git remote add o https://example.org/x; git commit -q --allow-empty -m x; git worktree add -q ../wt; git branch -q b; git tag v",
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(top, "in-"+name)
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			shell(t, dir, "ln -s ../ws ws; "+strings.ReplaceAll(line, "$PWD/ws", from))
			for _, f := range CheckNew(Facts{Workspace: dir, GitDir: dir + "/new/.git"}, treeOf(t, dir+"/new/.git")) {
				t.Errorf("%s: %s", f.Path, f.Reason)
			}
		})
	}
	for _, f := range CheckNew(Facts{Workspace: from, GitDir: from + "/.git"}, treeOf(t, from+"/.git")) {
		if !strings.Contains(f.Reason, `".gitmodules"`) { // a protected name
			t.Errorf("with a submodule, %s: %s", f.Path, f.Reason)
		}
	}
}

func TestNewRepositoriesThatDoNotPass(t *testing.T) {
	t.Parallel()
	from := newRepository(t, "")
	for _, tt := range []struct{ line, path, reason string }{
		{"git config core.hooksPath x", "config", "the section [core] has the key hookspath = x"},
		{"git config core.fsmonitor id", "config", "fsmonitor"}, {"git config alias.x '!id'", "config", "[alias]"}, {"git config core.worktree /etc", "config", "worktree"},
		{"git config include.path x", "config", "[include]"}, {"git config filter.x.clean id", "config", "filter"}, {"git config user.name '$(id)'", "config", "name"},
		{"echo x >.git/hooks/pre-commit", "hooks/pre-commit", "no file of the name"}, {"mkdir .git/hooks/x.sample", "hooks/x.sample", ""},
		{"echo x >.git/info/attributes", "info/attributes", ""}, {"echo x >.git/objects/info/alternates", "objects/info/alternates", ""},
		{"echo x >.git/commondir", "commondir", ""}, {"mkdir .git/rr-cache", "rr-cache", ""}, {"mkfifo .git/fsmonitor--daemon.ipc", "fsmonitor--daemon.ipc", "neither"},
		{"ln -s /etc .git/lfs", "lfs", "neither"}, {"mkdir .git/MERGE_MSG", "MERGE_MSG", "no folder"}, {"mkdir -p .git/x", "x", ""}, {"git update-ref refs/replace/$(git rev-parse HEAD) HEAD~1", "refs/replace", ""},
		{"touch .envrc; git add .envrc", "index", "protected name"}, {"echo 'ref: refs/heads/$(id)' >.git/HEAD", "HEAD", "neither"}, {"printf x >.git/packed-refs", "packed-refs", "no end"},
		{"mkdir .git/modules/; git init -q --bare .git/modules/m; git config --file .git/modules/m/config core.fsmonitor id", "modules/m/config", "fsmonitor"},
		{"mkdir .git/sequencer; echo exec id >.git/sequencer/todo", "sequencer/todo", "runs a program"},
	} {
		dir := filepath.Join(filepath.Dir(from), "new")
		shell(t, from, "rm -rf ../new; cp -r . ../new; cd ../new; mkdir -p .git/objects/info\n"+tt.line)
		found := CheckNew(Facts{Workspace: dir, GitDir: dir + "/.git"}, treeOf(t, dir+"/.git"))
		if len(found) == 0 || found[0].Path != tt.path || !strings.Contains(found[0].Reason, tt.reason) {
			t.Errorf("%s: %v instead of %s", tt.line, found, tt.path)
		}
	}
}
