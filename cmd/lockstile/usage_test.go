//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lockstile/lockstile/internal/usage"
)

// mistakes are command lines with a mistake: the exit code, what is said, and the line that
// mends it.
var mistakes = []struct {
	typed      string
	code       int
	said, mend string
}{
	{"rnu -- true", 2, `there is no command "rnu"`, "lockstile run"},
	{"docter", 2, `"docter"`, "lockstile doctor"},
	{"logs", 2, `"logs"`, "lockstile log"},
	{"status", 2, `"status"`, "lockstile doctor"},
	{"printf x", 2, `"printf"`, "lockstile run -- printf x"},
	{"ls -la", 2, `"ls"`, "lockstile run -- ls -la"},
	{"blurb", 2, `"blurb"`, "lockstile help lists the commands; lockstile -- 'blurb' begins a session with this prompt"},
	{"help docter", 2, `"docter"`, "lockstile doctor"},
	{"log verfy", 2, `there is no lockstile log "verfy"`, "lockstile log verify"},
	{"caches claer", 2, `there is no lockstile caches "claer"`, "lockstile caches clear"},
	{"config foo", 2, `"foo" is one word too many`, ""},
	{"git undu", 2, `"undu"`, "lockstile git undo"},
	{"takeback restroe", 2, `"restroe"`, "lockstile takeback restore"},
	{"explain writ /x", 2, `"writ"`, "lockstile explain write"},
	{"explain", 2, "needs a word more: start, run, read, write, connect, env", ""},
	{"run", 2, "no command is given", ""},
	{"run --sanbox read-only -- true", 2, "there is no flag --sanbox", "lockstile run --sandbox read-only -- true"},
	{"run --network -- true", 2, "there is no flag --network", "lockstile run -c sandbox_workspace_write.network_access=true -- true"},
	{"run --net=none -- true", 2, "there is no flag --net", "lockstile run -- true"},
	{"run --cd . -- true", 2, "there is no flag --cd", "lockstile run -C . -- true"},
	{"run --timeout 5 -- true", 2, "there is no flag --timeout", "lockstile run -c limits.wall_seconds=5 -- true"},
	{"run --read-only -- true", 2, "there is no flag --read-only", "lockstile run --sandbox read-only -- true"},
	{"run --yolo -- true", 2, "there is no flag --yolo", "lockstile run --sandbox danger-full-access -- true"},
	{"run --sandbox readonly -- true", 2, `"readonly" is no sandbox mode`, "lockstile run --sandbox read-only -- true"},
	{"run --sandbox=full -- true", 2, `"full" is no sandbox mode`, "lockstile run --sandbox danger-full-access -- true"},
	{"run --sandbox write -- true", 2, `"write" is no sandbox mode`, "lockstile run --sandbox workspace-write -- true"},
	{"run --sandbox", 2, "--sandbox needs a value", ""},
	{"run --tty=maybe -- true", 2, `--tty is true or false, not "maybe"`, ""},
	{"run true --sandbox read-only", 2, "--sandbox stands behind the command", "lockstile run --sandbox read-only -- true"},
	{"run true --json", 2, "--json stands behind the command", "lockstile run --json -- true"},
	{"run true -c sandbox_mode=read-only", 2, "-c stands behind the command", "lockstile run -c sandbox_mode=read-only -- true"},
	{"run -c sandbox_mod=read-only -- true", 126, `unknown key "sandbox_mod"; the nearest is "sandbox_mode"`, ""},
	{"run -c network=true -- true", 126, `the nearest is "sandbox_workspace_write.network_access"`, ""},
	{"run -- 'ls | wc'", 127, "there is no command", "lockstile run -- bash -c 'ls | wc'"},
	{"run -- 'exit 0'", 127, "there is no command", "lockstile run -- bash -c 'exit 0'"},
	{"run -- /etc", 126, `"/etc" is a folder`, "lockstile run -- ls -la '/etc'"},
	{"run -- /etc/passwd", 126, "looks like no program", "lockstile run -- cat '/etc/passwd'"},
	{"run -- ./script", 126, `"./script" is not executable`, "chmod +x '"},
	{"config --josn", 2, "there is no flag --josn", "lockstile config --json"},
	{"doctor --sandbox read-only", 2, "doctor tries each mode", ""},
	{"log --tail 5", 2, "there is no flag --tail", "lockstile log -n 5"},
	{"log -n x", 2, `-n "x"`, ""},
	{"completion tcsh", 2, "bash, zsh, fish or powershell", ""},
}

