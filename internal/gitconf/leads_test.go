package gitconf

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// leadsOf returns what a configuration in /h/sub/config leads to.
func leadsOf(t testing.TB, text string) []Lead {
	t.Helper()
	entries, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return new(Loader).understand(&loaded{File: File{Path: "/h/sub/config", Entries: entries}}).Leads()
}

func TestLeads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		kind  Kind
		shape Shape
		want  []string // paths that must be among the leads
		not   []string
	}{
		{"[core]\nhooksPath = tools/\\\nhooks # c", Path, FolderOfHooks, []string{"tools/hooks"}, nil},
		{"[core]\nhooksPath = :(optional)hooks", Path, FolderOfHooks, []string{"hooks", ":(optional)hooks"}, nil},
		{"[core]\nhooksPath = a\tb", Path, FolderOfHooks, []string{"a\tb", "a b"}, nil},
		{"[init]\ntemplateDir = ~/t", Path, Folder, []string{"~/t"}, nil},
		{"[core]\nattributesFile = \"a b\"", Path, Anything, []string{"a b"}, []string{"a", "b"}},
		{"[core]\nhooksPath", Path, FolderOfHooks, nil, []string{"true", ""}},
		{"[core]\nhooksPath =", Path, FolderOfHooks, nil, []string{""}},
		{"[core]\nworktree = ../w", Path, Folder, []string{"../w"}, nil},
		{"[includeIf \"onbranch:x\"]\npath = ../inc", Path, Anything, []string{"../inc"}, nil},
		{"[user]\nsigningKey = ABCD", Path, RegularFile, []string{"ABCD"}, nil},
		{"[extensions]\nrefStorage = reftable://../r", Path, Folder, []string{"../r"}, nil},
		{"[extensions]\nrefStorage = reftable", Path, Folder, nil, []string{"reftable"}},
		{"[gpg]\nprogram = tools/my gpg", Program, RegularFile, []string{"tools/my gpg"}, []string{"tools/my"}},
		{"[core]\nfsmonitor = true", Command, RegularFile, nil, []string{"true"}},
		{"[core]\nfsmonitor = Yes\n[pager]\nlog = OFF\nx = 1", Command, RegularFile, nil, []string{"Yes", "OFF", "1"}},
		{"[core]\nfsmonitor = ./mon", Command, RegularFile, []string{"./mon"}, nil},
		{"[core]\neditor = code --wait", Command, RegularFile, []string{"code", "--wait"}, nil},
		{"[core]\nsshCommand = ssh -F./cfg -o IdentityFile=k/id -i ~/k", Command, RegularFile, []string{"./cfg", "k/id", "~/k", "ssh"}, nil},
		{"[filter \"c\"]\nclean = \"./tools/clean.sh %f\"", Command, RegularFile, []string{"./tools/clean.sh"}, nil},
		{"[filter \"c\"]\nclean = \"'./my tools/c.sh' %f\"", Command, RegularFile, []string{"./my tools/c.sh"}, nil},
		{"[filter \"c\"]\nclean = ./my\\\\ tools/c.sh", Command, RegularFile, []string{"./my tools/c.sh", "./my\\"}, nil},
		{"[filter \"c\"]\nclean = C:\\\\tools\\\\c.exe", Command, RegularFile, []string{"C:\\tools\\c.exe"}, nil},
		{"[filter \"c\"]\nsmudge = \"sh -c 'exec \\\"a b/c\\\" ; node \\\"$0\\\"' x\"", Command, RegularFile, []string{"a b/c", "node", "x"}, nil},
		{"[alias]\nx = !sh tools/x.sh", Command, RegularFile, []string{"tools/x.sh"}, nil},
		{"[alias]\nx = !cd tools && ./x.sh", Command, RegularFile, []string{"tools/./x.sh", "./x.sh"}, nil},
		{"[alias]\nx = \"!f() { $(git rev-parse --show-toplevel)/tools/x.sh $1; }; f\"", Command, RegularFile, []string{"tools/x.sh"}, nil},
		{"[alias]\nx = !\\\"${GIT_PREFIX:-.}\\\"/x.sh", Command, RegularFile, []string{"x.sh"}, nil},
		{"[alias]\nx = !$HOME/x.sh", Command, RegularFile, []string{"$HOME/x.sh"}, nil},
		{"[alias]\nx = !env A=`pwd`/x.sh", Command, RegularFile, []string{"x.sh"}, nil},
		{"[alias \"é\"]\ncommand = !./x", Command, RegularFile, []string{"./x"}, nil},
		{"[alias]\nst = status -sb", Command, RegularFile, nil, []string{"status"}},
		{"[alias]\nt = rebase -x ./t.sh", Command, RegularFile, []string{"./t.sh"}, []string{"rebase"}},
		{"[submodule \"s\"]\nupdate = !./u", Command, RegularFile, []string{"./u"}, nil},
		{"[submodule \"s\"]\nupdate = merge", Command, RegularFile, nil, []string{"merge"}},
		{"[credential \"https://h\"]\nhelper = /a/b --x", Command, RegularFile, []string{"/a/b"}, nil},
		{"[credential]\nhelper = !tools/c", Command, RegularFile, []string{"tools/c"}, []string{"!tools/c"}},
		{"[hook \"l\"]\ncommand = tools/lint --fast", Command, RegularFile, []string{"tools/lint"}, nil},
		{"[diff \"d\"]\ntextconv = python3 tools/tc.py", Command, RegularFile, []string{"tools/tc.py"}, nil},
		{"[remote \"o\"]\nurl = ext::sh -c tools/y", Command, RegularFile, []string{"tools/y"}, nil},
		{"[remote \"o\"]\nurl = ../r\npushUrl = file:///a%20b/r", Repository, Anything, []string{"../r", "/a b/r", "/a%20b/r"}, nil},
		{"[remote \"o\"]\nurl = git@h:a/b\npushUrl = https://h/a", Repository, Anything, nil, []string{"git@h:a/b", "https://h/a"}},
		{"[remote \"o\"]\nurl = ./a:b", Repository, Anything, []string{"./a:b"}, nil},
		{"[url \"./local/\"]\ninsteadOf = https://h.x/", Repository, Anything, []string{"./local/"}, []string{"https://h.x/"}},
		{"[branch \"a\"]\nremote = ../r", Repository, Folder, []string{"../r"}, nil},
		{"[branch \"a\"]\nremote = .\npushRemote = o\n[branch \"b\"]\nremote = o\n[remote \"o\"]\nurl = x:y", Repository, Folder, []string{"o"}, []string{"."}},
		{"[branch \"b\"]\nremote = o\n[remote \"o\"]\nurl = x:y", Repository, Folder, nil, []string{"o"}},
		{"[branch \"b\"]\nremote = o\n[remote \"o\"]\nurl = x:y\nurl =", Repository, Folder, []string{"o"}, nil},
		{"[url \"./local\"]\ninsteadOf", Repository, Anything, nil, []string{"./local"}},
		{"[trace2]\neventTarget = /t/e\nperfTarget = af_unix:stream:/t/s\nnormalTarget = 2", Writes, Anything, []string{"/t/e", "/t/s"}, []string{"2"}},
		{"[format]\noutputDirectory = out", Writes, Folder, []string{"out"}, nil},
		{"[annex]\nweb-download-command = tools/get %url", Command, RegularFile, []string{"tools/get"}, nil},
	} {
		var got []string
		for _, l := range leadsOf(t, c.text) {
			if l.Kind == c.kind && l.Shape == c.shape {
				got = append(got, l.To)
			}
		}
		for _, want := range c.want {
			if !slices.Contains(got, want) {
				t.Errorf("%q: %q is not among %q", c.text, want, got)
			}
		}
		for _, not := range c.not {
			if slices.Contains(got, not) {
				t.Errorf("%q: %q is among %q", c.text, not, got)
			}
		}
	}
}

