//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestNoCommandShutsTheWorkspace lets commands make what is too much, too long or in a
// circle, and checks that the next start runs, or says which folder is read-only now.
func TestNoCommandShutsTheWorkspace(t *testing.T) {
	for name, script := range map[string]string{
		"a long path":         "import os\nfor i in range(20): os.mkdir('n'*250); os.chdir('n'*250)\nos.mkdir('.git')",
		"repositories":        "import os\nfor i in range(1600): os.makedirs(f'{i}/.git')",
		"spellings":           "import os,itertools\nfor w in range(70):\n for v in itertools.product('cC','lL','aA','uU','dD','eE'): os.makedirs(f'sub/{w}/.'+''.join(v))",
		"folders":             "import os\nfor i in range(60):\n for j in range(100): os.makedirs(f'd{i}/e{j}')",
		"links in a circle":   "import os\nos.makedirs('x/.git')\nos.symlink('../one','x/.envrc'); os.symlink('two','one'); os.symlink('one','two')",
		"many links":          "import os\nos.makedirs('x/.git')\nfor i in range(60): os.symlink(f'l{i+1}',f'l{i}')\nos.symlink('../l0','x/.envrc'); os.symlink('../l25','x/.mcp.json'); open('l60','w')",
		"a magic link":        "import os\nos.makedirs('x/.git/hooks'); os.symlink('/proc/self/fd/0','x/.git/hooks/pre-push'); os.symlink('/proc/1/root/etc','x/.envrc')",
		"no UTF-8":            "import os\nos.makedirs(b'\\xff\\n/.git/hooks'); os.symlink(b'../../../\\xfe',b'\\xff\\n/.git/hooks/pre-push'); open(b'\\xfe','w')",
		"hooks":               "import os\nos.makedirs('x/.git/hooks'); os.mkdir('t')\nfor i in range(5000): os.symlink(f'../../../t/h{i}',f'x/.git/hooks/h{i}'); open(f't/h{i}','w').close()",
		"a pipe":              "import os\nos.makedirs('x/.git'); os.mkfifo('x/.git/config'); os.mkfifo('x/.git/commondir'); os.mkfifo('y'); os.makedirs('z'); os.mkfifo('z/.git')",
		"a bad configuration": "import os\nos.makedirs('x/.git'); open('x/.git/config','w').write('[core]\\n\\0')",
		"a large one":         "import os\nos.makedirs('x/.git'); open('x/.git/config','w').write('#'*1100000)",
		"includes":            "import os\nos.makedirs('x/.git')\nopen('x/.git/config','w').write(''.join(f'[include]\\npath=../../c{i}\\n' for i in range(5000)))",
		"closed folders":      "import os\nfor i in range(50): os.makedirs(f'c{i}/.git'); os.chmod(f'c{i}/.git',0); os.chmod(f'c{i}',0)",
		"a closed root":       "import os\nopen('x','w'); os.chmod('.',0o333)",
		"pipes":               "import os\nfor i in range(3000): os.mkfifo(f'p{i}')",
		"two names a folder":  "import os\nfor i in range(4000): os.makedirs(f'f{i}/.vscode'); os.mkdir(f'f{i}/.idea')",
		"a gitdir to the top": "import os\nos.makedirs('x'); open('x/.git','w').write('gitdir: ..\\n'); os.makedirs('y'); os.symlink('..','y/.git'); os.makedirs('z'); open('z/.git','w').write('gitdir: /\\n')",
		"core.worktree":       "import os\nos.makedirs('x/.git/refs'); os.makedirs('x/.git/objects'); open('x/.git/HEAD','w').write('ref: refs/heads/m'); open('x/.git/config','w').write('[core]\\nworktree=../..\\nhooksPath=.\\n')",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, p *place) {
				p.lockstile("run", "--", "python3", "-c", script)
				t.Cleanup(func() { p.asHost("chmod -R u+rwx .") })
				if entries := names(t, p.ws); len(entries) == 0 {
					t.Fatal("the command has made nothing")
				}
				for range 2 {
					r := p.lockstile("run", "--", "touch", "later")
					if r.code != 0 && !strings.Contains(r.stderr, "read-only: "+p.ws) {
						t.Fatalf("%+v", r)
					}
				}
				os.Remove(p.ws + "/later")
				p.verify()
			})
		})
	}
}

// TestNoCommandShutsByTemporaryFolders checks that no link in the private /tmp, and no link in
// place of a TMPDIR in the workspace, refuses the next start.
func TestNoCommandShutsByTemporaryFolders(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		dir := fmt.Sprintf("/tmp/lockstile-brick-%d", os.Getpid()) // the same both ways
		defer os.RemoveAll(dir)
		p.ws = dir + "/a/ws"
		mkdir(t, p.ws)
		for _, script := range []string{"ln -s /etc " + dir, "echo x > " + dir, "mkdir " + dir + "; ln -s / " + dir + "/a", "mkdir " + dir + "; chmod 0 " + dir} {
			r := p.lockstile("run", "--", "sh", "-c", "mv "+dir+" $(mktemp -d /tmp/away.XXXXXX) && "+script)
			if r.code != 0 {
				t.Fatalf("%s: %+v", script, r)
			}
			if r := p.lockstile("run", "--", "true"); r.code != 0 {
				t.Errorf("after %s: %+v", script, r)
			}
		}
		mkdir(t, p.ws+"/tmp")
		p.env = append(p.env, "TMPDIR="+p.ws+"/tmp")
		for range 2 {
			if r := p.lockstile("run", "--", "sh", "-c", "rm -rf tmp; ln -s / tmp"); r.code != 0 {
				t.Errorf("%+v", r)
			}
		}
		p.verify()
	})
}
