//go:build unix

package gitdir

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// operations are for a repository with a remote, three branches, and submodules to come. The rules must allow
// each name and each content of each operation.
var operations = []string{
	"git status",
	"echo 4 >>a; git add a; git commit -m three",
	"echo 5 >>a; git commit -am four",
	"echo 6 >>sub/b; git commit -m five sub/b",
	"printf 'y\\n' | git -c core.editor=true add -p; echo p >>a; printf 'y\\n' | git commit -p -m patch",
	"printf 'e\\nn\\n' | git add -p; echo q >>a; printf 'e\\ny\\n' | git add -p; git commit -m edited || true",
	"git commit --allow-empty -m 'fixup! five'; git commit --amend --no-edit --allow-empty",
	"git log --stat; git diff HEAD~1; git show; git blame a; git grep 1; git describe --always",
	"git branch b1; git branch -m b1 b2; git branch -c b2 b3; git branch -D b2 b3",
	"git branch deep/er/one; git pack-refs --all; git branch -m deep/er/one deep; git branch -D deep",
	"git checkout -b with-upstream origin/main; git checkout main; git branch -d with-upstream",
	"git branch --set-upstream-to=origin/main; git branch --unset-upstream; git push -u origin main",
	"git switch -c s1; git switch --detach; git switch main; git branch -d s1",
	"git tag t1; git tag -a t2 -m t2; git tag -a t3 -F /dev/null --cleanup=verbatim; git tag -d t1 t3",
	"git fetch; git pull; git remote update; git ls-remote; git fetch --prune --tags",
	"git pull --rebase; git push; git push origin HEAD:other; git fetch; git push origin :other",
	"git stash list; echo s >>a; git stash; git stash pop; git stash -u; git stash apply; git stash drop; git checkout .; git stash list",
	"echo s >>a; echo n >untracked; git stash -u; git stash branch from-stash; git checkout -f main; git branch -D from-stash; rm -f untracked",
	"echo s >>a; git add a; git stash push --staged; git stash clear; git stash push -p </dev/null || true",
	"git merge topic --no-edit",
	"git merge --squash conflict || true; git reset --hard",
	"git merge conflict || true; git merge --abort",
	"git merge conflict || true; git checkout --theirs c; git add c; git checkout -m c; git add c; git commit --no-edit",
	"git cherry-pick picked; git revert --no-edit HEAD",
	"git checkout -b cp HEAD~1; git cherry-pick conflict picked || true; git cherry-pick --abort || true; git checkout -f main; git branch -D cp",
	"git checkout -b rv; git revert --no-edit HEAD HEAD~1 || git revert --abort; git checkout main; git branch -D rv",
	"git checkout -b rb topic; git rebase main; git checkout main; git branch -D rb",
	"git checkout -b rb topic~0; git rebase --apply main~1; git checkout main; git branch -D rb",
	"git checkout -b rb picked; git rebase -i --root; git rebase -i HEAD~1; git checkout main; git branch -D rb",
	"git checkout -b rb conflict; git rebase main~3 || true; git rebase --edit-todo || true; git rebase --skip || true; git rebase --abort || true; git checkout -f main; git branch -D rb",
	"git checkout -b rb conflict; git rebase --autostash --apply main~3 || true; git rebase --abort || true; git checkout -f main; git branch -D rb",
	"git checkout -b fx; echo fx >fx; git add fx; git commit -m fx; echo fy >>fx; git commit -a --fixup HEAD; git rebase -i --autosquash HEAD~2; git checkout main; git branch -D fx",
	"git checkout -b rm topic; git merge --no-edit picked; git rebase --rebase-merges --update-refs main || git rebase --abort; git checkout -f main; git branch -D rm",
	"git reset --soft HEAD~1; git reset --mixed ORIG_HEAD; git reset --hard; git restore --staged a; git restore a; git clean -fdx",
	"git rm --cached a; git add a; git mv a a2; git mv a2 a",
	"git bisect start; git bisect bad HEAD; git bisect good HEAD~3; git bisect good; git bisect log; git bisect reset",
	"git bisect start HEAD HEAD~3; git bisect run true; git bisect reset; git bisect start --no-checkout --first-parent HEAD HEAD~3; git bisect skip; git bisect terms; git bisect reset",
	"git notes add -m n1; git notes append -m n2; git notes show; git notes --ref=other add -m o; git notes merge other || git notes merge --abort; git notes remove HEAD",
	"git notes add -f -m x HEAD; git notes --ref=other add -f -m y HEAD; git notes merge -s manual other || true; echo z >.git/NOTES_MERGE_WORKTREE/$(git rev-parse HEAD); git notes merge --commit",
	"git notes edit; git notes prune",
	"git format-patch -1 picked --stdout >../p; git checkout -b am main; git am -3 ../p || git am --abort; git checkout main; git branch -D am; rm ../p",
	"git format-patch -1 conflict --stdout >../p; git checkout -b am main~3; git am ../p || true; git am --show-current-patch; git am --skip || true; git am ../p || git am --abort; git checkout main; git branch -D am; rm ../p",
	"git apply --stat </dev/null || true; git diff >../d; git diff HEAD~1 >../d; git apply -R --index ../d; git reset --hard; rm ../d",
	"git gc; git repack -adf; git prune; git prune-packed; git count-objects -v; git fsck",
	"echo g >>a; git commit -am g; git gc --aggressive --prune=now; git gc --auto; git repack -A -d -b; git repack --cruft -d; git gc --cruft --prune=now",
	"git maintenance run --task=gc; git maintenance run --task=commit-graph --task=loose-objects --task=incremental-repack --task=pack-refs --task=prefetch",
	"git commit-graph write --reachable --changed-paths; git commit-graph write --split --reachable; git multi-pack-index write --bitmap; git multi-pack-index repack; git multi-pack-index expire",
	"git update-server-info; git reflog; git reflog expire --expire=now HEAD; git reflog delete main@{1} || true; git rev-list --all --objects; git archive HEAD >/dev/null",
	"git worktree add ../wt/w1; cd ../wt/w1; echo w >>a; git commit -am w; git stash list; git bisect start; git bisect reset; git worktree lock .; git worktree unlock .; cd ../../ws; git worktree list; git worktree move ../wt/w1 ../wt/w2; git worktree remove ../wt/w2; git branch -D w1",
	"git worktree add -b w3 ../wt/w3; cd ../wt/w3; git rebase main; git sparse-checkout set sub; git sparse-checkout disable; cd ../../ws; rm -rf ../wt/w3; git worktree prune; git branch -D w3",
	"git sparse-checkout set sub; git sparse-checkout add sub; git sparse-checkout list; git sparse-checkout reapply; git sparse-checkout set --sparse-index sub; git status; git sparse-checkout disable",
	"git update-index --split-index; echo sp >>a; git add a; git commit -m split; git status; git update-index --no-split-index",
	"git update-index --index-version 4; echo v4 >>a; git commit -am v4; git add -N fx 2>/dev/null || true; touch ita; git add -N ita; git status; git rm --cached ita; rm ita; git update-index --index-version 2",
	"git submodule add ../other lib; git commit -m lib; git submodule status; git submodule update --init --recursive; git submodule foreach 'git status'",
	"cd lib; echo l >l; git add l; git commit -m l; git fetch; git checkout -b inner; git gc; cd ..; git add lib; git commit -m 'lib moved'; git submodule update; git submodule summary",
	"git mv lib lib2; git commit -m moved; git submodule sync; git submodule absorbgitdirs; git submodule set-branch -b main lib2; git commit -am branch; git submodule deinit -f lib2; git submodule update --init",
	"git -c submodule.recurse=true checkout HEAD~1; git -c submodule.recurse=true checkout main; git rm lib2; git commit -m 'no lib'; rm -rf .git/modules/lib",
	"git submodule add ../missing gone || true",
	"git fetch --refetch origin",
	"git rerere; git rerere status; git rerere gc; git symbolic-ref HEAD; git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main; git update-ref refs/heads/up HEAD; printf 'delete refs/heads/up\\n' | git update-ref --stdin",
	"git checkout --orphan orphan; git rm -rf .; git commit --allow-empty -m o; git checkout main; git branch -D orphan; git bundle create ../b main; git fetch ../b main; rm ../b",
	"head -c 1000000 /dev/urandom >big; git -c core.bigFileThreshold=1000 add big; git commit -m big; git -c core.fsyncMethod=batch add a big",
	"git describe --all; git name-rev HEAD; git shortlog; git range-diff HEAD~2 HEAD~1 HEAD; git merge-tree HEAD HEAD~1 || true; git diff-tree HEAD; git fast-export HEAD | git fast-import --force --quiet",
}

