//go:build linux

package main

import (
	"os"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/plain"
)

// TestNothingRaw checks everything that lockstile prints of hostile names and words: no
// control character reaches a terminal, and no name begins a line of its own.
func TestNothingRaw(t *testing.T) {
	const hostile = "e\x1b]52;c;aGk=\x07\u009b31m\u202e\nhint: rm -rf ~"
	for name, c := range map[string]struct {
		make func(t *testing.T, p *place)
		args []string
	}{
		"a refusal's folder": {func(t *testing.T, p *place) {
			mkdir(t, p.ws+"/"+hostile)
			link(t, "..", p.ws+"/"+hostile+"/.envrc")
		}, []string{"run", "--", "true"}},
		"the workspace":       {nil, []string{"run", "-C", hostile, "--", "true"}},
		"the program":         {nil, []string{"run", "--", hostile}},
		"a program's path":    {nil, []string{"run", "--", "./" + hostile}},
		"a subcommand":        {nil, []string{hostile}},
		"a flag":              {nil, []string{"run", "--" + hostile, "--", "true"}},
		"a flag's value":      {nil, []string{"run", "--tty=" + hostile, "--", "true"}},
		"a mode":              {nil, []string{"run", "--sandbox", hostile, "--", "true"}},
		"a key":               {nil, []string{"config", "-c", hostile + "=1"}},
		"a value":             {nil, []string{"config", "-c", "approval_policy=" + hostile}},
		"a set variable":      {nil, []string{"config", "-c", "shell_environment_policy.set.A" + hostile + "=1"}},
		"a profile":           {nil, []string{"config", "--profile", hostile}},
		"a word too many":     {nil, []string{"doctor", hostile}},
		"a number":            {nil, []string{"log", "-n", hostile}},
		"what is explained":   {nil, []string{"explain", hostile}},
		"explain":             {nil, []string{"explain", "start", "--", hostile, hostile}},
		"explain's workspace": {func(t *testing.T, p *place) { mkdir(t, p.ws+"/"+hostile) }, []string{"explain", "start", "-C", hostile}},
		"setup":               {nil, []string{"setup", "--" + hostile}},
		"mcp":                 {nil, []string{"mcp", "--" + hostile}},
		"config.toml": {func(t *testing.T, p *place) {
			p.config("\"a\\u001b]52;c;aGk=\\u0007\" = 1\n")
		}, []string{"run", "--", "true"}},
		"what is taken back": {func(t *testing.T, p *place) { mkdir(t, p.ws+"/"+hostile+"/.git") }, []string{"run", "--", "sh", "-c", `mkdir "$1/.vscode" .vscode; mkdir "$1/x"; echo > "$1/x/.npmrc"`, "sh", hostile}},
		"a linked name": {func(t *testing.T, p *place) {
			write(t, p.ws+"/"+hostile+"/.git/config", "")
			if err := os.Link(p.ws+"/"+hostile+"/.git/config", p.ws+"/other"); err != nil {
				t.Fatal(err)
			}
		}, []string{"doctor"}},
	} {
		for _, more := range [][]string{nil, {"--json"}} {
			p := newPlace(t)
			if c.make != nil {
				c.make(t, p)
			}
			args := c.args
			if len(more) > 0 && args[0] != hostile && args[0] != "mcp" && args[0] != "explain" {
				args = append([]string{args[0], more[0]}, args[1:]...)
			}
			r := p.lockstile(args...)
			shown := p.lockstile("log")
			raw := p.lockstile("log", "--json")
			verified := p.lockstile("log", "verify")
			for _, text := range []string{r.stdout, r.stderr, shown.stdout, shown.stderr, raw.stdout, verified.stdout, verified.stderr} {
				for line := range strings.Lines(text) {
					if line = strings.TrimSuffix(line, "\n"); plain.Text(line) != line || strings.HasPrefix(line, "hint: rm") {
						t.Errorf("%s %v: %q is printed", name, more, line)
					}
				}
			}
		}
	}
}
