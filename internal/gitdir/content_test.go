//go:build unix

package gitdir

import (
	"strings"
	"testing"
)

// expect asks Check about content. reason is part of the error, or "" for allowed content.
func expect(t *testing.T, path, content, old, reason string) {
	t.Helper()
	err := newRules().Check(path, []byte(content), []byte(old))
	switch {
	case reason == "" && err != nil:
		t.Errorf("%s refuses %q: %v", path, content, err)
	case reason != "" && err == nil:
		t.Errorf("%s allows %q", path, content)
	case reason != "" && !strings.Contains(err.Error(), reason):
		t.Errorf("%s refuses %q with %q, without %q", path, content, err, reason)
	}
}

func TestRefContent(t *testing.T) {
	for _, path := range []string{"HEAD", "refs/heads/x", "ORIG_HEAD", "worktrees/new/HEAD"} {
		for _, good := range []string{hash1, hash1 + "\n", "ref: refs/heads/main\n", "ref: refs/heads/a/b", "ref: refs/remotes/origin/HEAD\n"} {
			expect(t, path, good, "", "")
		}
		for _, bad := range []string{"", "\n", "x", hash6 + "\n", hash1 + hash1, hash1 + "\n\n", hash1 + "\n" + hash2 + "\n", "ref: HEAD", "ref: refs/replace/" + hash1, "ref: refs/heads/$(id)", "ref: refs/../config", "ref: config", "ref:refs/heads/x", "ref: refs/heads/x\n\n", "ref: refs/heads/.git", strings.ToUpper("a" + hash1[1:])} {
			expect(t, path, bad, "", "neither a hash nor the name of a ref")
		}
	}
}

func TestPackedRefsContent(t *testing.T) {
	good := "# pack-refs with: peeled fully-peeled sorted \n" + hash1 + " refs/heads/main\n" + hash2 + " refs/tags/v1\n^" + hash1 + "\n"
	expect(t, "packed-refs", good, "", "")
	expect(t, "packed-refs", "", good, "")
	replace, odd := hash1+" refs/replace/"+hash2+"\n", hash1+" refs/heads/$(id)\n"
	expect(t, "packed-refs", good+replace+odd, replace+odd, "")
	expect(t, "packed-refs", replace, "", "not allowed")
	expect(t, "packed-refs", odd, "", "not allowed")
	expect(t, "packed-refs", hash2+replace[40:], replace, "not allowed")
	expect(t, "packed-refs", hash6+" refs/heads/x\n", "", "64 digits")
	for _, bad := range []string{"x\n", hash1 + "\n", hash1 + " \n", hash1 + " refs/heads/x", "^x\n", hash1 + " refs/heads/x\n\n", " " + good} {
		expect(t, "packed-refs", bad, "", "line")
	}
	expect(t, "packed-refs", hash1+" refs/heads/x\n"+hash2+" refs/heads/x\n", "", "twice")
	moves := PackedMoves([]byte(hash1+" refs/heads/a\n"+hash1+" refs/heads/b\n"+hash1+" refs/heads/c\n"), []byte(hash1+" refs/heads/a\n"+hash2+" refs/heads/b\n"+hash1+" refs/heads/d\n"))
	want := map[Move]bool{{"refs/heads/b", hash1, hash2}: true, {"refs/heads/c", hash1, ""}: true, {"refs/heads/d", "", hash1}: true}
	for _, m := range moves {
		if !want[m] {
			t.Errorf("there is no move %v", m)
		}
	}
	if len(moves) != len(want) {
		t.Errorf("%d moves of 3", len(moves))
	}
}

func TestTodoContent(t *testing.T) {
	for _, path := range []string{"rebase-merge/git-rebase-todo", "sequencer/todo", "worktrees/new/rebase-merge/git-rebase-todo"} {
		expect(t, path, "pick abc msg\np abc\n\nreword abc # x\r\nfixup -C abc\nlabel onto\nreset [new root]\nmerge -C abc l # exec\nbreak\nnoop\nupdate-ref refs/heads/x\n# exec comment\n; exec comment\n \t# x\nrevert abc\n", "", "")
		for _, bad := range []string{"exec id", "x id", "pick a\nx id\n", "pick a\r\texec id", "  \texec\tid", "exec", "x"} {
			expect(t, path, bad, "", "runs a program")
		}
		for _, bad := range []string{"execute", "exec\vid", "X id", "unknown", "xid", "EXEC id"} {
			expect(t, path, bad, "", "unknown command")
		}
		expect(t, path, "pick a\x00exec id", "", "zero byte")
		expect(t, path, "update-ref refs/replace/x", "", "moves")
		expect(t, path, "u HEAD", "", "moves")
	}
}

