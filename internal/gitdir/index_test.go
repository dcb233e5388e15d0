//go:build unix

package gitdir

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const fileMode = 0o100644

// makeIndex writes an index of version 2 or 3.
func makeIndex(version uint32, items []item, extensions ...string) []byte {
	b := binary.BigEndian.AppendUint32([]byte("DIRC"), version)
	b = binary.BigEndian.AppendUint32(b, uint32(len(items)))
	for _, it := range items {
		start := len(b)
		b = append(b, make([]byte, 24)...)
		b = binary.BigEndian.AppendUint32(b, it.mode)
		b = append(b, make([]byte, 12)...)
		b = append(append(b, make([]byte, 20-len(it.hash))...), it.hash...)
		b = binary.BigEndian.AppendUint16(b, uint16(min(len(it.name), flagNameLength)))
		b = append(append(b, it.name...), 0)
		b = append(b, make([]byte, (8-(len(b)-start)%8)%8)...)
	}
	for _, e := range extensions {
		b = append(b, e[:4]...)
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(e)-4)), e[4:]...)
	}
	sum := sha1.Sum(b)
	return append(b, sum[:]...)
}

func files(names ...string) (items []item) {
	for _, name := range names {
		items = append(items, item{name: name, mode: fileMode})
	}
	return items
}

func TestIndexNames(t *testing.T) {
	for _, name := range []string{"a", "a/b", "a/.gitignore", ".github/x", "a b", "ä", strings.Repeat("x", 5000), "git", "a\nb", ".gitattributes", "sub/.bashrc", "x~1", "c:x"} {
		expect(t, "index", string(makeIndex(2, files(name))), "", "")
	}
	for _, name := range []string{".git/hooks/x", ".GIT/x", "a/.git", "../x", "/x", "a//b", "a/../b", "./a", ".", "..", "a/", ".git", ".g\u200cit/config", "git~1/x", ".git./x", ".git /x", ".git::$INDEX_ALLOCATION/x", `a\..\b`, `.git\config`, `\x`, "a/."} {
		expect(t, "index", string(makeIndex(2, files(name))), "", "has the name")
	}
	for _, name := range []string{".envrc", "a/.envrc", ".husky/x", ".vscode/tasks.json", ".bashrc", ".MCP.json"} {
		expect(t, "index", string(makeIndex(2, files(name))), "", "protected name")
	}
	expect(t, "modules/old/index", string(makeIndex(2, files(".bashrc", ".gitmodules"))), "", "")
	expect(t, "modules/old/index", string(makeIndex(2, files(".envrc"))), "", "protected name")
	expect(t, "index", string(makeIndex(2, files(""))), "", "no name")
}

func TestIndexModesAndLinks(t *testing.T) {
	link := item{name: "l", mode: modeLink}
	expect(t, "index", string(makeIndex(2, []item{link})), "", "")
	expect(t, "index", string(makeIndex(2, append(files("l/x"), link))), "", "below a link")
	expect(t, "index", string(makeIndex(2, append(files("L/x/y"), link))), "", "below a link")
	expect(t, "index", string(makeIndex(2, append(files("s/x"), item{name: "s", mode: modeGitLink}))), "", "below a link")
	expect(t, "index", string(makeIndex(3, []item{{name: "d/", mode: modeFolder}}, "sdir")), "", "")
	expect(t, "index", string(makeIndex(3, []item{{name: "d", mode: modeFolder}}, "sdir")), "", "folder")
	expect(t, "index", string(makeIndex(3, []item{{name: ".vscode/", mode: modeFolder}}, "sdir")), "", "protected name")
	expect(t, "index", string(makeIndex(2, []item{{name: "x", mode: 0o010644}})), "", "mode")
	expect(t, "index", string(makeIndex(2, []item{{name: "x", mode: 0}})), "", "mode")
}