const prepare = `git init -q -b main --bare ../remote; git init -q -b main ../other; (cd ../other; echo o >o; git add o; git commit -qm o)
git config --file ../.gitconfig protocol.file.allow always; git config --file ../.gitconfig rebase.backend merge
git remote add origin ../remote; git push -q origin main; git fetch -q
git checkout -qb topic; echo t >t; git add t; git commit -qm t; echo t2 >t; git commit -qam t2
git checkout -qb picked main; echo p >p; git add p; git commit -qm p
git checkout -qb conflict main; echo c1 >c; git add c; git commit -qm c1
git checkout -q main; echo c2 >c; touch .gitmodules; git add c .gitmodules; git commit -qm c2; git push -q origin main`

// call is a line of strace.
var call = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) = (-?\d+)`)

// linkedOperations are for a workspace in a linked worktree. The
// common configuration and info/refs are read-only there: "git branch -m" and "git gc" fail.
var linkedOperations = []string{
	"git status; echo 1 >>a; git add a; git commit -m linked; git commit --amend --no-edit",
	"git branch l1; git checkout l1; git checkout linked; git tag lt; git update-ref -d refs/heads/l1; git pack-refs --all",
	"git stash list; echo 2 >>a; git stash; git stash pop; git reset --hard; git fetch; git push origin linked",
	"git rebase topic; git rebase -i HEAD~1; git cherry-pick conflict || true; git cherry-pick --abort || true; git merge --no-edit picked",
	"git bisect start; git bisect bad; git bisect good HEAD~2; git bisect reset; git notes add -m x; git reflog",
	"git repack -n; git prune-packed; git commit-graph write --reachable; git count-objects",
	"git update-index --split-index; echo sp >>a; git add a; git commit -m split; git update-index --no-split-index",
}

// besideOperations are for a repository with an older linked worktree.
var besideOperations = []string{
	"git worktree list; git worktree prune; echo 1 >>a; git commit -am beside; git fetch; git stash list",
	"git branch -m topic other-topic; git worktree add ../wt/second; git worktree remove ../wt/second; git branch -D second",
	"git gc; git repack -adf; git maintenance run --task=gc",
}

// TestGitWritesAllowedNames traces git and asks the rules about each name that git makes,
// writes, renames and removes, and about the content that git leaves.
func TestGitWritesAllowedNames(t *testing.T) {
	if testing.Short() {
		t.Skip("traces git for a while")
	}
	needGit(t)
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed")
	}
	for _, tt := range []struct {
		name, format, own, prepare string
		operations                 []string
	}{
		{"sha1", "sha1", "", "", operations},
		{"sha256", "sha256", "", "", operations},
		{"linked", "sha1", "worktrees/linked", "git worktree add -q ../linked", linkedOperations},
		{"beside", "sha1", "", "git worktree add -q ../linked", besideOperations},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := newRepository(t, "--object-format="+tt.format)
			shell(t, dir, strings.ReplaceAll(prepare, "git init -q", "git init -q --object-format="+tt.format)+"\n"+tt.prepare)
			newTracer(t, dir, tt.own).run(tt.operations)
		})
	}
}

type tracer struct {
	t       *testing.T
	top     string // above the workspace, with links resolved
	dir     string // where git is asked
	gitDir  string
	rules   *Rules
	content map[string][]byte // of the checked names, before
	cwd     map[string]string // by process
}

func newTracer(t *testing.T, dir, own string) *tracer {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	tr := &tracer{t: t, top: filepath.Dir(dir), dir: dir, gitDir: dir + "/.git"}
	if own != "" {
		tr.dir = tr.top + "/" + path.Base(own)
	}
	format, err := ReadFormat(read(t, tr.gitDir+"/config"))
	if err != nil {
		t.Fatal(err)
	}
	tr.rules = New(Facts{Workspace: tr.top, GitDir: tr.gitDir, HashSize: format.HashSize, Own: own, Older: older(t, tr.gitDir), Shared: func(p string) []byte {
		content, _ := os.ReadFile(tr.gitDir + "/" + p)
		return content
	}})
	if err := tr.rules.Know("index", read(t, tr.gitDir+"/index")); err != nil {
		t.Fatal(err)
	}
	tr.content = tr.checked()
	return tr
}

// older returns the linked worktrees of a repository.
func older(t *testing.T, gitDir string) []string {
	found, err := filepath.Glob(gitDir + "/worktrees/*")
	if err != nil {
		t.Fatal(err)
	}
	for i, dir := range found {
		found[i] = strings.TrimPrefix(dir, gitDir+"/")
	}
	return found
}

// checked returns the content of each name that the rules look at.
func (tr *tracer) checked() map[string][]byte {
	found := map[string][]byte{}
	err := filepath.WalkDir(tr.gitDir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel := strings.TrimPrefix(p, tr.gitDir+"/")
		if tr.rules.Class(rel).Checked() {
			found[rel] = read(tr.t, p)
		}
		return nil
	})
	if err != nil {
		tr.t.Fatal(err)
	}
	return found
}

func (tr *tracer) run(operations []string) {
	out := filepath.Join(tr.t.TempDir(), "trace")
	for _, op := range operations {
		cmd := exec.Command("strace", "-f", "-qq", "-s", "4096", "-o", out,
			"-e", "trace=open,openat,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,chdir,fork,vfork,clone,clone3",
			"sh", "-c", "set -e\n"+op)
		cmd.Dir, cmd.Env = tr.dir, environment(tr.top)
		if text, err := cmd.CombinedOutput(); err != nil {
			if strings.Contains(string(text), "PTRACE") {
				tr.t.Skip("nothing can be traced here")
			}
			tr.t.Errorf("%s: %v\n%s", op, err, text)
		}
		for _, problem := range tr.problems(string(read(tr.t, out))) {
			tr.t.Errorf("%s\n\t%s", op, problem)
		}
		now := tr.checked()
		for name, content := range now {
			if err := tr.rules.Check(name, content, tr.content[name]); err != nil {
				if !strings.Contains(err.Error(), `".gitmodules"`) { // which can't be written in a workspace
					tr.t.Errorf("%s\n\t%s: %v", op, name, err)
				}
			}
		}
		tr.content = now
	}
}

// problems returns the refused calls of a trace.
func (tr *tracer) problems(trace string) (found []string) {
	tr.cwd = map[string]string{}
	begun := map[string]string{} // the first half of an interrupted line, by process
	for _, line := range lines(trace) {
		pid, rest, _ := strings.Cut(line, " ")
		if half, ok := strings.CutSuffix(line, " <unfinished ...>"); ok {
			begun[pid] = half
			if strings.Contains(half, "fork(") || strings.Contains(half, "clone") {
				tr.cwd["last"] = tr.cwdOf(pid)
			}
			continue
		}
		if _, end, ok := strings.Cut(rest, " resumed>"); ok {
			line = begun[pid] + end
		}
		m := call.FindStringSubmatch(line)
		if m == nil || strings.HasPrefix(m[4], "-") {
			continue
		}
		if problem := tr.problem(m[1], m[2], m[3], m[4]); problem != "" {
			found = append(found, problem+"\t"+line)
		}
	}
	return found
}

func (tr *tracer) cwdOf(pid string) string {
	if at := tr.cwd[pid]; at != "" {
		return at
	}
	if at := tr.cwd["last"]; at != "" {
		return at
	}
	return tr.dir
}

var quoted = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)

func (tr *tracer) problem(pid, name, args, result string) string {
	var names []string
	for _, m := range quoted.FindAllStringSubmatch(args, -1) {
		at := m[1]
		if !path.IsAbs(at) {
			at = path.Join(tr.cwdOf(pid), at)
		}
		names = append(names, path.Clean(at))
	}
	switch name {
	case "fork", "vfork", "clone", "clone3":
		tr.cwd[result] = tr.cwdOf(pid)
		return ""
	case "chdir":
		tr.cwd[pid] = names[0]
		return ""
	}
	inside := false
	for i := range names {
		rel, ok := strings.CutPrefix(names[i], tr.gitDir+"/")
		if ok {
			names[i], inside = rel, true
		}
	}
	if !inside {
		return ""
	}
	return tr.ask(name, args, names)
}

// ask returns why the rules refuse a call, or "".
func (tr *tracer) ask(name, args string, names []string) string {
	p, ok := tr.rules.Place(names[0]), true
	switch strings.TrimSuffix(strings.TrimSuffix(name, "2"), "at") {
	case "open", "creat":
		if strings.Contains(args, "O_CREAT") || strings.Contains(args, "O_WRONLY") || strings.Contains(args, "O_RDWR") || name == "creat" {
			ok = p.File && (p.Class.InPlace() || p.Class.Draft() || p.Class == Object && strings.Contains(args, "O_EXCL"))
		}
	case "mkdir":
		ok = p.Folder
	case "rmdir", "unlink":
		ok = p.Remove || p.Class == Object
	case "rename":
		ok = tr.rules.MayRename(names[0], names[1])
	case "link":
		fallback := path.IsAbs(names[0]) && tr.rules.Class(names[1]) == Object // another file system: git copies
		ok = fallback || tr.rules.MayLink(names[0], names[1])
	case "symlink":
		ok = strings.Contains(names[1], "/t") // a probe of git init
	default:
		ok = false
	}
	if ok {
		return ""
	}
	return fmt.Sprintf("%s %v is refused: %+v", name, names, p)
}
