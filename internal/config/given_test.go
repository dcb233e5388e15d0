//go:build unix

package config

import "testing"

func TestGivenUp(t *testing.T) {
	for value, pieces := range map[string][]string{
		`".git"`:                     {"stays protected, since git obeys it", "can be given up are .codex"},
		`".GIT"`:                     {"stays protected"},
		`".g\u200cit"`:               {"stays protected"},
		`".gitmodules"`:              {"stays protected"},
		`".lockstile"`:               {"this product obeys it"},
		`".LockStile"`:               {"this product obeys it"},
		`"*.code-workspace"`:         {"is a pattern", "nearest name that can be given up"},
		`".*"`:                       {"is a pattern"},
		`"my.code-workspace"`:        {"is no protected name"},
		`".vscod"`:                   {"is no protected name", `".vscode"`},
		`"sub/.vscode"`:              {"is no protected name", `".vscode"`},
		`".idea", ".vscode", ".git"`: {`".git" stays protected`},
	} {
		in := newInput(t, "[trust]\n\nwritable = ["+value+"]\n")
		wantRefusal(t, in, append(pieces, "config.toml:3: trust.writable")...)
	}
	in := newInput(t, "")
	in.Overrides = []string{`trust.writable=[".git"]`}
	wantRefusal(t, in, "-c: trust.writable", "stays protected")
	in.Overrides = []string{`trust.writable=[".vscode"]`}
	given := mustLoad(t, in)
	if len(given.TrustWritable) != 1 || given.Protects(".vscode", true) || !given.Protects(".git", true) || !given.Protects(".idea", false) {
		t.Errorf("%q", given.TrustWritable)
	}
	in.Overrides = nil
	if mustLoad(t, in).Digest() == given.Digest() {
		t.Error("a name that is given up does not change the digest")
	}
}
