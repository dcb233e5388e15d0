//go:build unix

package gitdir

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// harmless matches the keys that may differ in a configuration, as git lists the keys.
var harmless = regexp.MustCompile(`^(branch\..*\.(remote|merge|rebase)|submodule\..*\.(url|active|update)|extensions\.worktreeconfig)\n`)

// listed returns git's list of a configuration without harmless keys.
func listed(t testing.TB, dir string, config []byte) (list []string, ok bool) {
	t.Helper()
	file := filepath.Join(dir, "config-to-read")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	out, ok := git(t, dir, "config", "--file", file, "--list", "-z")
	list = slices.DeleteFunc(strings.Split(out, "\x00"), harmless.MatchString)
	return list, ok
}

// askGitAboutConfig compares git's lists before and after an allowed change.
func askGitAboutConfig(t testing.TB, dir string, old, content []byte) (accepted bool) {
	t.Helper()
	if newRules().Check("config", content, old) != nil {
		return false
	}
	before, ok := listed(t, dir, old)
	if !ok {
		return true
	}
	if after, ok := listed(t, dir, content); !ok || !slices.Equal(before, after) {
		t.Errorf("git reads %q after %q,\nbut %q after %q", after, content, before, old)
	}
	return true
}

var configSeeds = []string{
	plainConfig,
	plainConfig + "[branch \"main\"]\n\tremote = origin\n\tmerge = refs/heads/main\n[alias]\n\tx = y \\\n\tz\n[core]\n\tpager = \"a b\" # c\n",
	plainConfig + "[submodule \"lib\"]\n\turl = ../lib\n\tactive = true\n[extensions]\n\tobjectformat = sha256\n\tworktreeConfig = true\n",
	"# comment\n[user]\n    name = A B\n[branch \"x\"]\n    description = one\\ntwo\n    merge = refs/heads/x",
	"[branch \"a\"]\n\tremote = .\n\n[include]\n\tpath = x\n[branch \"b\"]\n\trebase = false\n",
}

func TestMutatedConfigs(t *testing.T) {
	t.Parallel()
	needGit(t)
	dir, m, accepted := t.TempDir(), newMutator("config"), 0
	added := "[branch \"new\"]\n\tremote = .\n\tmerge = refs/heads/x\n"
	for _, old := range configSeeds {
		for i := range 3000 {
			content := []byte(old)
			if i%2 == 0 {
				at := m.IntN(len(old) + 1)
				content = []byte(old[:at] + added + old[at:])
			}
			if i%3 > 0 {
				content = m.mutate(content)
			}
			if string(content) != old && accepted < 100 && askGitAboutConfig(t, dir, []byte(old), content) {
				accepted++
			}
		}
	}
	if accepted < 100 {
		t.Errorf("only %d mutated configurations were allowed: git was hardly asked", accepted)
	}
}

func FuzzConfig(f *testing.F) {
	needGit(f)
	for i, old := range configSeeds {
		f.Add([]byte(old), []byte(old+"[branch \"x\"]\n\tremote = origin\n"))
		f.Add([]byte(old), []byte(configSeeds[(i+1)%len(configSeeds)]))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, old, content []byte) {
		if string(old) != string(content) {
			askGitAboutConfig(t, dir, old, content)
		}
	})
}

