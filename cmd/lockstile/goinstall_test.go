//go:build linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGoInstall runs README's lines without a checkout, in an empty home. Git reads the
// module from a copy of this checkout in the place of GitHub, with the tag of a release;
// Go reads all other modules from the module cache, as from a proxy.
func TestGoInstall(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Skip("no checkout here")
	}
	install := "    CGO_ENABLED=0 go install github.com/lockstile/lockstile/cmd/...@latest\n"
	_, rest, found := strings.Cut(string(readme), install)
	export, _, _ := strings.Cut(rest, "\n")
	if !found || !strings.HasPrefix(export, "    export PATH=") {
		t.Fatal("README.md has no two lines that install from GitHub")
	}
	home := t.TempDir()
	env := goFromGitHub(t, home, published(t, "v0.99.0"))
	sh := func(script string) string {
		cmd := exec.Command("bash", "-euc", script)
		cmd.Dir, cmd.Env = home, env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", script, err, out)
		}
		return string(out)
	}
	bin := filepath.Join(home, "go/bin")
	if got := sh(install + export + "\ncommand -v lockstile; lockstile version"); !strings.Contains(got, bin+"/lockstile\n") || !strings.Contains(got, " (v0.99.0) ") {
		t.Errorf("no lockstile of the version of the module: %s", got)
	}
	if got := sh(bin + "/lockstile exec --help"); !strings.Contains(got, "usage:") {
		t.Errorf("lockstile doesn't find lockstile-agent: %s", got)
	}
	sh("rm " + bin + "/lockstile-agent")
	sh(missing(t, bin, "exec", "lockstile-agent", "hint: "))
	sh("test -x " + bin + "/lockstile-agent")
}

// TestMissingFrontEnd runs the line that lockstile prints when a front end is missing.
func TestMissingFrontEnd(t *testing.T) {
	if !exists("../../go.mod") {
		t.Skip("no checkout here")
	}
	bin := filepath.Join(t.TempDir(), "two words, and it's odd")
	if out, err := exec.Command("go", "build", "-o", bin+"/", ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for command, name := range map[string]string{"mcp": "lockstile-mcp", "exec": "lockstile-agent"} {
		cmd := exec.Command("bash", "-euc", missing(t, bin, command, name, "hint: in a checkout of lockstile: "))
		cmd.Dir = "../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		if out, err := exec.Command(filepath.Join(bin, "lockstile"), command, "--help").CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", command, err, out)
		}
	}
}

// missing checks what lockstile says of a missing front end, and returns the line that
// mends it.
func missing(t *testing.T, bin, command, name, hint string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "lockstile"), command, "--help")
	var said bytes.Buffer
	cmd.Stderr = &said
	cmd.Run()
	first, rest, _ := strings.Cut(said.String(), "\n")
	line, found := strings.CutPrefix(rest, hint)
	if cmd.ProcessState.ExitCode() != 127 || !found ||
		first != "lockstile: "+name+" is missing: lockstile looks for it as "+filepath.Join(bin, name) {
		t.Fatalf("lockstile %s: %v: %s", command, cmd.ProcessState, &said)
	}
	return line
}

// published returns a repository with one commit: this checkout as it is, with a tag.
func published(t *testing.T, tag string) string {
	t.Helper()
	repo := t.TempDir()
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", `
		git -c safe.directory='*' ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'for f; do [ ! -e "$f" ] || cp --parents "$f" "$0"; done' "$REPO"
		cd "$REPO"
		git init -q
		git add -A
		git -c user.name=nobody -c user.email=nobody@localhost -c commit.gpgsign=false commit -qm "$TAG"
		git -c tag.gpgsign=false tag "$TAG"`)
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), "REPO="+repo, "TAG="+tag)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return repo
}

// goFromGitHub returns the environment of a user with an empty home, for whom the
// repository is github.com/lockstile/lockstile. The
// proxy is asked for what the module cache doesn't have. -trimpath lets Go use compiled packages of other folders.
func goFromGitHub(t *testing.T, home, repo string) []string {
	t.Helper()
	kept := goEnv(t, "GOMODCACHE", "GOCACHE", "GOPROXY")
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GOCACHE=" + kept[1], "GOTOOLCHAIN=local",
		"GOFLAGS=-modcacherw -trimpath", "GOPROXY=file://" + kept[0] + "/cache/download," + kept[2], "GONOSUMDB=*",
		"GONOPROXY=github.com/lockstile/lockstile", "GIT_CONFIG_COUNT=1",
		"GIT_CONFIG_KEY_0=url.file://" + repo + ".insteadOf", "GIT_CONFIG_VALUE_0=https://github.com/lockstile/lockstile"}
}