func TestIndexThatCannotBeRead(t *testing.T) {
	good := makeIndex(2, files("a", "b"))
	set := func(at int, value byte) string {
		b := bytes.Clone(good)
		b[at] = value
		return string(b)
	}
	expect(t, "index", "", "", "no index")
	expect(t, "index", "DIRC", "", "no index")
	expect(t, "index", set(0, 'X'), "", "no index")
	expect(t, "index", set(7, 5), "", "version 5")
	expect(t, "index", set(7, 1), "", "version 1")
	expect(t, "index", set(11, 3), "", "too early")
	expect(t, "index", set(8, 0xff), "", "too early")
	expect(t, "index", set(12+60, 0x40), "", "unknown flags")
	expect(t, "index", set(12+61, 2), "", "another length")
	expect(t, "index", string(good[:len(good)-1]), "", "ends too early")
	expect(t, "index", string(makeIndex(2, files("a"), "XXXX", "abcd")), "", "unknown extension")
	expect(t, "index", string(makeIndex(2, files("a"), "XXXX", "XXXX")), "", "twice")
	expect(t, "index", string(makeIndex(2, files("a"), "REUCx")), "", "too early")
	expect(t, "index", string(makeIndex(2, files("a"), "REUC.envrc\x00100644\x000\x000\x00"+hash1[:20])), "", "protected name")
	expect(t, "index", string(makeIndex(2, files("a"), "REUCa\x00100644\x000\x000\x00"+hash1[:20])), "", "")
	if New(Facts{HashSize: 32}).Check("index", good, nil) == nil || New(Facts{}).Check("index", good, nil) == nil {
		t.Error("an index with other hashes is read")
	}
}

// TestIndexWithLongNames checks that a small index can't have us keep much, or work long.
func TestIndexWithLongNames(t *testing.T) {
	small := func(first string, others int) string {
		b := binary.BigEndian.AppendUint32([]byte("DIRC"), 4)
		b = binary.BigEndian.AppendUint32(b, uint32(others+1))
		for i := range others + 1 {
			name := first
			if i > 0 {
				name = "\x01b" // one byte less than the name before, and a byte
			}
			b = append(b, make([]byte, 24)...)
			b = binary.BigEndian.AppendUint32(b, fileMode)
			b = append(b, make([]byte, 32)...)
			b = binary.BigEndian.AppendUint16(b, uint16(min(len(first), flagNameLength)))
			if i == 0 {
				b = append(b, 0)
			}
			b = append(append(b, name...), 0)
		}
		sum := sha1.Sum(b)
		return string(append(b, sum[:]...))
	}
	expect(t, "index", small("a/b", 10), "", "")
	expect(t, "index", small(strings.Repeat("a/", mostName)+"a", 0), "", "too long")
	expect(t, "index", small(strings.Repeat("a", mostName), mostNames/mostName), "", "too long together")
}

func TestKnownEntriesStay(t *testing.T) {
	r := newRules()
	known := item{".envrc", fileMode, []byte("12345678901234567890")}
	if err := r.Know("index", makeIndex(2, append(files("a"), known))); err != nil {
		t.Fatal(err)
	}
	other, linked := known, known
	other.hash, linked.mode = []byte("x2345678901234567890"), modeLink
	for _, tt := range []struct {
		path string
		it   item
		want bool
	}{{"index", known, true}, {"index", other, false}, {"index", linked, false}, {"modules/old/index", known, false}, {"worktrees/new/index", known, false}} {
		if err := r.Check(tt.path, makeIndex(2, []item{tt.it}), nil); (err == nil) != tt.want {
			t.Errorf("%s with %v: %v", tt.path, tt.it, err)
		}
	}
}