// TestMistakes checks what is said about a mistake, and that the mend works.
func TestMistakes(t *testing.T) {
	for _, row := range mistakes {
		t.Run(row.typed, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			write(t, p.ws+"/script", "#!/bin/sh\n")
			p.lockstile("run", "--", "true") // begins the log
			code, said := p.line(t, "lockstile "+row.typed)
			if code != row.code || !strings.Contains(said, row.said) {
				t.Errorf("exit %d, want %d: %s", code, row.code, said)
			}
			for l := range strings.Lines(said) {
				if utf8.RuneCountInString(l) > 161 {
					t.Errorf("a long line: %s", l)
				}
			}
			_, mend, _ := strings.Cut(said, "hint: ")
			mend, _, _ = strings.Cut(mend, "\n")
			if row.mend == "" && code == 2 && mend != "" || !strings.HasPrefix(mend, row.mend) {
				t.Errorf("the mend is %q, want %q", mend, row.mend)
			}
			if strings.HasPrefix(row.mend, "lockstile help") || row.mend == "" || row.mend == "lockstile run" || strings.HasPrefix(row.mend, "lockstile takeback") || strings.HasPrefix(row.mend, "lockstile git") || strings.HasPrefix(row.mend, "lockstile explain") {
				return // the line needs a word more
			}
			if code, said := p.line(t, mend); code != 0 {
				t.Errorf("%s: exit %d: %s", mend, code, said)
			}
		})
	}
}

// line runs a line of a shell, in which lockstile is the program, and returns the exit code
// and standard error.
func (p *place) line(t *testing.T, line string) (int, string) {
	t.Helper()
	cmd := p.command("bash", "-c", "lockstile() { "+program+` "$@"; }; `+line)
	r := p.do(cmd)
	return r.code, r.stderr
}

// TestHelp checks that help is no mistake, and fits a narrow terminal.
func TestHelp(t *testing.T) {
	p := newPlace(t)
	for _, typed := range []string{"help", "-h", "--help", "-v", "-V", "--version", "version", "help run", "run --help", "run -h", "log --help", "log verify --help", "explain --help", "explain start --help", "explain read -h", "git --help", "git undo --help", "takeback --help", "takeback clear --help", "caches clear -h", "man", "completion bash", "completion --help", "setup --help"} {
		r := p.lockstile(strings.Fields(typed)...)
		if r.code != 0 || r.stdout == "" || r.stderr != "" {
			t.Errorf("%s: %+v", typed, r)
		}
	}
}

// TestTableOfCommands compares the table of commands with what each command takes.
func TestTableOfCommands(t *testing.T) {
	p := newPlace(t)
	known := map[string]bool{}
	for _, c := range usage.All() {
		for _, f := range c.Flags {
			known[f.Name] = true
			if first, _, _ := strings.Cut(c.Name, " "); slices.Contains([]string{"", "exec", "resume", "mcp", "explain"}, first) && c.Name != "explain start" {
				continue // of a front end; or the question comes first
			}
			args := append(strings.Fields(c.Name), f.Spelled())
			if value := map[string]string{"MODE": "read-only", "KEY=VALUE": "sandbox_mode=1", "N": "1", "WHEN": "1h", "AGE": "1h"}[f.Arg]; value != "" {
				args = append(args, value)
			} else if f.Arg != "" {
				args = append(args, "x")
			}
			if r := p.lockstile(append(args, "--help")...); r.code != 0 {
				t.Errorf("%q is in the table: %s", args, r.stderr)
			}
		}
	}
	if !exists("../../go.mod") {
		return // no checkout here
	}
	files, _ := filepath.Glob("../../internal/cli/*.go")
	for _, file := range append(files, "../../internal/settings/settings.go", "../lockstile-agent/main.go") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`set\.[A-Z]\w*\((?:&[\w.]+, )?"([a-z-]+)"`).FindAllStringSubmatch(string(text), -1) {
			hidden := []string{"for", "home", "report", "words", "last", "output-last-message", "model"} // other spellings, and what lockstile passes to itself
			if !known[found[1]] && !slices.Contains(hidden, found[1]) {
				t.Errorf("%s: --%s is not in the table", file, found[1])
			}
		}
	}
}

