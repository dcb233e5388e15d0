//go:build unix

package gitdir

import (
	"strings"
	"testing"
)

const (
	hash1 = "1111111111111111111111111111111111111111"
	hash2 = "2222222222222222222222222222222222222222"
	hash6 = "6666666666666666666666666666666666666666666666666666666666666666"
)

func newRules() *Rules {
	return New(Facts{Workspace: "/ws", GitDir: "/ws/.git", HashSize: 20, Older: []string{"worktrees/old", "modules/old", "modules/src/logs/old", "modules/old/modules/in"}})
}

func TestPlace(t *testing.T) {
	r := newRules()
	for _, tt := range []struct {
		want  Class
		paths string
	}{
		{Free, "ORIG_HEAD.lock MERGE_HEAD MERGE_MSG MERGE_RR.lock FETCH_HEAD SQUASH_MSG COMMIT_EDITMSG TAG_EDITMSG NOTES_EDITMSG BISECT_LOG BISECT_START BISECT_NAMES gc.pid gc.log gc.pid.lock shallow.lock shallow_aB3xYz index.stash.12 index.stash.12.lock next-index-77 next-index-77.lock tAb3dEf ADD_EDIT.patch rebased-patches"},
		{Free, "rebase-merge rebase-merge/done rebase-apply/0001 sequencer sequencer/head lfs lfs/objects/aa/bb/x lfs/tmp info info/refs info/refs_aB3xYz info/sparse-checkout info/sparse-checkout.lock NOTES_MERGE_WORKTREE/x"},
		{Free, "objects objects/pack objects/info objects/aa objects/aa/tmp_obj_aB3xYz objects/pack/tmp_pack_aB3xYz objects/pack/.tmp-12-pack-" + hash1 + ".pack objects/pack/pack-" + hash1 + ".keep objects/tmp_objdir-incoming-aB3xYz/aa/bb objects/maintenance.lock objects/info/commit-graph.lock objects/info/commit-graphs objects/info/commit-graphs/tmp_graph_aB3xYz objects/pack/multi-pack-index.lock"},
		{Free, "HEAD.lock index.lock index.lock.lock config.lock refs/heads/x.lock logs/refs/heads/x.lock packed-refs.lock packed-refs.new config.worktree.lock rebase-merge/git-rebase-todo.lock"},
		{Object, "objects/aa/" + hash1[2:] + " objects/aa/" + hash6[2:] + " objects/pack/pack-" + hash1 + ".pack objects/pack/pack-" + hash6 + ".idx objects/pack/loose-" + hash1 + ".rev objects/pack/pack-" + hash1 + ".bitmap"},
		{Summary, "objects/info/packs objects/info/commit-graph objects/pack/multi-pack-index objects/pack/multi-pack-index-" + hash1 + ".bitmap objects/info/commit-graphs/commit-graph-chain objects/info/commit-graphs/graph-" + hash1 + ".graph"},
		{Head, "HEAD ORIG_HEAD CHERRY_PICK_HEAD REVERT_HEAD REBASE_HEAD AUTO_MERGE BISECT_HEAD BISECT_EXPECTED_REV NOTES_MERGE_REF worktrees/new/HEAD modules/new/HEAD modules/a/b/HEAD"},
		{Ref, "refs refs/heads refs/heads/a/b refs/tags/v1.0 refs/stash refs/notes/commits refs/bisect/bad refs/remotes/origin/HEAD refs/heads/ä=+#,%@x modules/old/refs/heads/x worktrees/new/refs/bisect/bad"},
		{Log, "logs logs/HEAD logs/refs logs/refs/heads/a logs/refs/stash logs/refs/.tmp-renamed-log worktrees/new/logs/HEAD worktrees/old/logs/HEAD"},
		{Index, "index worktrees/new/index modules/old/index modules/old/modules/in/index modules/src/logs/old/index"},
		{SharedIndex, "sharedindex." + hash1 + " sharedindex." + hash6},
		{Todo, "rebase-merge/git-rebase-todo rebase-apply/git-rebase-todo sequencer/todo worktrees/new/rebase-merge/git-rebase-todo"},
		{Options, "rebase-merge/strategy rebase-merge/gpg_sign_opt rebase-apply/apply-opt sequencer/opts worktrees/new/rebase-merge/strategy"},
		{Emptied, "MERGE_RR modules/old/MERGE_RR worktrees/new/MERGE_RR"},
		{ReadOnly, "rebase-merge/Strategy rebase-merge/GIT-rebase-todo sequencer/OPTS rebase-apply/apply-OPT"},
		{Config, "config modules/new/config modules/old/config modules/src/logs/old/config"},
		{WorktreeConfig, "config.worktree worktrees/new/config.worktree"},
		{PackedRefs, "packed-refs modules/old/packed-refs"},
		{CommonDir, "worktrees/new/commondir"},
		{GitDir, "worktrees/new/gitdir"},
		{Free, "worktrees worktrees/new worktrees/new/locked worktrees/new/info/sparse-checkout modules modules/new modules/a/b modules/src modules/new/hooks modules/new/hooks/pre-commit.sample modules/new/description modules/new/info/exclude modules/new/branches rr-cache/" + hash1 + "/preimage rr-cache/" + hash1 + "/postimage.1 worktrees/old/HEAD.lock"},
		{ReadOnly, "hooks hooks/pre-commit hooks/pre-commit.sample hooks.lock hooks/pre-commit.lock info/attributes info/exclude info/grafts objects/info/alternates objects/info/http-alternates objects/info/alternates.lock commondir gitdir remotes remotes/x branches branches/x description reftable reftable/tables.list rr-cache rr-cache/x fsmonitor--daemon.ipc fsmonitor--daemon config.lock.lock.lock .lockstile-probe HEAD2 Head CONFIG .COMMIT_EDITMSG.swp"},
		{ReadOnly, "worktrees/old worktrees/old/HEAD worktrees/old/index worktrees/old/commondir worktrees/old/gitdir worktrees/old/config.worktree worktrees/old/index.lock worktrees/new/objects worktrees/new/objects/aa worktrees/new/config worktrees/new/hooks/x worktrees/new/info/exclude worktrees/.git/HEAD worktrees/new/worktrees/x/HEAD worktrees/new/commondir/x"},
		{ReadOnly, "modules/old/hooks modules/old/hooks/pre-commit.sample modules/new/hooks/pre-commit modules/new/hooks/x/y.sample modules/old/description modules/old/info/exclude modules/new/info/attributes modules/new/commondir modules/new/objects/info/alternates modules/.git/HEAD modules/a/.GIT/HEAD modules/src/HEAD"},
		{ReadOnly, "modules/a/logs/b/config modules/a/logs/refs/heads/config modules/a/lfs/b/config modules/a/lfs/hooks/pre-commit modules/a/lfs/b/HOOKS/x modules/a/refs/hooks/x modules/a/rebase-merge/config modules/a/logs/hooks modules/old/lfs/x/commondir"},
		{ReadOnly, "refs/replace refs/replace/" + hash1 + " logs/refs/replace/x refs/heads/$(id) refs/heads/a;b refs/heads/a`b refs/heads/-x refs/heads/.x refs/heads/a..b refs/heads/x. refs/heads/@{x refs/heads/.git/x refs/heads/a\\b refs/heads/\xff logs/x logs/x/HEAD logs/refs/heads/$(id)"},
		{ReadOnly, "objects/aa/x objects/aaa objects/AA objects/aa/" + hash1 + " objects/pack/x.pack objects/pack/pack-x.pack objects/pack/pack-" + hash1 + ".sh objects/zz objects/info/x objects/tmp_obj_x/y index.x sharedindex.x next-index- tAb3dE rebase-merge/a/b rebase-x sequencer/a/b gc.x BISECT_ BISECT_log _EDITMSG"},
		{ReadOnly, " / .. . a/../HEAD refs/heads/../../config refs//heads refs/heads/ HEAD/ /HEAD HEAD/x config/x index/x"},
	} {
		for path := range strings.SplitSeq(tt.paths, " ") {
			if got := r.Class(path); got != tt.want {
				t.Errorf("%q has the class %d instead of %d", path, got, tt.want)
			}
		}
	}
}