func TestOptions(t *testing.T) {
	for _, tt := range []struct{ path, content, reason string }{
		{"rebase-merge/strategy", "ort\n", ""}, {"rebase-merge/strategy", "recursive", ""}, {"rebase-merge/strategy", "", ""},
		{"rebase-merge/strategy", "x/evil\n", "no strategy"}, {"rebase-apply/strategy", "evil", "no strategy"}, {"worktrees/new/rebase-merge/strategy", "../x", "no strategy"},
		{"rebase-merge/gpg_sign_opt", "-S\n", ""}, {"rebase-merge/gpg_sign_opt", "-SA B <a@b>\n", ""}, {"rebase-merge/gpg_sign_opt", "-S/home/u/key\n", "no choice"}, {"rebase-apply/gpg_sign_opt", "--exec=x", "no choice"},
		{"rebase-apply/apply-opt", " '-C3' '--directory=lib' '--whitespace=fix'\n", ""}, {"rebase-apply/apply-opt", "", ""}, {"rebase-apply/apply-opt", " '--build-fake-ancestor=/home/u/x'\n", "git apply"},
		{"rebase-apply/apply-opt", " '--unsafe-paths'\n", "git apply"}, {"rebase-apply/apply-opt", " '--directory=a'\\''b'\n", "git apply"}, {"rebase-apply/apply-opt", " '--directory=a'' '--unsafe-paths'\n", "git apply"},
		{"sequencer/opts", "[options]\n\tstrategy = ort\n\tallow-ff = true\n\tmainline = 1\n\tstrategy-option = patience\n\tgpg-sign = A\n", ""},
		{"sequencer/opts", "[options]\n\tstrategy = x/evil\n", "strategy"}, {"sequencer/opts", "[core]\n\tedit = true\n", "edit"},
	} {
		expect(t, tt.path, tt.content, "", tt.reason)
	}
}

func TestPointerContent(t *testing.T) {
	expect(t, "worktrees/new/commondir", "../..\n", "", "")
	for _, bad := range []string{"", "..", "../../..", "../../x\n", "/ws/.git", "../..\n\n"} {
		expect(t, "worktrees/new/commondir", bad, "", "elsewhere")
	}
	expect(t, "worktrees/new/gitdir", "/ws/tree/.git\n", "", "")
	expect(t, "worktrees/new/gitdir", "/ws/a b/tree/.git", "", "")
	for _, bad := range []string{"", "/ws/.git", "/ws/x", "/other/x/.git", "/ws/../x/.git", "/ws/.git/x/.git", "/ws/.vscode/.git", "/ws/x/.git\n\n", "x/.git", "/ws/a\x1bb/.git", "/wsx/a/.git", "/ws//x/.git"} {
		expect(t, "worktrees/new/gitdir", bad, "", "no .git of a folder")
	}
	r := newRules()
	for _, good := range []string{"gitdir: /ws/.git/modules/new\n", "gitdir: ../.git/modules/a/b", "gitdir: /ws/.git/worktrees/new\n", "gitdir: ../.git/modules/old/modules/in\n", "gitdir: ../.git/modules/src/logs/old"} {
		if err := r.CheckGitFile("/ws/sub", []byte(good)); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "gitdir: ", "gitdir: /ws/.git", "gitdir: /ws/.git/logs/x", "gitdir: /ws/.git/lfs/x", "gitdir: ../.git/worktrees/old", "gitdir: /ws/x", "gitdir: ../.git/modules", "gitdir: ../.git/modules/a/logs/b", "gitdir: ../.git/modules/a\nx", "../.git/modules/a", "gitdir: ../.git/modules/a/../../..", "gitdir: ../.git/refs/heads"} {
		if r.CheckGitFile("/ws/sub", []byte(bad)) == nil {
			t.Errorf("%q is allowed", bad)
		}
	}
}