// bitmap writes the positions, all below 64, as git does.
func bitmap(positions ...int) string {
	if len(positions) == 0 {
		return "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	}
	var bits uint64
	for _, at := range positions {
		bits |= 1 << at
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(slices.Max(positions)+1))
	b = binary.BigEndian.AppendUint32(b, 2)
	b = binary.BigEndian.AppendUint64(b, 1<<33) // one word follows
	b = binary.BigEndian.AppendUint64(b, bits)
	return string(binary.BigEndian.AppendUint32(b, 0))
}

func TestSplitIndex(t *testing.T) {
	shared := makeIndex(2, append(files(".envrc", "a", "b/c"), item{name: "l", mode: modeLink}))
	r := New(Facts{Workspace: "/ws", GitDir: "/ws/.git", HashSize: 20, Shared: func(path string) []byte {
		if path == "sharedindex."+hash1 {
			return shared
		}
		return nil
	}})
	if err := r.Know("sharedindex."+hash1, shared); err != nil {
		t.Fatal(err)
	}
	base := "link" + strings.Repeat("\x11", 20)
	nobody, zero, garbage := "link"+strings.Repeat("\x22", 20), "link"+strings.Repeat("\x00", 20), "\x00\x00\x00\x02\x00\x00\x00\x01"
	changed := item{mode: fileMode, hash: []byte("12345678901234567890")}
	for i, tt := range []struct {
		items  []item
		link   string
		reason string
	}{
		{files("", "c"), base + bitmap() + bitmap(1), ""},
		{files("c"), base + bitmap(0, 1) + bitmap(), ""},
		{files("c"), base, ""},
		{files("c"), zero, ""},
		{files("l/x"), base + bitmap(3) + bitmap(), ""},
		{[]item{{mode: modeLink}}, base + bitmap() + bitmap(1), ""},
		{[]item{changed}, base + bitmap() + bitmap(1), ""},
		{[]item{changed}, base + bitmap() + bitmap(0), "protected name"},
		{[]item{{mode: modeLink}, {name: "b/c/d", mode: fileMode}}, base + bitmap() + bitmap(2), "below a link"},
		{files("l/x"), base, "below a link"},
		{files("", "c"), zero, "no name"},
		{files("", "c"), "sdir", "no name"},
		{files("c"), nobody, "shared index"},
		{files("c", ""), base + bitmap() + bitmap(1), "no entry"},
		{files(""), base + bitmap() + bitmap(1, 2), "no entry"},
		{files("", ""), base + bitmap() + bitmap(1), "no name"},
		{files(""), base + bitmap() + bitmap(4), "no entry"},
		{files(""), base + bitmap(1) + bitmap(1), "no entry"},
		{files("c"), base + bitmap() + bitmap() + "x", "bitmap"},
		{files("c"), base + bitmap(), "bitmap"},
		{files("c"), base + garbage + "\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00" + bitmap(), "bitmap"},
		{files("c"), base + garbage, "bitmap"},
		{files("c"), "linkx", "too early"},
	} {
		err := r.Check("index", makeIndex(2, tt.items, tt.link), nil)
		if (err == nil) != (tt.reason == "") || err != nil && !strings.Contains(err.Error(), tt.reason) {
			t.Errorf("%d: %v instead of %q", i, err, tt.reason)
		}
	}
	expect(t, "sharedindex."+hash1, string(makeIndex(2, files("a"))), "", "")
	expect(t, "sharedindex."+hash1, string(shared), "", "protected name")
	expect(t, "sharedindex."+hash1, string(makeIndex(2, files("a"), "TREEx")), "", "extensions")
	expect(t, "sharedindex."+hash1, string(makeIndex(2, files("a"), base)), "", "extensions")
	expect(t, "sharedindex."+hash1, string(makeIndex(2, files(""))), "", "no name")
	expect(t, "index", string(makeIndex(2, files("a"), base)), "", "needs a shared index")
}

func TestNormalIndex(t *testing.T) {
	full := makeIndex(2, files("a"), "TREEx", "IEOTx", "sdir", "FSMNy", "UNTRz", "EOIEz", "XXXX1")
	if got := NormalIndex(full, 20); !bytes.Equal(got, makeIndex(2, files("a"), "sdir")) {
		t.Errorf("%q", got)
	}
	wrong := makeIndex(2, files("a"))
	wrong[len(wrong)-1]++
	if got := NormalIndex(wrong, 20); !bytes.Equal(got, makeIndex(2, files("a"))) {
		t.Errorf("the checksum stays: %q", got)
	}
	if NormalIndex([]byte("x"), 20) != nil || NormalIndex(full, 32) != nil {
		t.Error("what can't be read is written")
	}
}

// indexSeed is an index of git, with the repository.
type indexSeed struct {
	name    string
	content []byte
}

// kinds are ways to make git write an index.
var kinds = map[string]string{
	"version 2":    "true",
	"version 3":    "touch ita; git add -N ita; git update-index --skip-worktree sub/b",
	"version 4":    "git update-index --index-version 4",
	"split":        "git update-index --split-index; echo 9 >>a; git add a; echo n >new; git add new",
	"sparse":       "git sparse-checkout set --sparse-index; git status",
	"extensions":   "git update-index --untracked-cache; git -c index.threads=2 -c core.fsmonitor=false status; git write-tree",
	"conflict":     "git checkout -qb o HEAD~1; echo z >>a; git commit -qam z; git merge main || true",
	"resolved":     "git checkout -qb o HEAD~1; echo z >>a; git commit -qam z; git merge main || true; git add a",
	"four threads": "git -c index.threads=4 update-index --force-write-index; git update-index --index-version 4",
}

// realIndexes returns an index of each kind, and its repository.
func realIndexes(t testing.TB, format string) map[string]indexSeed {
	t.Helper()
	seeds := map[string]indexSeed{}
	for kind, line := range kinds {
		dir := newRepository(t, "--object-format="+format)
		shell(t, dir, line)
		seeds[kind] = indexSeed{dir, read(t, dir+"/.git/index")}
	}
	return seeds
}

// askGit compares the names of an allowed index with git's list of the same index.
func askGit(t testing.TB, dir string, content []byte, hash int) (accepted bool) {
	t.Helper()
	gitDir := dir + "/.git"
	r := New(Facts{Workspace: dir, GitDir: gitDir, HashSize: hash, Shared: func(path string) []byte {
		shared, _ := os.ReadFile(gitDir + "/" + path)
		return shared
	}})
	if r.Check("index", content, nil) != nil {
		return false
	}
	normal := NormalIndex(content, hash)
	if normal == nil {
		t.Fatalf("an allowed index can't be written: %q", content)
	}
	if r.Check("index", normal, nil) != nil || !bytes.Equal(NormalIndex(normal, hash), normal) {
		t.Fatalf("a written index is not allowed: %q", content)
	}
	if err := os.WriteFile(gitDir+"/index", normal, 0o600); err != nil {
		t.Fatal(err)
	}
	out, ok := git(t, dir, "ls-files", "-s", "-z", "--sparse")
	if !ok {
		return true // git does not read the index at all
	}
	ix, err := readIndex(content, hash)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	items, err := r.whole(area{}, ix)
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		known[it.name] = true
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		_, name, _ := strings.Cut(line, "\t")
		if line != "" && (!known[name] && !isInFolder(known, name) || leadsAway(name)) {
			t.Errorf("git reads the name %q from %q", name, content)
		}
	}
	return true
}

