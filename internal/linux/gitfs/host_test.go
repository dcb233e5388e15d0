//go:build linux

package gitfs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// hostWork is git's work on the host, one command a line.
const hostWork = `git status
git status --ignored
git diff
git diff --cached
git log -p -2
git log --graph --all --oneline
git show
git branch -avv
git tag -l
git for-each-ref
git rev-parse HEAD
git ls-files -s
git ls-tree -r HEAD
git stash
git stash list
git stash pop
git add -A
git commit -q --allow-empty -m host
git commit -q --amend --allow-empty -m host2
git checkout -q .
git checkout -q -b hostbranch
git switch -q main
git merge -q hostbranch
git rebase -q hostbranch
git cherry-pick --allow-empty HEAD
git reset -q --hard
git clean -nd
git blame a
git grep x
git reflog
git fsck
git gc -q
git repack -q
git prune
git worktree list
git worktree prune
git submodule status
git notes list
git describe --always --all
git fetch -q . main
git pull -q . main
git config -l
git update-index --refresh
git shortlog -s HEAD
git bisect log
git am --show-current-patch
git rebase --abort
git merge --abort
git count-objects -v
git remote -v`

var tracedCall = regexp.MustCompile(`^(execve|openat|open)\((?:AT_FDCWD, )?"([^"]*)".* = (-?\d+)`)

// traced runs the host's work under strace, and returns the programs that were started and
// the files in the git directory that were read, apart from content: objects, refs, logs,
// the index and git's messages.
func (g ground) traced() (ran, read []string) {
	g.Helper()
	file := filepath.Join(g.home, "trace")
	// A file for each process: in a common file, calls at the same time stand in pieces.
	cmd := exec.Command("strace", "-ff", "-qq", "-e", "trace=execve,openat,open", "-e", "signal=none", "-o", file, "sh", "-c", hostWork)
	cmd.Dir, cmd.Env = g.ws, append(g.environ(), "GIT_PAGER=cat", "PAGER=cat")
	out, err := cmd.CombinedOutput() // some commands have nothing to do
	traces, _ := filepath.Glob(file + ".*")
	if len(traces) == 0 {
		g.Fatalf("strace: %v\n%s", err, out)
	}
	var text strings.Builder
	for _, trace := range traces {
		part, err := os.ReadFile(trace)
		if err != nil {
			g.Fatal(err)
		}
		text.Write(part)
	}
	content := regexp.MustCompile(`^(objects|refs|logs|worktrees|modules|index|HEAD|packed-refs|[A-Z_]+|rebase-.*|sequencer|shallow|gc\.pid|gc\.log|.*\.lock|sharedindex.*)($|/)|^info/refs`)
	for line := range strings.Lines(text.String()) {
		m := tracedCall.FindStringSubmatch(line)
		if m == nil || strings.HasPrefix(m[3], "-") {
			continue
		}
		_, inside, isGit := strings.Cut(m[2], ".git/")
		switch {
		case m[1] == "execve":
			ran = append(ran, m[2])
		case isGit && !content.MatchString(inside):
			read = append(read, inside)
		case !isGit && strings.Contains(m[2], g.home):
			read = append(read, strings.ReplaceAll(m[2], g.home, "HOME"))
		}
	}
	return unique(ran), unique(read)
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// TestHostAfterwards runs git on the host, traced, after all attacks, and after none: git
// starts the same programs and reads the same files.
func TestHostAfterwards(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("needs strace")
	}
	device(t)
	attacked, control := newGround(t), newGround(t)
	out := filepath.Join(attacked.home, "out")
	if err := os.Mkdir(out, 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(attacked.home, "a.py"), python)
	for _, script := range attacks {
		if script[0] == '@' {
			script = "python3 " + attacked.home + "/a.py " + script[1:]
		}
		attacked.run("export OUT=" + out + "\n" + script)
	}
	ran, read := attacked.traced()
	plainRan, plainRead := control.traced()
	for _, program := range ran {
		if !slices.Contains(plainRan, program) && !strings.HasPrefix(program, "/usr/lib/git-core/") && program != "/usr/bin/git" {
			t.Errorf("git on the host started %s", program)
		}
	}
	for _, file := range read {
		if !slices.Contains(plainRead, file) && !strings.HasPrefix(file, "HOME/trace") {
			t.Errorf("git on the host read %s", file)
		}
	}
	t.Logf("%d programs, %d files", len(ran), len(read))
}

// FuzzRequest feeds the server requests of any form: the server must not end.
func FuzzRequest(f *testing.F) {
	for op := range uint32(56) {
		f.Add(op, uint64(rootID), []byte("\x01\x00\x00\x00\x00\x00\x00\x00index\x00COMMIT_EDITMSG\x00"))
		f.Add(op, uint64(2), make([]byte, 100))
	}
	dir := f.TempDir()
	for _, name := range []string{"objects", "refs", "logs"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			f.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "config"), nil, 0o644); err != nil {
		f.Fatal(err)
	}
	folder, err := Look("/work", dir, "", nil)
	if err != nil {
		f.Fatal(err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		f.Fatal(err)
	}
	s := &Server{Folder: folder, device: null, nodes: newNodes(), handles: newHandles(), history: newHistory()}
	s.Release()
	f.Fuzz(func(t *testing.T, op uint32, id uint64, body []byte) {
		s.nodes.remember("COMMIT_EDITMSG")
		request := appendU64(appendU64(appendU32(appendU32(nil, uint32(headerSize+len(body))), op), 1), id)
		s.request(append(append(request, make([]byte, headerSize-len(request))...), body...))
		if outside, _ := filepath.Glob(filepath.Dir(dir) + "/*"); len(outside) > 1 {
			t.Fatalf("a file outside: %q", outside)
		}
	})
}
