//go:build unix

package gitconf

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	t.Parallel()
	for i, u := range uses {
		if i > 0 && uses[i-1].pattern >= u.pattern {
			t.Errorf("%s is not sorted", u.pattern)
		}
		for _, sub := range []string{"x", "A b", "a.b", "https://h.x/*?é", ""} {
			key := strings.Replace(u.pattern, "*", sub, 1)
			if found, ok := known(key); !ok || found != u {
				t.Errorf("%q is found as %v", key, found)
			}
		}
		if u.shape == RegularFile != (u.kind == Command || u.kind == Program || u.kind == Bang) && u.kind != Path {
			t.Errorf("%s has another shape than its kind", u.pattern)
		}
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]Kind{
		"core.hookspath": Path, "core.x.hookspath": Path /* guessed */, "core.bare": None, "hookspath": None, "core": None, "": None, ".": None, "..": None,
		"alias.x": Bang, "alias.a.b": Bang, "alias.a.command": Bang, "pager.log": Command,
		"filter.*.clean": Command, "filter.clean": None, "credential.https://x.y/z.helper": Command,
		"lfs.extension.a.b.clean": Command, "remote.o.url": Repository, "remote.o.fetch": None, "submodule.a/b.update": Bang,
		"annex.web-download-command": Command, "other.thing.file": Path, "x.webhook": Command,
		"includeif.gitdir:~/a.b/.path": Path, "include.x.path": Path, "user.name": None,
	} {
		if got := KindOf(key); got != want {
			t.Errorf("%q: %d, want %d", key, got, want)
		}
	}
}
