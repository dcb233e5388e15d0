//go:build linux

package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestTrustWritable checks a protected name that the user gives up: the command writes it,
// there before or new, and commits it; the record names what changed; all else stays
// guarded, and so does what a guarded file leads to.
func TestTrustWritable(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		p.repository()
		p.asHost("mkdir -p .vscode/sub .idea .husky; echo host > .vscode/settings.json; git init -q .vscode/sub; git config core.hooksPath .husky")
		const script = `echo mine > .vscode/settings.json; mkdir -p n/.vscode && echo mine > n/.vscode/tasks.json; git add -f .vscode/settings.json n/.vscode && git commit -qm x && echo committed
echo evil > .vscode/sub/.git/config; echo evil > .idea/x; echo evil > .husky/post-commit; mkdir .claude; rm -r .vscode/sub; true`
		given := []string{"-c", `trust.writable=[".vscode", ".husky"]`}
		r := p.lockstile(append(append([]string{"run"}, given...), "--", "sh", "-c", script)...)
		if r.code != 0 || !strings.Contains(r.stdout, "committed") {
			t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
		}
		for file, want := range map[string]bool{".vscode/settings.json": true, "n/.vscode/tasks.json": true} {
			b, _ := os.ReadFile(p.ws + "/" + file)
			if got := string(b) == "mine\n"; got != want {
				t.Errorf("%s has %q", file, b)
			}
		}
		config, _ := os.ReadFile(p.ws + "/.vscode/sub/.git/config")
		if strings.Contains(string(config), "evil") || exists(p.ws+"/.idea/x") || exists(p.ws+"/.husky/post-commit") || exists(p.ws+"/.claude") || !exists(p.ws+"/.git/HEAD") {
			t.Errorf("what isn't given up was written: %q, %s", names(t, p.ws), r.stderr)
		}
		end := p.lastLine()
		for _, name := range []string{"/.vscode/settings.json", "/n/.vscode/tasks.json"} {
			if !slices.Contains(end.NewTrust(), p.ws+name) {
				t.Errorf("%s isn't told: %q", name, end.NewTrust())
			}
		}
		if r := p.lockstile("run", "--", "sh", "-c", "echo evil > .vscode/settings.json"); r.code == 0 {
			t.Error("without the setting the name is written")
		}
		for args, code := range map[string]int{"": 1, `-c trust.writable=[".vscode"]`: 0} {
			ask := append([]string{"explain", "write"}, append(strings.Fields(args), p.ws+"/.vscode/settings.json")...)
			if r := p.lockstile(ask...); r.code != code || code == 1 && !strings.Contains(r.stdout, "trust.writable") {
				t.Errorf("%q: %+v", ask, r)
			}
		}
		p.verify()
	})
}

// TestTrustWritableOfRepositoriesIsNone checks that nothing in a repository gives a name up.
func TestTrustWritableOfRepositoriesIsNone(t *testing.T) {
	p := newPlace(t)
	for _, dir := range []string{".lockstile", ".codex"} {
		mkdir(t, p.ws+"/"+dir)
		write(t, p.ws+"/"+dir+"/config.toml", "[trust]\nwritable = [\".vscode\"]\n")
	}
	p.lockstile("run", "--", "mkdir", ".vscode")
	if exists(p.ws + "/.vscode") {
		t.Error("a repository's file gives a name up")
	}
	p.config("trust.writable = [\".vscode\"]\n")
	if r := p.lockstile("run", "--", "mkdir", ".vscode"); r.code != 0 || !exists(p.ws+"/.vscode") {
		t.Errorf("%+v", r)
	}
	p.config("\ntrust.writable = [\".git\"]\n")
	if r := p.lockstile("run", "--", "true"); r.code == 0 || !strings.Contains(r.stderr, "config.toml:2: trust.writable") || !strings.Contains(r.stderr, "can be given up are") {
		t.Errorf("%+v", r)
	}
}
