//go:build unix

package gitconf

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// gitPath returns the installed git.
func gitPath(t testing.TB) string {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed")
	}
	return git
}

// runGit runs git in a folder without the machine's configuration.
func runGit(t testing.TB, dir string, more []string, args ...string) (stdout, stderr string, ok bool) {
	t.Helper()
	bound, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(bound, gitPath(t), args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_CONFIG_HOME=" + dir + "/none", "GIT_CONFIG_NOSYSTEM=1", "GIT_CEILING_DIRECTORIES=" + filepath.Dir(dir), "LC_ALL=C"}, more...)
	err := cmd.Run()
	return out.String(), errs.String(), err == nil
}

// readsOld reports whether the installed git reads white space within values as before 2.45.
func readsOld(t testing.TB, dir string) bool {
	t.Helper()
	out, _, ok := runGit(t, dir, []string{"GIT_CONFIG_GLOBAL=" + dir + "/white"}, "config", "a.k")
	if !ok || out != "x\ty\n" && out != "x y\n" {
		t.Fatalf("git reads %q", out)
	}
	return out == "x y\n"
}

// newDir makes a folder, and finds out how git reads there.
func newDir(t testing.TB) (dir string, old bool) {
	t.Helper()
	gitPath(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/white", "[a]\nk = x\ty\n")
	return dir, readsOld(t, dir)
}

// asGit writes entries as "git config --list -z" does.
func asGit(entries []Entry, old bool) string {
	var out strings.Builder
	for _, e := range entries {
		out.WriteString(e.Key)
		if !e.Bare {
			value := e.Value
			if old && e.Old != "" {
				value = e.Old
			}
			out.WriteString("\n" + value)
		}
		out.WriteByte(0)
	}
	return out.String()
}

// fewest is the fewest comparisons that a test makes, however slow the machine is.
const fewest = 80

// random gives each test a source of its own, and how long to use it: longer with
// LOCKSTILE_TEST_FUZZ, as in LOCKSTILE_TEST_FUZZ=10m.
func random(t *testing.T) (r *rand.Rand, end time.Time) {
	seed, long := uint64(1), 700*time.Millisecond
	if text := os.Getenv("LOCKSTILE_TEST_FUZZ"); text != "" {
		var err error
		if long, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0)), time.Now().Add(long)
}

// outcomes counts what came of comparisons.
type outcomes struct{ same, refused, skipped int }

func (o outcomes) report(t *testing.T) {
	t.Helper()
	t.Logf("%d read the same, %d refused by both, %d not comparable", o.same, o.refused, o.skipped)
	if o.same < 10 || o.refused < 2 {
		t.Errorf("git was hardly asked")
	}
}

// blankKey matches what git since 2.52 says of a key with white space around.
var blankKey = regexp.MustCompile(`error: invalid key: ([ \t\r\n]|.*[ \t\r]\n|.*\n\n|.*\n[ \t\r])`)

var badLine = regexp.MustCompile(`bad config line (\d+) in file`)

// compareFile compares what Parse and git read, up to the line that git can't read.
func compareFile(t testing.TB, dir string, old bool, content []byte, o *outcomes) {
	t.Helper()
	entries, err := Parse(content)
	if bytes.IndexByte(content, 0) >= 0 || len(content) > mostBytes {
		if err == nil {
			t.Errorf("%.200q is read", content)
		}
		o.skipped++
		return
	}
	file := dir + "/config"
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, ok := runGit(t, dir, nil, "config", "--file", file, "--list", "-z")
	if got := asGit(entries, old); got != out || (err == nil) != ok {
		t.Errorf("%q:\n got %q, %v\ngit %q, %s", content, got, err, out, errs)
	}
	if err == nil {
		o.same++
		return
	}
	o.refused++
	if m := badLine.FindStringSubmatch(errs); m == nil || !strings.HasPrefix(err.Error(), "line "+m[1]+":") {
		t.Errorf("%q: got %v, git %s", content, err, errs)
	}
}

func TestRandomFiles(t *testing.T) {
	t.Parallel()
	dir, old := newDir(t)
	r, end := random(t)
	var o outcomes
	for n := 0; !t.Failed() && (n < fewest || time.Now().Before(end)); n++ {
		compareFile(t, dir, old, randomFile(r), &o)
	}
	o.report(t)
}

func FuzzFile(f *testing.F) {
	dir, old := newDir(f)
	for seed := range uint64(20) {
		f.Add(randomFile(rand.New(rand.NewPCG(seed, 1))))
	}
	f.Fuzz(func(t *testing.T, content []byte) { compareFile(t, dir, old, content, &outcomes{}) })
}

// forest is a folder with files that include each other.
type forest struct {
	dir string
	old bool
}

// forestFiles are the files of a forest.
var forestFiles = []string{"c0", "c1", "sub/c2", "sub/deep/c3", "c4"}

func newForest(t testing.TB) forest {
	dir, old := newDir(t)
	for _, file := range forestFiles {
		write(t, dir+"/"+file, "")
	}
	if _, errs, ok := runGit(t, dir, nil, "init", "-q"); !ok {
		t.Fatal(errs)
	}
	if err := os.Symlink("sub/deep", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	return forest{dir, old}
}

// flatten returns the entries of a file in git's order, with those of includes whose
// condition is true. git ends at the first error.
func (f forest) flatten(l *Loader, files map[string]*File, path string, depth int) (entries []Entry, ok bool) {
	file := files[path]
	if file == nil || file.Absent {
		return nil, file != nil
	}
	if depth > deepest {
		return nil, false
	}
	for _, e := range file.Entries {
		entries = append(entries, e)
		if e.Key != "include.path" && e.Key != "includeif.gitdir:**.path" {
			continue
		}
		if f.old && e.Old != "" {
			e.Value = e.Old
		}
		paths, known := l.Expand(e.Value)
		if !known || e.Bare {
			return entries, false
		}
		to := paths[0]
		if !strings.HasPrefix(to, "/") {
			to = path[:strings.LastIndexByte(path, '/')+1] + to
		}
		more, ok := f.flatten(l, files, to, depth+1)
		entries = append(entries, more...)
		if !ok {
			return entries, false
		}
	}
	return entries, file.Err == nil || isIncludeError(file.Err)
}

// hasOtherCondition reports whether an entry has a condition of which flatten doesn't know
// whether the condition is true.
func hasOtherCondition(e Entry) bool {
	return isInclude(e.Key) && e.Key != "include.path" && e.Key != "includeif.gitdir:**.path" && e.Key != "includeif.gitdir:/nowhere/.path"
}

// isIncludeError reports whether a file was read, but names another that can't be found.
func isIncludeError(err error) bool { return strings.Contains(err.Error(), "includeif") }

func (f forest) compare(t testing.TB, texts []string, o *outcomes) {
	t.Helper()
	for i, text := range texts {
		if strings.ContainsRune(text, 0) || strings.Contains(text, "%(") {
			o.skipped++
			return
		}
		if err := os.WriteFile(f.dir+"/"+forestFiles[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, files := Loader{Home: f.dir}, map[string]*File{}
	for _, file := range l.Load(f.dir + "/c0") {
		files[file.Path] = file
		if slices.ContainsFunc(file.Entries, hasOtherCondition) {
			o.skipped++
			return
		}
	}
	entries, ok := f.flatten(&l, files, f.dir+"/c0", 0)
	out, errs, gitOK := runGit(t, f.dir, nil, "config", "--file", f.dir+"/c0", "--includes", "--list", "-z")
	switch got := asGit(entries, f.old); {
	case got != out || ok != gitOK:
		t.Errorf("%q:\n got %q, %v\ngit %q, %s", texts, got, ok, out, errs)
	case ok:
		o.same++
	default:
		o.refused++
	}
}

func TestRandomForests(t *testing.T) {
	t.Parallel()
	f := newForest(t)
	r, end := random(t)
	var o outcomes
	for n := 0; !t.Failed() && (n < fewest || time.Now().Before(end)); n++ {
		f.compare(t, randomForest(r, f.dir), &o)
	}
	o.report(t)
}

func FuzzForest(f *testing.F) {
	trees := newForest(f)
	for seed := range uint64(20) {
		s := randomForest(rand.New(rand.NewPCG(seed, 1)), "")
		f.Add(s[0], s[1], s[2], s[3], s[4])
	}
	f.Fuzz(func(t *testing.T, c0, c1, c2, c3, c4 string) {
		trees.compare(t, []string{c0, c1, c2, c3, c4}, &outcomes{})
	})
}

// compareEnvironment compares what git reads from GIT_CONFIG_PARAMETERS and
// GIT_CONFIG_COUNT.
func compareEnvironment(t testing.TB, dir string, variables []string, o *outcomes) {
	t.Helper()
	if s := strings.ToLower(strings.Join(variables, " ")); strings.ContainsRune(s, 0) || strings.Contains(s, "trace2") || strings.Contains(s, "safe.") {
		o.skipped++
		return
	}
	l := Loader{Home: dir, Lookup: func(name string) (string, bool) {
		for _, v := range variables {
			if rest, ok := strings.CutPrefix(v, name+"="); ok {
				return rest, true
			}
		}
		return "", false
	}}
	files := l.Environment()
	out, errs, ok := runGit(t, dir, append(variables, "GIT_CONFIG_GLOBAL=/dev/null"), "config", "--list", "-z")
	switch got := asGit(files[0].Entries, false); {
	case files[0].Err == nil && blankKey.MatchString(errs):
		o.skipped++ // git before 2.52 takes the white space away
	case files[0].Err == nil && ok && got != out, (files[0].Err == nil) != ok:
		t.Errorf("%q:\n got %q, %v\ngit %q, %s", variables, got, files[0].Err, out, errs)
	case ok:
		o.same++
	default:
		o.refused++
	}
}

func TestRandomEnvironments(t *testing.T) {
	t.Parallel()
	dir, _ := newDir(t)
	r, end := random(t)
	var o outcomes
	for n := 0; !t.Failed() && (n < fewest || time.Now().Before(end)); n++ {
		compareEnvironment(t, dir, randomEnvironment(r), &o)
	}
	o.report(t)
}

func FuzzParameters(f *testing.F) {
	dir, _ := newDir(f)
	for seed := range uint64(20) {
		f.Add(randomParameters(rand.New(rand.NewPCG(seed, 1))))
	}
	f.Fuzz(func(t *testing.T, text string) {
		compareEnvironment(t, dir, []string{"GIT_CONFIG_PARAMETERS=" + text}, &outcomes{})
	})
}

// TestParametersOfGit reads what git itself writes into the variable.
func TestParametersOfGit(t *testing.T) {
	t.Parallel()
	dir, _ := newDir(t)
	for _, c := range []struct{ arg, want string }{
		{"a.b=c", "a.b=c"},
		{"A.x Y.B=it's \\ \"!\" =\n", "a.x Y.b=it's \\ \"!\" =\n"},
		{"a.b", "a.b"},
		{"a.b=", "a.b="},
	} {
		out, errs, ok := runGit(t, dir, nil, "-c", c.arg, "-c", "alias.shown=!printenv GIT_CONFIG_PARAMETERS", "shown")
		if !ok {
			t.Fatal(errs)
		}
		entries, err := parameters(strings.TrimSuffix(out, "\n"))
		if got := shown(entries); err != nil || got != c.want+"|alias.shown=!printenv GIT_CONFIG_PARAMETERS" {
			t.Errorf("%q: got %q, %v from %q", c.arg, got, err, out)
		}
	}
}
