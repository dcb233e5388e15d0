//go:build linux

package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNews checks what is told of what a command has changed: in place, by a rename, by a
// move of a folder, and in the folders that no walk enters.
func TestNews(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		p.env = append(p.env, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "PATH="+p.ws+"/path:/usr/bin:/bin")
		p.asHost(`git init -q .; mkdir -p tools src path other/deep node_modules/.bin .vscode scripts
			echo '{"task": "tools/lint.sh"}' > .vscode/tasks.json; echo 'source_env scripts/env' > .envrc; echo x > tools/lint.sh; echo x > scripts/env
			echo x > src/a.txt; echo '#!/bin/sh' > src/prog; chmod +x src/prog; echo x > .prettierrc; echo x > other/deep/.babelrc; echo x > other/deep/b`)
		time.Sleep(50 * time.Millisecond)      // files of before the command are older than a tick of the kernel's clock
		p.lockstile("run", "--", "sleep", "1") // a look at all files
		told := func(script string) []string {
			t.Helper()
			r := p.lockstile("run", "--", "sh", "-c", script)
			_, list, _ := strings.Cut(r.stderr, "may obey or start it:\n")
			var out []string
			for l := range strings.Lines(list) {
				if one, ok := strings.CutPrefix(l, "  "+p.ws+"/"); ok {
					out = append(out, strings.TrimSpace(one))
				}
			}
			slices.Sort(out)
			return out
		}
		for _, c := range []struct {
			script string
			want   []string
		}{
			{"echo y >> src/a.txt; mkdir x; touch x/y", nil},
			{"echo y >> tools/lint.sh", []string{"tools/lint.sh (a guarded file, or the environment, names it)"}},
			{"echo y > scripts/env", []string{"scripts/env (a guarded file, or the environment, names it)"}},
			{"echo y >> src/prog", []string{"src (1 program)"}},
			{"echo y >> .prettierrc", []string{".prettierrc"}},
			{"chmod +x src/a.txt; chmod -x src/a.txt; touch node_modules/.bin/tsc; chmod +x node_modules/.bin/tsc", []string{"node_modules/.bin (1 file)"}},
			{"echo x > path/git", []string{"path/git (a guarded file, or the environment, names it)"}},
			{"mkdir -p .zed .cache; for i in $(seq 300); do echo > .tool$i; echo > .cache/$i; done; rm .tool*; mkdir .new; touch .new/1 .new/2", []string{".new (2 files)"}},
			{"mv other/deep there; mv there other/deep; mkdir again; mv other/deep again/deep", []string{"again/deep/.babelrc"}},
			{"git init -q sub", []string{"sub/.git (a new repository)"}},
			{"echo x > AGENTS.md; ln -s /bin/sh .x", []string{".x", "AGENTS.md"}},
		} {
			if got := told(c.script); !slices.Equal(got, c.want) {
				t.Errorf("%s: told is %q, want %q", c.script, got, c.want)
			}
		}
		p.verify()
	})
}