func TestPlaceSaysWhatMayStandThere(t *testing.T) {
	r := newRules()
	for path, want := range map[string]string{
		"HEAD": "file", "config": "file", "objects": "folder", "refs": "folder", "refs/heads": "folder", "logs": "folder", "info": "folder",
		"index": "file", "packed-refs": "file remove", "refs/heads/x": "folder file remove", "logs/HEAD": "file remove",
		"objects/aa": "folder remove", "objects/aa/" + hash1[2:]: "file", "objects/pack/multi-pack-index": "file remove",
		"modules": "folder", "modules/new": "folder remove", "modules/new/HEAD": "file remove", "modules/new/objects/aa/" + hash1[2:]: "file remove",
		"modules/old": "", "modules/old/config": "file", "modules/src": "folder", "modules/old/objects/aa/" + hash1[2:]: "file",
		"worktrees": "folder remove", "worktrees/new": "folder remove", "worktrees/new/HEAD": "file remove", "worktrees/old": "",
		"worktrees/old/logs/HEAD": "file", "worktrees/old/HEAD.lock": "file remove lock",
		"rebase-merge": "folder remove", "rebase-merge/done": "folder file remove", "HEAD.lock": "file remove lock", "hooks": "", "hooks.lock": "",
		"objects/aa/" + hash1[2:] + ".lock": "", "refs/heads.lock": "", "rr-cache/" + hash1: "folder remove",
	} {
		p, got := r.Place(path), []string(nil)
		for _, flag := range []struct {
			is   bool
			name string
		}{{p.Folder, "folder"}, {p.File, "file"}, {p.Remove, "remove"}, {p.Lock, "lock"}} {
			if flag.is {
				got = append(got, flag.name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q may be %q instead of %q", path, got, want)
		}
	}
}

func TestLinkedWorktreeWritesItsOwnAndWhatIsShared(t *testing.T) {
	r := New(Facts{Workspace: "/ws", GitDir: "/repo/.git", HashSize: 20, Own: "worktrees/own", Older: []string{"worktrees/own", "worktrees/old"}})
	for path := range strings.SplitSeq("worktrees/own/HEAD worktrees/own/index worktrees/own/index.lock worktrees/own/logs/HEAD worktrees/own/ORIG_HEAD worktrees/own/rebase-merge/done worktrees/own/refs/bisect/bad worktrees/own/modules/x/HEAD worktrees/own/config.worktree worktrees/own/info/sparse-checkout refs/heads/x logs/refs/heads/x logs/refs/stash objects/aa objects/pack packed-refs packed-refs.lock packed-refs.new", " ") {
		if r.Class(path) == ReadOnly {
			t.Errorf("%s is refused", path)
		}
	}
	for path := range strings.SplitSeq("HEAD HEAD.lock index config config.lock config.worktree logs/HEAD refs/bisect/bad refs/worktree/x FETCH_HEAD MERGE_MSG rebase-merge/done rebase-merge sequencer lfs info info/sparse-checkout shallow gc.pid modules/x/HEAD modules worktrees worktrees/new worktrees/new/HEAD worktrees/old/HEAD worktrees/own/commondir worktrees/own/gitdir worktrees/own/locked worktrees/own/config worktrees/own/objects/aa hooks", " ") {
		if p := r.Place(path); p != (Place{}) {
			t.Errorf("%s is allowed: %+v", path, p)
		}
	}
	if r.Place("worktrees/own").Remove || r.Place("worktrees/own/HEAD").Remove {
		t.Error("the workspace's own HEAD can be removed")
	}
}

func TestMayRename(t *testing.T) {
	r := newRules()
	final := "objects/aa/" + hash1[2:]
	for _, tt := range []struct {
		from, to string
		want     bool
	}{
		{"index.lock", "index", true}, {"HEAD.lock", "HEAD", true}, {"objects/aa/tmp_obj_aB3xYz", final, true}, {"logs/refs/heads/a", "logs/refs/.tmp-renamed-log", true},
		{"packed-refs.new", "packed-refs", true}, {"config.lock", "config", true},
		{"HEAD", "HEAD.lock", false}, {"config", "MERGE_MSG", false}, {final, "MERGE_MSG", false}, {"MERGE_MSG", "hooks/x", false}, {"hooks/x", "MERGE_MSG", false},
		{"worktrees/old/HEAD.lock", "worktrees/old/HEAD", false}, {"MERGE_MSG", "refs", false}, {"info", "lfs", false},
	} {
		if got := r.MayRename(tt.from, tt.to); got != tt.want {
			t.Errorf("a rename of %s to %s: %v", tt.from, tt.to, got)
		}
	}
	if !r.MayRenameFolder("objects/tmp_objdir-x/a", "objects/tmp_objdir-x/b") || r.MayRenameFolder("lfs/a", "lfs/b") || r.MayRenameFolder("objects/aa", "objects/tmp_objdir-x") {
		t.Error("folders are renamed elsewhere than on the way to objects")
	}
	if !r.MayLink("objects/aa/tmp_obj_aB3xYz", final) || !r.MayLink("modules/new/objects/pack/tmp_pack_aB3xYz", "modules/new/objects/pack/pack-"+hash1+".pack") {
		t.Error("an object can't be linked to its final name")
	}
	if r.MayLink("MERGE_MSG", final) || r.MayLink(final, "objects/aa/tmp_obj_aB3xYz") || r.MayLink("objects/aa/tmp_obj_aB3xYz", "MERGE_MSG") || r.MayLink("hooks/x", final) {
		t.Error("a file gets a second name elsewhere")
	}
}

// mayHoldHooks are folders in which git never looks for hooks.
var mayHoldHooks = map[string]bool{"refs": true, "logs": true, "lfs": true, "objects": true, "NOTES_MERGE_WORKTREE": true, "worktrees": true}

// FuzzPlace asks for the promises of the package about any path.
func FuzzPlace(f *testing.F) {
	for _, path := range []string{"HEAD.lock", "modules/a/b/hooks/x", "worktrees/n/modules/a/config", "refs/heads/x", "objects/pack/pack-" + hash1 + ".idx", "modules/a/modules/b/worktrees/c/logs/HEAD", "lfs/../hooks"} {
		f.Add(path)
	}
	r := newRules()
	f.Fuzz(func(t *testing.T, path string) {
		p := r.Place(path)
		if p.Class == ReadOnly && p != (Place{}) {
			t.Errorf("%q is read-only, and yet %+v", path, p)
		}
		if p == (Place{}) {
			return
		}
		parts := strings.Split(path, "/")
		for i, part := range parts {
			if part == "" || part == "." || part == ".." {
				t.Errorf("%q is allowed", path)
			}
			hook := part == "hooks" && i < len(parts)-1 && p.File && (i == 0 || parts[i-1] != "modules")
			if hook && !mayHoldHooks[parts[0]] && !strings.HasSuffix(path, ".sample") && !p.Lock {
				t.Errorf("%q is allowed, in a folder of hooks", path)
			}
		}
		if err := r.Check(path, []byte("x"), nil); err == nil && p.Class.Checked() && p.Class != Todo {
			t.Errorf("%q may have any content", path)
		}
	})
}

func BenchmarkPlace(b *testing.B) {
	r := newRules()
	for _, path := range []string{"HEAD", "index.lock", "objects/aa/" + hash1[2:], "refs/heads/main", "logs/refs/heads/main.lock", "modules/old/index"} {
		b.Run(path[:4], func(b *testing.B) {
			for b.Loop() {
				r.Place(path)
			}
		})
	}
}
