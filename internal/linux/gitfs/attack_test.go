//go:build linux

package gitfs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// attacks are scripts that try to leave something that git on the host runs, obeys or
// writes through. py runs as Python.
var attacks = map[string]string{
	"hook":                 "echo 'touch $OUT/ran' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit",
	"hooks folder":         "rm -rf .git/hooks; mkdir .git/hooks; ln -s $OUT .git/hooks; mv .git/hooks .git/hooks2",
	"config key":           "git config core.hooksPath $OUT; git config core.fsmonitor 'touch $OUT/ran'; git config alias.st '!touch x'",
	"config in place":      "printf '[core]\\nfsmonitor=x\\n' >> .git/config; printf x > .git/config",
	"config by rename":     "cp .git/config .git/config.lock; printf '[core]\\n\\tfsmonitor = touch ran\\n' >> .git/config.lock; mv .git/config.lock .git/config",
	"config continued":     "cp .git/config .git/config.lock; printf '[branch \"x\"]\\n\\tremote = a\\\\\\n[core]\\n\\tpager = x\\n' >> .git/config.lock; mv .git/config.lock .git/config",
	"config removed":       "rm -f .git/config; mv .git/config .git/x; mv .git/config .git/COMMIT_EDITMSG",
	"config.worktree":      "printf '[core]\\n\\tfsmonitor = x\\n' > .git/config.worktree; printf '[core]\\n\\tfsmonitor = x\\n' > .git/config.worktree.lock; mv .git/config.worktree.lock .git/config.worktree",
	"attributes":           "mkdir -p .git/info; echo '* filter=x' > .git/info/attributes; echo x > .git/info/exclude; echo a b > .git/info/grafts",
	"alternates":           "echo $OUT > .git/objects/info/alternates; echo $OUT > .git/objects/info/http-alternates",
	"commondir":            "echo ../.. > .git/commondir; echo $OUT > .git/commondir; echo x > .git/gitdir",
	"link":                 "ln -s $OUT .git/link; ln -s $OUT/file .git/logs/refs/heads/x; ln -s $OUT/file .git/FETCH_HEAD; ln -s testing .git/tAbCdEf",
	"link of the log":      "rm -f .git/logs/HEAD; ln -s $OUT/file .git/logs/HEAD; ln .git/config .git/COMMIT_EDITMSG; ln .git/COMMIT_EDITMSG .git/hooks/x",
	"hard link":            "ln .git/HEAD .git/ORIG_HEAD; ln .git/index .git/index.lock; ln a .git/COMMIT_EDITMSG",
	"FIFO":                 "mkfifo .git/FETCH_HEAD .git/logs/x .git/index.lock; mknod .git/x c 1 3",
	"set-user-ID":          "echo x > .git/COMMIT_EDITMSG; chmod 4755 .git/COMMIT_EDITMSG; chmod 2755 .git/logs",
	"mode of config":       "chmod 777 .git/config .git/HEAD .git",
	"mode of folders":      "chmod 0 .git/objects .git/info .git/logs .git/refs; chmod 777 .git/objects .git/info; mkdir -m 0 .git/modules; ls .git/modules || mkdir .git/hooks/x; rmdir .git/modules; chmod 0 .git/logs/HEAD",
	"todo exec":            "mkdir .git/rebase-merge; echo 'exec touch ran' > .git/rebase-merge/git-rebase-todo; printf 'pick x\\nx touch\\n' > .git/rebase-merge/git-rebase-todo; mkdir .git/sequencer; echo 'exec x' > .git/sequencer/todo",
	"todo by rename":       "mkdir .git/rebase-merge; echo 'exec touch ran' > .git/rebase-merge/git-rebase-todo.lock; mv .git/rebase-merge/git-rebase-todo.lock .git/rebase-merge/git-rebase-todo; echo 'exec x' > .git/rebase-merge/done; mv .git/rebase-merge/done .git/rebase-merge/git-rebase-todo",
	"strategy":             "mkdir .git/rebase-merge; echo x/evil > .git/rebase-merge/strategy; echo x/evil > .git/rebase-merge/x; mv .git/rebase-merge/x .git/rebase-merge/strategy; mkdir .git/sequencer; printf '[options]\\n\\tstrategy = x/evil\\n' > .git/sequencer/opts; ! grep -r evil .git/rebase-merge/strategy .git/sequencer/opts || touch .git/tAbCdE",
	"remote is a folder":   "git config branch.main.remote folder",
	"shallow":              "git rev-parse HEAD > .git/shallow.lock; mv .git/shallow.lock .git/shallow; rm -f .git/shallow.lock; echo x > .git/shallow",
	"graph":                "echo x > .git/objects/info/packs_aBcDeF; mv .git/objects/info/packs_aBcDeF .git/objects/info/commit-graph; git multi-pack-index write; git commit-graph write --reachable; echo x > .git/hooks/x",
	"rerere":               "printf 'x\\t$OUT/file\\0' > .git/MERGE_RR; printf 'x\\t$OUT/file\\0' > .git/MERGE_RR.lock; mv .git/MERGE_RR.lock .git/MERGE_RR; test -s .git/MERGE_RR || rm -f .git/MERGE_RR",
	"worktree of old":      "mkdir -p .git/worktrees/n; echo $OUT > .git/worktrees/n/commondir; echo $OUT/.git > .git/worktrees/n/gitdir; echo x > .git/worktrees/n/config; mkdir .git/worktrees/n/hooks",
	"module":               "mkdir -p .git/modules/n/hooks; echo x > .git/modules/n/hooks/pre-commit; printf '[core]\\n\\tfsmonitor = x\\n' > .git/modules/n/config; printf '[core]\\n\\tworktree = $OUT\\n' > .git/modules/n/config.lock; mv .git/modules/n/config.lock .git/modules/n/config",
	"replace":              "git replace HEAD $(git hash-object -w a); mkdir -p .git/refs/replace; echo x > .git/refs/replace/x",
	"ref name":             "cp .git/refs/heads/main '.git/refs/heads/$(touch ran)'; cp .git/refs/heads/main .git/refs/heads/-x; cp .git/HEAD '.git/refs/heads/a;b'",
	"ref content":          "echo 'ref: ../../x' > .git/refs/heads/x.lock; mv .git/refs/heads/x.lock .git/refs/heads/x; echo 'ref: config' > .git/HEAD; echo x > .git/HEAD.lock; mv .git/HEAD.lock .git/HEAD",
	"HEAD removed":         "rm -f .git/HEAD; mv .git/HEAD .git/ORIG_HEAD; rm -rf .git/objects .git/refs; rmdir .git/refs",
	"object overwritten":   "f=$(find .git/objects -type f | head -1); chmod 644 $f; echo x > $f; echo x >> $f; cp /dev/null $f; rm -f $f; mv $f .git/COMMIT_EDITMSG; echo y > .git/COMMIT_EDITMSG; mv -f .git/COMMIT_EDITMSG $f",
	"monitor":              "printf x > .git/fsmonitor--daemon.ipc; mkdir .git/fsmonitor--daemon; mkdir .git/rr-cache",
	"index with .git":      "@index .git/hooks/post-checkout",
	"index outside":        "@index ../out",
	"index at a name":      "@index .envrc",
	"index then changed":   "@late .git/hooks/post-checkout",
	"shared index":         "@shared .git/hooks/post-checkout",
	"index in place":       "printf x > .git/index; dd if=/dev/zero of=.git/index bs=1 count=1 conv=notrunc",
	"index as a link":      "rm -f .git/index; ln -s $OUT/file .git/index",
	"attribute":            "setfattr -n user.x -v y .git/HEAD .git; chattr +i .git/HEAD",
	"private names":        "echo x > '.git/refs/heads/.lockstile~main'; echo x > '.git/.lockstile~config'; mkdir '.git/.lockstile~x'",
	"exchange":             "@exchange .git/config .git/COMMIT_EDITMSG",
	"write through a map":  "@map .git/COMMIT_EDITMSG .git/HEAD",
	"logs overwritten":     "echo > .git/logs/HEAD; truncate -s 0 .git/logs/HEAD; dd if=/dev/zero of=.git/logs/HEAD bs=1 count=20 conv=notrunc",
	"description and more": "echo x > .git/description; mkdir .git/branches .git/remotes; echo x > .git/remotes/origin; echo x > .git/branches/x; mkdir -p .git/reftable",
}