// isInFolder reports whether git found a name in a folder of a sparse index.
func isInFolder(known map[string]bool, name string) bool {
	for i := range name {
		if name[i] == '/' && known[name[:i+1]] {
			return true
		}
	}
	return false
}

// leadsAway reports in the simplest way whether a name must never be in an index.
func leadsAway(name string) bool {
	folded := strings.ToLower(name)
	return name == "" || strings.HasPrefix(name, "/") || strings.Contains("/"+name+"/", "/../") || strings.HasPrefix(folded, ".git/") || strings.Contains(folded, "/.git/") ||
		strings.Contains("/"+folded+"/", "/.envrc/") || strings.Contains("/"+folded+"/", "/.husky/")
}

func TestRealIndexesAreAllowed(t *testing.T) {
	t.Parallel()
	for format, hash := range map[string]int{"sha1": 20, "sha256": 32} {
		for kind, seed := range realIndexes(t, format) {
			if !askGit(t, seed.name, seed.content, hash) {
				t.Errorf("the index %s of %s is refused", kind, format)
			}
			if askGit(t, seed.name, seed.content, 52-hash) {
				t.Errorf("the index %s of %s is read with other hashes", kind, format)
			}
			shell(t, seed.name, "git status && git fsck --no-dangling && git ls-files --resolve-undo")
		}
	}
}

func TestMutatedIndexes(t *testing.T) {
	t.Parallel()
	for format, hash := range map[string]int{"sha1": 20, "sha256": 32} {
		for kind, seed := range realIndexes(t, format) {
			m, accepted := newMutator(format+kind), 0
			for range 400 {
				if accepted < 20 && askGit(t, seed.name, m.mutate(seed.content), hash) {
					accepted++
				}
			}
			if accepted < 10 {
				t.Errorf("only %d mutated indexes %s were allowed: git was hardly asked", accepted, kind)
			}
		}
	}
}

func FuzzIndex(f *testing.F) {
	dirs := map[bool]string{}
	for long, format := range map[bool]string{false: "sha1", true: "sha256"} {
		dir := newRepository(f, "--object-format="+format)
		dirs[long] = dir
		for _, seed := range realIndexes(f, format) {
			f.Add(seed.content, long)
			shared, err := filepath.Glob(seed.name + "/.git/sharedindex.*")
			if err != nil {
				f.Fatal(err)
			}
			for _, from := range shared {
				if err := os.WriteFile(dir+"/.git/"+filepath.Base(from), read(f, from), 0o600); err != nil {
					f.Fatal(err)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, content []byte, long bool) {
		hash := 20
		if long {
			hash = 32
		}
		askGit(t, dirs[long], content, hash)
	})
}
