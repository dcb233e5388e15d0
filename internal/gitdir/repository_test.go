//go:build unix

package gitdir

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// environment is git's environment in tests, without the machine's own configuration.
func environment(home string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GIT_CONFIG_NOSYSTEM=1", "XDG_CONFIG_HOME=" + home + "/none",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=c", "GIT_COMMITTER_EMAIL=c@d", "LC_ALL=C", "GIT_EDITOR=true",
		"GIT_AUTHOR_DATE=2024-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2024-01-02T03:04:05Z", "GIT_TERMINAL_PROMPT=0"}
}

func needGit(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil || runtime.GOOS == "windows" {
		t.Skip("git and sh are not installed")
	}
}

// shell runs a line of sh in a folder and returns its output.
func shell(t testing.TB, dir, line string) string {
	t.Helper()
	cmd := exec.Command("sh", "-ec", line)
	cmd.Dir, cmd.Env = dir, environment(filepath.Dir(dir))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// git runs git and returns its standard output, or false.
func git(t testing.TB, dir string, args ...string) (string, bool) {
	t.Helper()
	cmd := exec.Command("git", args...)
	var out bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout = dir, environment(filepath.Dir(dir)), &out
	err := cmd.Run()
	return out.String(), err == nil
}

// newRepository makes a repository with three files and two commits.
func newRepository(t testing.TB, initArgs string) (dir string) {
	t.Helper()
	needGit(t)
	dir = filepath.Join(t.TempDir(), "ws")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	shell(t, dir, "git init -q -b main "+initArgs+" && mkdir sub && echo 1 >a && echo 2 >sub/b && ln -s a link && git add . && git commit -qm one && echo 3 >>a && git commit -qam two")
	return dir
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func lines(s string) []string { return strings.FieldsFunc(s, func(r rune) bool { return r == '\n' }) }