// TestCompletion completes in each shell that is here.
func TestCompletion(t *testing.T) {
	p := newPlace(t)
	dir := t.TempDir()
	if err := os.Symlink(program, dir+"/lockstile"); err != nil {
		t.Fatal(err)
	}
	for shell, file := range map[string]string{"bash": "bash", "zsh": "_lockstile", "fish": "fish"} {
		write(t, dir+"/"+file, p.lockstile("completion", shell).stdout)
	}
	for shell, script := range map[string]string{
		"bash": `. bash; try() { COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _lockstile 2>/dev/null; echo "${COMPREPLY[0]}"; }
			try lockstile run --sandbox re; try lockstile run --sandbox = da; try lockstile do; try lockstile takeback r; try lockstile run -- whoam`,
		"fish": `source fish; for l in "lockstile run --sandbox re" "lockstile run --sandbox=da" "lockstile do" "lockstile takeback r" "lockstile run -- whoam"; complete -C $l | string split -f 1 \t; end`,
		"zsh": `zmodload zsh/zpty; zpty -b z zsh -f -i
			await() { local out= chunk n=0; while (( n++ < 300 )) && [[ $out != *$1* ]]; do zpty -r -t z chunk && out+=$chunk || sleep 0.1; done; [[ $out == *$1* ]] }
			zpty -w z "fpath=($PWD \$fpath); autoload -Uz compinit; compinit -u -d ./dump; compdef _lockstile say; say() { print got:\${@[-1]}: }; PROMPT=; echo RE''ADY"; await READY
			for try want in "run --sandbox re" read-only "run --sandbox=da" --sandbox=danger-full-access do doctor "takeback r" restore "run -- whoam" whoami; do
				zpty -w z "say $try"$'\t'; await got:$want: && print -- $want
			done`,
	} {
		t.Run(shell, func(t *testing.T) {
			if _, err := exec.LookPath(shell); err != nil {
				t.Skipf("no %s here", shell)
			}
			cmd := p.command(shell, "-c", script)
			cmd.Dir = dir
			cmd.Env = append(cmd.Env, "PATH="+dir+":"+os.Getenv("PATH"), "HOME="+dir, "TERM=xterm")
			r := p.do(cmd)
			got := strings.ReplaceAll(strings.TrimSpace(r.stdout), "--sandbox=", "")
			if got != "read-only\ndanger-full-access\ndoctor\nrestore\nwhoami" {
				t.Errorf("%q\n%s", got, r.stderr)
			}
		})
	}
}

// TestManPages checks that man finds nothing wrong with the pages.
func TestManPages(t *testing.T) {
	p := newPlace(t)
	dir := t.TempDir() + "/man1"
	if r := p.lockstile("man", dir); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	pages, _ := filepath.Glob(dir + "/*.1")
	if len(pages) != len(usage.All()) {
		t.Errorf("%d pages of %d", len(pages), len(usage.All()))
	}
	if _, err := exec.LookPath("man"); err != nil {
		t.Skip("no man here")
	}
	for _, page := range pages {
		cmd := p.command("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", page)
		cmd.Env = append(cmd.Env, "MANWIDTH=80")
		if r := p.do(cmd); r.code != 0 || r.stderr != "" || !strings.Contains(r.stdout, "lockstile") {
			t.Errorf("%s: %d %s", page, r.code, r.stderr)
		}
	}
}