func TestLeadsAreToldOnce(t *testing.T) {
	t.Parallel()
	got := leadsOf(t, "[core]\nattributesFile = a\n[core]\nattributesFile = a\nattributesFile = b\n")
	want := []Lead{
		{File: "/h/sub/config", Key: "core.attributesfile", Line: 2, Kind: Path, To: "a"},
		{File: "/h/sub/config", Key: "core.attributesfile", Line: 5, Kind: Path, To: "b"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestLeadsHaveABound(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range mostLeads + 1 {
		fmt.Fprintf(&text, " %d", i)
	}
	entries, err := Parse([]byte("[core]\neditor = x\npager = x" + text.String()[2:]))
	if err != nil {
		t.Fatal(err)
	}
	f := new(Loader).understand(&loaded{File: File{Path: "f", Entries: entries}})
	if len(f.Leads()) != mostLeads || f.Err == nil || f.Err.Error() != "f: line 3: core.pager leads to more files: 10000 are the most" {
		t.Errorf("%d leads, %v", len(f.Leads()), f.Err)
	}
	long := strings.Repeat("x", mostPath+1)
	for _, word := range words("a " + long + " cd " + long[:mostPath] + " b") {
		if len(word) > mostPath {
			t.Errorf("a word of %d bytes", len(word))
		}
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	environment := map[string]string{"SRC": "/src", "USER": "nobody-here"}
	l := Loader{Home: "/home/u", Lookup: func(name string) (string, bool) { v, ok := environment[name]; return v, ok }}
	for _, c := range []struct{ text, want string }{
		{"[core]\nhooksPath = link/../hooks", "/w/link/../hooks /w/.git/link/../hooks"},
		{"[core]\nhooksPath = //x/./y", "//x/./y"},
		{"[core]\nworktree = ../w", "/w/.git/../w"},
		{"[include]\npath = ../link/../inc", "/h/sub/../link/../inc"},
		{"[core]\nhooksPath = ~/h", "/home/u/h"},
		{"[core]\nhooksPath = ~", "/home/u"},
		{"[core]\nhooksPath = ~nobody-here/h", "/home/u/h"},
		{"[core]\nhooksPath = ~nobody-there/h", ""},
		{"[gpg]\nprogram = %(prefix)/x", "/usr/x /usr/local/x /opt/homebrew/x /home/linuxbrew/.linuxbrew/x /opt/local/x"},
		{"[gpg]\nprogram = %(prefix)//x", "/x"},
		{"[core]\npager = ${SRC}/x", "/src/x"},
	} {
		leads := leadsOf(t, c.text)
		paths, unknown := l.Paths(leads[0], "/w", "/w/.git")
		if got := strings.Join(paths, " "); got != c.want || unknown != (c.want == "") {
			t.Errorf("%q: got %q, %v, want %q", c.text, got, unknown, c.want)
		}
	}
	environment["USER"] = "root"
	if paths, _ := l.Expand("~root/x"); homeOf("root") != "" && !slices.Equal(paths, []string{homeOf("root") + "/x"}) {
		t.Errorf("the home of root is %q", paths)
	}
	if paths, _ := l.Paths(leadsOf(t, "[alias]\nx = !$HOME/x")[0], "/w", "/w/.git"); !slices.Equal(paths, []string{"/home/u/x"}) {
		t.Errorf("got %q", paths)
	}
	if paths, _ := l.Paths(Lead{Kind: Path, To: "x", base: folderOfFile}, "/w", "/w/.git"); len(paths) > 0 {
		t.Errorf("the environment has the folder of %q", paths)
	}
}

// FuzzLeads checks that leads have a bound, and that no path is relative.
func FuzzLeads(f *testing.F) {
	f.Add("core.pager", "cd a && './b c' --x=$HOME/d")
	f.Add("alias.x", "!sh -c \"sh -c \\\"x 'y z'\\\"\"")
	f.Add("remote.o.url", "ext::sh -c x")
	f.Add("url.file:///%41.insteadof", "x")
	f.Add("core.hookspath", "%(prefix)/~x")
	l := Loader{Home: "/home/u"}
	f.Fuzz(func(t *testing.T, key, value string) {
		leads := Entry{Key: key, Value: value}.leads(useOf(key))
		if len(leads) > 100+20*len(value) {
			t.Errorf("%d leads", len(leads))
		}
		for _, lead := range leads {
			lead.File = "/h/config"
			paths, _ := l.Paths(lead, "/w", "/w/.git")
			for _, p := range paths {
				if !isAbsolute(p) || lead.To == "" || lead.Kind == None || lead.Kind == Bang {
					t.Errorf("%+v leads to %q", lead, p)
				}
			}
		}
	})
}