const python = `
import ctypes,hashlib,mmap,os,struct,sys
def index(name):
    e=struct.pack(">10I",0,0,0,0,0,0,0o100644,0,0,0)+b"\x11"*20+struct.pack(">H",len(name))+name.encode()
    e+=b"\0"*(8-len(e)%8)
    b=b"DIRC"+struct.pack(">II",2,1)+e
    return b+hashlib.sha1(b).digest()
kind,arg=sys.argv[1],sys.argv[2:]
if kind=="index":
    open(".git/index.lock","wb").write(index(arg[0])); os.rename(".git/index.lock",".git/index")
if kind=="late":
    f=open(".git/index.lock","w+b"); f.write(open(".git/index","rb").read()); f.flush()
    m=mmap.mmap(f.fileno(),0); os.link
    os.rename(".git/index.lock",".git/index"); b=index(arg[0])
    for how in (lambda: m.__setitem__(slice(0,len(b)),b) or m.flush(), lambda: os.pwrite(f.fileno(),b,0), lambda: os.ftruncate(f.fileno(),len(b))):
        try: how()
        except Exception as e: print(e)
if kind=="shared":
    b=index(arg[0]); n=".git/sharedindex."+b[-20:].hex()
    open(".git/sharedindex_abcdef","wb").write(b); os.rename(".git/sharedindex_abcdef",n)
if kind=="exchange":
    open(arg[1],"w").write("[core]\n\tfsmonitor=x\n")
    print(ctypes.CDLL(None).renameat2(-100,arg[0].encode(),-100,arg[1].encode(),2))
if kind=="map":
    open(arg[0],"w").write("ref: refs/heads/main\n"); f=open(arg[0],"r+b"); m=mmap.mmap(f.fileno(),0)
    os.rename(arg[0],arg[1]); m[0:4]=b"evil"; m.flush()
`

