package gitconf

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// usualHome makes a home with the configurations of a developer and of a repository.
func usualHome(t testing.TB) (home string) {
	home = t.TempDir()
	var text strings.Builder
	text.WriteString("[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n\thooksPath = tools/hooks\n[remote \"origin\"]\n\turl = git@github.com:a/b.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n")
	for i := range 20 {
		fmt.Fprintf(&text, "[branch \"topic-%d\"]\n\tremote = origin\n\tmerge = refs/heads/topic-%d\n", i, i)
	}
	write(t, home+"/ws/.git/config", text.String())
	write(t, home+"/ws/.git/config.worktree", "[core]\n\tsparseCheckout = true\n")
	write(t, home+"/.gitconfig", "[user]\n\tname = A B\n\temail = a@b\n[includeIf \"gitdir:~/w/\"]\n\tpath = .work\n[alias]\n\tst = status -sb\n\tlg = log --graph --oneline\n\tx = !sh tools/x.sh\n[core]\n\teditor = vim\n\tpager = less -R\n[filter \"lfs\"]\n\tclean = git-lfs clean -- %f\n\tsmudge = git-lfs smudge -- %f\n\tprocess = git-lfs filter-process\n\trequired = true\n[credential]\n\thelper = cache\n")
	write(t, home+"/.work", "[user]\n\temail = x@y\n")
	write(t, home+"/.config/git/config", "[init]\n\tdefaultBranch = main\n")
	return home
}

// BenchmarkLoad reads the files of the system, of the user and of a repository, and looks for
// what they lead to.
func BenchmarkLoad(b *testing.B) {
	home := usualHome(b)
	tree, gitDir := home+"/ws", home+"/ws/.git"
	files, leads := 0, 0
	for b.Loop() {
		files, leads = 0, 0
		l := Loader{Home: home, Lookup: os.LookupEnv}
		for _, start := range append(l.Files(), gitDir+"/config", gitDir+"/config.worktree") {
			for _, f := range l.Load(start) {
				files++
				for _, lead := range f.Leads() {
					paths, _ := l.Paths(lead, tree, gitDir)
					leads += len(paths)
				}
			}
		}
	}
	b.ReportMetric(float64(files), "files")
	b.ReportMetric(float64(leads), "paths")
}

func BenchmarkParse(b *testing.B) {
	text, err := os.ReadFile(usualHome(b) + "/ws/.git/config")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