const plainConfig = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n[remote \"origin\"]\n\turl = https://example.org/x\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n"

func TestConfigContent(t *testing.T) {
	branch := "[branch \"a/b\"]\n\tremote = origin\n\tmerge = refs/heads/main\n\trebase = true\n"
	for _, good := range []string{
		plainConfig, plainConfig + branch, branch + plainConfig, plainConfig + "\n" + branch + "\n", plainConfig + "[extensions]\n\tworktreeConfig = true\n",
		plainConfig + "[submodule \"lib\"]\n\turl = https://example.org/y.git\n\tactive = true\n\tupdate = rebase\n", plainConfig + "[submodule \"lib\"]\n\turl = git@example.org:a/b.git\n",
		plainConfig + "[submodule \"lib\"]\n\turl = ../lib\n", plainConfig + "[branch \"x\"]\n", strings.Replace(plainConfig, "[remote", branch+"[remote", 1), plainConfig + "[submodule \"lib\"]\n\turl = ssh://git@example.org:22/x\n",
	} {
		expect(t, "config", good, plainConfig, "")
		expect(t, "config", plainConfig, good, "")
	}
	described := plainConfig + "[branch \"x\"]\n\tdescription = text\n[extensions]\n\tobjectformat = sha256\n"
	expect(t, "config", plainConfig+"[branch \"x\"]\n\tremote = .\n", plainConfig, "")
	used := plainConfig + "[branch \"x\"]\n\tremote = gone\n"
	expect(t, "config", plainConfig, used, "")
	expect(t, "config", used+"[branch \"y\"]\n\tremote = gone\n", used, "")
	expect(t, "config", strings.Replace(described, "text\n", "text\n\tremote = origin\n", 1)+"\tworktreeConfig = true\n", described, "")
	expect(t, "config", strings.TrimSuffix(plainConfig, "\n")+"\n"+branch, strings.TrimSuffix(plainConfig, "\n"), "")
}

func TestConfigThatIsRefused(t *testing.T) {
	for _, tt := range []struct{ added, reason string }{
		{"[core]\n\thooksPath = x\n", "the section [core] has the key hookspath = x"},
		{"[core]\n\tfsmonitor = id\n", "fsmonitor"}, {"[core]\n\tworktree = ..\n", "worktree"}, {"[core]\n\tsparseCheckout = true\n", "sparsecheckout"},
		{"[include]\n\tpath = x\n", "the section [include] has the key path"}, {"[includeIf \"x\"]\n\tpath = x\n", `the line "[includeIf`},
		{"[alias]\n\tx = !id\n", "[alias]"}, {"[filter \"x\"]\n\tclean = id\n", `[filter "x"]`}, {"[remote \"x\"]\n\turl = ext::id\n", `the section [remote "x"]`},
		{"[branch \"x\"]\n\tremote = folder\n", "remote = folder"}, {"[branch \"x\"]\n\tremote = origin2\n", "remote = origin2"},
		{"[branch \"x\"]\n\tremote = ext::id\n", "remote = ext::id"}, {"[branch \"x\"]\n\tremote = .\\\n\tmerge = refs/heads/x\n", "the line"},
		{"[branch \"x\"]\n\tremote = \"origin\"\n", "the line"}, {"[branch \"x\"]\n\tremote = origin # x\n", "the line"}, {"[branch \"x\"]\n\tmergeOptions = -s x\n", "mergeoptions"},
		{"[branch \"x\"] remote = y\n", "the line"}, {"[branch.x]\n\tremote = origin\n", "the line"}, {"[Branch \"x\"]\n\tremote = origin\n", "the line"},
		{"[branch \"x\"]\n\tremote\n", "the line"}, {"[branch \"x\"]\n\tmerge = refs/replace/x\n", "merge"}, {"[branch \"$(id)\"]\n\tremote = origin\n", "the line"},
		{"[submodule \"x\"]\n\tupdate = !id\n", "update = !id"}, {"[submodule \"x\"]\n\turl = ext::sh -c id\n", "url"}, {"[submodule \"x\"]\n\turl = -u\n", "url"},
		{"[submodule \"x\"]\n\turl = ssh://-oProxyCommand=id/x\n", "url"}, {"[submodule \"x\"]\n\turl = fd::3\n", "url"}, {"[submodule \"x\"]\n\turl = ext::id\n", "url"},
		{"[extensions]\n\tobjectFormat = sha256\n", "objectformat"}, {"[extensions]\n\tworktreeConfig = false\n", "worktreeconfig = false"}, {"[extensions]\n\trefStorage = reftable\n", "refstorage"},
		{"[branch \"x\"]\n\tremote = origin\n[core]\n\tpager = id\n", "pager"}, {"[user]\n\tname = x\n", "[user]"}, {"\tx = y\n", "the key x = y"}, {"\x00", "zero byte"},
		{"[branch \"x\"]\n\tremote = origin\n\r[core]\n\tpager = id\n", "the line"}, {"\v[core]\n\tpager = id\n", "the line"}, {"[branch \"x\"]\n\tremote = origin\r\n", "the line"},
	} {
		expect(t, "config", plainConfig+tt.added, plainConfig, tt.reason)
	}
	expect(t, "config", strings.Replace(plainConfig, "\tbare = false\n", "", 1), plainConfig, "lacks lines")
	expect(t, "config", "", plainConfig, "lacks lines")
	long := "[branch \"x\"]\n\tdescription = a \\\n\tremote = "
	expect(t, "config", long+"other\n", long+"origin\n", "the key remote = other")
	alias := "[alias]\n\tx = y \\\n"
	expect(t, "config", alias+"[branch \"b\"]\n", alias+"[branch \"c\"]\n", "another order")
	goesOn := plainConfig + "[alias]\n\tx = y \\\n"
	expect(t, "config", goesOn+"[branch \"x\"]\n\tremote = origin\n", goesOn, "the section")
}

func TestWorktreeConfigContent(t *testing.T) {
	for _, path := range []string{"config.worktree", "worktrees/new/config.worktree"} {
		expect(t, path, "[core]\n\tsparseCheckout = true\n\tsparseCheckoutCone = true\n[index]\n\tsparse = false\n", "", "")
		expect(t, path, "[core]\n\thooksPath = x\n", "", "hookspath")
		expect(t, path, "[branch \"x\"]\n\tremote = origin\n", "", "remote")
	}
}

func TestModuleConfigContent(t *testing.T) {
	fresh := "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n\tworktree = ../../../lib\n[remote \"origin\"]\n\turl = ../x\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n[branch \"main\"]\n\tremote = origin\n\tmerge = refs/heads/main\n[submodule]\n\tactive = .\n"
	expect(t, "modules/new/config", fresh, "", "")
	expect(t, "modules/new/config", strings.Replace(fresh, "remote = origin", "remote = folder", 1), "", "remote = folder")
	expect(t, "modules/new/config", strings.Replace(fresh, "\turl = ../x\n", "", 1), "", "remote = origin")
	for _, bad := range []string{"[core]\n\tworktree = ../../..\n", "[core]\n\tworktree = ../../../../x\n", "[core]\n\tworktree = ../../../.vscode\n", "[core]\n\tworktree = ../../hooks\n", "[core]\n\tworktree = /etc\n", "[core]\n\tfsmonitor = id\n", "[remote \"x\"]\n\tuploadpack = id\n", "[remote \"x\"]\n\tvcs = x\n"} {
		expect(t, "modules/new/config", bad, "", "the section")
		expect(t, "modules/new/config", fresh+bad, fresh, "the section")
	}
	expect(t, "modules/old/config", plainConfig+"[core]\n\tworktree = ../../../moved\n", plainConfig, "")
	expect(t, "modules/old/config", plainConfig+"[remote \"x\"]\n\turl = https://example.org\n", plainConfig, "remote")
	expect(t, "modules/old/config", fresh, "", "the section")
}

func TestReadFormat(t *testing.T) {
	for config, want := range map[string]Format{
		plainConfig: {HashSize: 20},
		"[extensions]\n\tobjectformat = sha256\n":         {HashSize: 32},
		"[Extensions] ObjectFormat = \"sha256\" ; x\r\n":  {HashSize: 32},
		"[extensions]\nobjectformat=sha1\n":               {HashSize: 20},
		"[extensions \"x\"]\n\tobjectformat = sha256\n":   {HashSize: 20},
		"[extensions]\n[core]\n\tobjectformat = sha256\n": {HashSize: 20},
		"[extensions]\n\trefstorage = reftable\n":         {HashSize: 20, Reftable: true},
	} {
		if got, err := ReadFormat([]byte(config)); got != want || err != nil {
			t.Errorf("%q is %+v, %v", config, got, err)
		}
	}
	if _, err := ReadFormat([]byte("[extensions]\n\tobjectformat = sha512\n")); err == nil {
		t.Error("an unknown format is read")
	}
}

func TestCheckOfOtherNames(t *testing.T) {
	for _, path := range []string{"hooks/pre-commit", "commondir", "info/attributes", "x", "", "worktrees/old/HEAD"} {
		expect(t, path, hash1, "", "git never writes the name")
	}
	for _, path := range []string{"MERGE_MSG", "logs/HEAD", "objects/info/packs", "objects/aa/" + hash1[2:]} {
		expect(t, path, "anything", "", "")
	}
}