// obeyed lists what git on the host obeys in a git directory, with content and mode: the
// rest is history.
func (g ground) obeyed() string {
	g.Helper()
	return g.host(`set +e; cd .git
find . -mindepth 1 \( -name objects -o -path ./refs -o -path ./logs -o -path ./index -o -name '*EDITMSG' -o -name '*_HEAD' -o -name rebase-merge -o -path ./worktrees -o -path ./modules -o -name 'sharedindex_*' -o -path ./sequencer \) -prune -o -printf '%p %y %m %n\n' | sort
find hooks info -type f -exec sha1sum {} + | sort; find . -maxdepth 1 -type f -name '[a-z]*' ! -name '*index*' -exec sha1sum {} + | sort
ls objects/info; find . -type l -o -type p -o -type c -o -type s; find . -perm /6000; cat HEAD; find worktrees modules -type f ! -name '*.lock' -exec grep -v '^../..$' {} + 2>/dev/null; git ls-files -s; find refs/replace -type f 2>/dev/null || true`)
}

// TestAttacks checks that no attack changes what git on the host obeys, and that git on
// the host runs nothing afterwards.
func TestAttacks(t *testing.T) {
	for name, script := range attacks {
		t.Run(name, func(t *testing.T) {
			g := newGround(t)
			out := filepath.Join(g.home, "out")
			if err := os.Mkdir(out, 0o777); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(out, "file"), "as before")
			write(t, filepath.Join(g.home, "a.py"), python)
			before := g.obeyed()
			if script[0] == '@' {
				script = "python3 " + g.home + "/a.py " + script[1:]
			}
			said, _, report := g.run("export OUT=" + out + "\n" + script)
			if after := g.obeyed(); after != before {
				t.Errorf("%s\n%s\n%s", script, said, difference(before, after))
			}
			g.host("git status >/dev/null; git checkout -q . ; git stash -q || true; echo z > z; git add z; git commit -qm host; git log >/dev/null; git fsck 2>/dev/null || true")
			if b, _ := os.ReadFile(filepath.Join(out, "file")); string(b) != "as before" {
				t.Errorf("%s\nthe file outside is %q", script, b)
			}
			if _, err := os.Stat(filepath.Join(out, "ran")); err == nil {
				t.Errorf("%s\ngit on the host ran it", script)
			}
			if len(report.Denied) == 0 && !strings.Contains(name, "changed") && !strings.Contains(name, "map") && !strings.Contains(name, "exchange") {
				t.Errorf("%s\nnothing was denied:\n%s", script, said)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// difference lists the lines that only one of two texts has.
func difference(before, after string) string {
	var out strings.Builder
	for line := range strings.Lines(before) {
		if !strings.Contains(after, line) {
			out.WriteString("- " + line)
		}
	}
	for line := range strings.Lines(after) {
		if !strings.Contains(before, line) {
			out.WriteString("+ " + line)
		}
	}
	return out.String()
}

// TestBounds checks that a command can't have us open or keep much.
func TestBounds(t *testing.T) {
	g := newGround(t)
	said, failed, report := g.run(`python3 -c '
import os
held=[]
def most(how):
    n=0
    try:
        while n<5000: held.append(how()); n+=1
    except OSError as e: pass
    for h in held: os.close(h)
    held.clear()
    return n
print(most(lambda: os.open(".git/HEAD",os.O_RDONLY)), most(lambda: os.open(".git/HEAD",os.O_RDWR)), most(lambda: os.open(".git/refs",os.O_RDONLY)))
long="r"*240
open(".git/refs/heads/"+long+".lock","w").write(open(".git/refs/heads/main").read()); os.rename(".git/refs/heads/"+long+".lock",".git/refs/heads/"+long)
big=open(".git/HEAD.lock","w"); big.truncate(2<<20); big.close()
try: os.rename(".git/HEAD.lock",".git/HEAD"); print("renamed")
except OSError as e: print(e.strerror)
'`)
	if want := "512 64 512\nFile too large\n"; failed || said != want {
		t.Errorf("%q, want %q; %+v", said, want, report)
	}
}