// askGitAboutPackedRefs looks for refs that git reads in packed refs that are allowed.
func askGitAboutPackedRefs(t testing.TB, dir string, content []byte) (accepted bool) {
	t.Helper()
	if newRules().Check("packed-refs", content, nil) != nil {
		return false
	}
	if err := os.WriteFile(dir+"/.git/packed-refs", content, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := git(t, dir, "for-each-ref", "--format=%(refname)")
	refs, err := ParsePackedRefs(content)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range lines(out) {
		if _, known := refs[name]; name != "refs/heads/main" && (!known || !isRefName(name)) {
			t.Errorf("git reads the ref %q from %q", name, content)
		}
	}
	return true
}

func TestMutatedPackedRefs(t *testing.T) {
	t.Parallel()
	dir := newRepository(t, "")
	head := strings.TrimSpace(shell(t, dir, "git rev-parse HEAD"))
	seed := "# pack-refs with: peeled fully-peeled sorted \n" + head + " refs/heads/a\n" + head + " refs/heads/b/c\n" + head + " refs/tags/v1\n^" + head + "\n"
	m, accepted := newMutator("packed"), 0
	for range 20000 {
		if accepted < 60 && askGitAboutPackedRefs(t, dir, m.mutate([]byte(seed))) {
			accepted++
		}
	}
	if accepted < 60 {
		t.Errorf("only %d mutated files of packed refs were allowed", accepted)
	}
}

func FuzzPackedRefs(f *testing.F) {
	dir := newRepository(f, "")
	f.Add([]byte("# pack-refs with: peeled fully-peeled sorted \n" + hash1 + " refs/heads/a\n" + hash2 + " refs/tags/v\n^" + hash1 + "\n"))
	f.Add([]byte(hash1 + " refs/replace/" + hash2 + "\n"))
	f.Fuzz(func(t *testing.T, content []byte) { askGitAboutPackedRefs(t, dir, content) })
}

// askGitAboutRef compares an allowed ref with what git reads in HEAD.
func askGitAboutRef(t testing.TB, dir string, content []byte) (accepted bool) {
	t.Helper()
	value, ok := ParseRef(content)
	if newRules().Check("HEAD", content, nil) != nil || !ok {
		return false
	}
	if err := os.WriteFile(dir+"/.git/HEAD", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := git(t, dir, "symbolic-ref", "HEAD"); ok && "ref: "+strings.TrimSuffix(out, "\n") != value {
		t.Errorf("git follows %q to %q", content, out)
	}
	if out, ok := git(t, dir, "rev-parse", "HEAD"); ok && isHash(value) && strings.TrimSuffix(out, "\n") != value {
		t.Errorf("git reads %q as %q", content, out)
	}
	return true
}

func FuzzRef(f *testing.F) {
	dir := newRepository(f, "")
	for _, content := range []string{"ref: refs/heads/main\n", hash1 + "\n", "ref: refs/heads/a/b@c", "ref: refs/replace/x", "ref:  refs/heads/x"} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) { askGitAboutRef(t, dir, content) })
}

func TestMutatedRefs(t *testing.T) {
	t.Parallel()
	dir, m, accepted := newRepository(t, ""), newMutator("ref"), 0
	for range 3000 {
		if accepted < 50 && askGitAboutRef(t, dir, m.mutate([]byte("ref: refs/heads/topic/one\n"))) {
			accepted++
		}
	}
	if accepted < 50 {
		t.Errorf("only %d mutated refs were allowed", accepted)
	}
}

// newRebase makes a repository that stands in the middle of a rebase.
func newRebase(t testing.TB) (dir string) {
	dir = newRepository(t, "")
	shell(t, dir, "git tag start; GIT_SEQUENCE_EDITOR='echo break >' git rebase -q -i HEAD~1; test -f .git/rebase-merge/git-rebase-todo; cp -r .git ../saved")
	return dir
}

// askGitAboutTodo goes on with an allowed todo, and looks for the file of an exec line.
func askGitAboutTodo(t testing.TB, dir string, content []byte) (accepted bool) {
	t.Helper()
	if newRules().Check("rebase-merge/git-rebase-todo", content, nil) != nil {
		return false
	}
	shell(t, dir, "rm -rf .git; cp -r ../saved .git; git reset -q --hard")
	if err := os.WriteFile(dir+"/.git/rebase-merge/git-rebase-todo", content, 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "rebase", "--continue")
	if marks, err := filepath.Glob(dir + "/ran*"); err != nil || len(marks) > 0 {
		t.Errorf("git ran a line of %q", content)
	}
	return true
}

var todoSeeds = []string{"exec >ran1\n", "pick start\nexec >ran1\nbreak\n", "# exec >ran1\nlabel a\n", "merge -C start start # exec >ran1\nx >ran2\n", "drop start\rexec >ran1\n", "break exec\nexec\t>ran1\n", "; exec >ran1\n", "\\\nexec >ran1\n"}

func TestMutatedTodos(t *testing.T) {
	t.Parallel()
	dir, m, accepted := newRebase(t), newMutator("todo"), 0
	for range 40 {
		for _, seed := range todoSeeds {
			if accepted < 30 && askGitAboutTodo(t, dir, m.mutate([]byte(seed))) {
				accepted++
			}
		}
	}
	if accepted < 30 {
		t.Errorf("only %d mutated todos were allowed", accepted)
	}
}

// TestExecLineRuns shows that askGitAboutTodo would see a line that runs.
func TestExecLineRuns(t *testing.T) {
	t.Parallel()
	dir := newRebase(t)
	if err := os.WriteFile(dir+"/.git/rebase-merge/git-rebase-todo", []byte("exec >ran1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "rebase", "--continue")
	if _, err := os.Stat(dir + "/ran1"); err != nil {
		t.Error("git did not run an exec line")
	}
}

func FuzzTodo(f *testing.F) {
	dir := newRebase(f)
	for _, seed := range todoSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if strings.Contains(string(content), "ran") || strings.ContainsAny(string(content), "xX>") {
			askGitAboutTodo(t, dir, content)
		}
	})
}
