package approve

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mvdan.cc/sh/v3/syntax"
)

// The scripts run with one folder in PATH. The folder holds a stand-in for each program
// of mayStart and for a few of mayNot. A tracer reports the programs that each shell
// started.

// mayStart are the programs known to Argv.
var mayStart = slices.Concat(lookers, []string{"git", "find", "rg", "sed"})

// mayNot are the programs in hostile lines.
var mayNot = []string{"canary", "rm", "cd", "print", "repeat", "noglob", "command", "env", "xargs", "sh", "-", "then", "do"}

// scriptRunner is set in the process that runs the scripts of a file.
const scriptRunner = "APPROVE_TEST_SCRIPTS"

func TestMain(m *testing.M) {
	if file := os.Getenv(scriptRunner); file != "" {
		runScripts(file)
	}
	os.Exit(m.Run())
}

// runScripts runs scripts with a shell. The shell is the first of the texts in the file,
// and each text ends with NUL.
func runScripts(file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	all := strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
	for _, script := range all[1:] {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		cmd := exec.CommandContext(ctx, all[0], "-c", script)
		_ = cmd.Run() // output and exit code don't matter
		cancel()
		if ctx.Err() == context.DeadlineExceeded {
			panic("it does not end: " + strconv.Quote(script))
		}
	}
	os.Exit(0)
}

// fragments are the parts of lines: ordinary words, and words with a meaning in a shell.
var fragments = []string{
	"ls", "ls -l", "cat a", "echo x", "grep -n b a", "git status", "git diff HEAD~1", "find . -name x", "rg x", "sed -n 3p a", "cd sub", "pwd", "true", "which ls", "head -n 3", "wc -l",
	"'ls'", "\"ls\"", "l''s", "\"a b\"", "'a b'", "'a\\'", "'a\nb'", "\"a\nb\"", "'#'", "\"#\"", "'$(canary)'", "'`canary`'", "'a' canary", "\"'\"", "'\"'", "''", "\"\"",
	"|", "||", "&&", ";", "\n", " ", "\t", " ", " ", "\n\n", " ; ", " | ", " && ",
	"# x", " #x", "# x\\\n", "#\\\n", "a#", "# '", "# \"", " # `", "\\\n", "\\", "\\\\", "\\ ", "\r", "\r\n", "\v", "\f", "\u00a0", "\u2028", "\u0085", "\x01", "\x7f", "\xff", "ü", "\x81",
	"canary", " canary", "rm a", "\ncanary", "; canary", "| canary", "& canary", "|& canary", "&! canary", "&| canary", ";; canary", "$(canary)", "`canary`", "\"$(canary)\"", "\"`canary`\"", "<(canary)", "=(canary)", ">(canary)", "=canary", " =ls", "(canary)", "{ canary; }", "{canary,ls}",
	"$'\\ncanary'", "$\"x\"", "${x}", "$x", "$", "~", "~/x", "a=~", "x:~", "HEAD~2", "a^", "^", "!", "! ", "!!", "*", "?", "[a]", "@(a)", "+(a)", "!(a)", "(e:canary:)", "<1-3>", "%1", "@x", "+x", "--", "-x", "-", "a,b", "a=b ", "A=b ls", "a+=b ",
	"> out", ">>out", "2>&1", "< a", "<< E\ncanary\nE\n", "<<< canary", "<<\\E\n", "&> out", ">|out",
	"if ls; then ", "then ", "fi", "do ", "done", "else ", "case x in x) ", "esac", "for x in a; do ", "while ", "repeat 2 ", "noglob ", "nocorrect ", "command ", "command cd ", "builtin ", "exec ", "eval ", "coproc ", "time ", "function f { ", "f() ", "[[ ", "]]", "(( ", "))", "{ ", "}", "select x in ", "foreach x (a) ", "end", "always ", "print ", "test ",
}

// line joins a few fragments to a line.
func line(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString(fragments[r.IntN(20)])
	for range 1 + r.IntN(5) {
		if r.IntN(3) > 0 {
			b.WriteString(" ")
		}
		if r.IntN(2) == 0 {
			b.WriteString(fragments[r.IntN(46)]) // an ordinary fragment
		} else {
			b.WriteString(fragments[r.IntN(len(fragments))])
		}
	}
	return b.String()
}

// letThrough returns n lines accepted by script, and the number of lines made for the
// search.
func letThrough(seed uint64, n int, script func(string) bool) (lines []string, of int) {
	r := rand.New(rand.NewPCG(seed, 1))
	seen := map[string]bool{}
	for of = 0; len(lines) < n && of < 1_000_000; of++ {
		if text := line(r); !seen[text] && script(text) {
			seen[text] = true
			lines = append(lines, text)
		}
	}
	return lines, of
}

// bench is a folder for running scripts. The scripts may change nothing in the folder.
type bench struct{ dir, bin, work string }

func newBench(t *testing.T) bench {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-approve-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	b := bench{dir, dir + "/bin", dir + "/work"}
	standIn, err := exec.LookPath("true")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	install := func(from, to string) {
		if code, err := os.ReadFile(from); err != nil || os.WriteFile(to, code, 0o755) != nil {
			t.Fatalf("%s can't be copied to %s: %v", from, to, err)
		}
	}
	for _, d := range []string{b.bin, b.work + "/sub"} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Concat(mayStart, mayNot) {
		install(standIn, filepath.Join(b.bin, name))
	}
	install(self, b.dir+"/runner") // another user can start the runner here
	if err := os.WriteFile(b.work+"/a", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return b
}

// trace runs scripts under a shell and returns the programs started by each script.
func (b bench) trace(t *testing.T, shell string, scripts []string) [][]string {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		t.Fatalf("as root: apt-get install %s", shell)
	}
	tracer, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("as root: apt-get install strace")
	}
	file := filepath.Join(b.dir, shell+".scripts")
	if err := os.WriteFile(file, []byte(path+"\x00"+strings.Join(scripts, "\x00")+"\x00"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, tracer, "-f", "-qq", "--seccomp-bpf", "-s", "1000000", "-x", "-e", "trace=execve,execveat", "-e", "signal=none", b.dir+"/runner")
	cmd.Dir = b.work
	cmd.Env = []string{"PATH=" + b.bin, "HOME=" + b.work, "PWD=" + b.work, scriptRunner + "=" + file}
	// A shell with another reading of a script may do anything. Therefore the shell runs
	// as nobody, out of reach of others' processes.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 47112, Gid: 47112}
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC
	}
	var trace bytes.Buffer
	cmd.Stderr = &trace
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %.2000s", err, trace.String())
	}
	return starts(t, trace.String(), path)
}

var execve = regexp.MustCompile(`execve(?:at)?\((?:AT_FDCWD, )?"([^"]*)", \[(.*)`)

// starts splits a trace at the starts of the shell itself.
func starts(t *testing.T, trace, shell string) (all [][]string) {
	t.Helper()
	lines := bufio.NewScanner(strings.NewReader(trace))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		m := execve.FindStringSubmatch(lines.Text())
		switch {
		case m == nil || strings.HasSuffix(m[1], "/runner"):
		case m[1] == shell && strings.HasPrefix(m[2], strconv.Quote(shell)+`, "-c", `):
			all = append(all, nil)
		case len(all) == 0:
			t.Fatalf("started before any script: %s", lines.Text())
		default:
			all[len(all)-1] = append(all[len(all)-1], m[1])
		}
	}
	return all
}

// wrong lists the scripts that started a program outside of mayStart, and fails the test
// after a change of the folder.
func (b bench) wrong(t *testing.T, shell string, scripts []string) (bad []string) {
	t.Helper()
	ran := b.trace(t, shell, scripts)
	if len(ran) != len(scripts) {
		t.Fatalf("%s: the tracer tells of %d scripts, %d ran", shell, len(ran), len(scripts))
	}
	total := 0
	for i, started := range ran {
		total += len(started)
		for _, program := range started {
			if filepath.Dir(program) != b.bin || !slices.Contains(mayStart, filepath.Base(program)) {
				bad = append(bad, fmt.Sprintf("%s: %q starts %s", shell, scripts[i], program))
			}
		}
	}
	if total < len(scripts)/2 {
		t.Errorf("%s: only %d programs were started by %d scripts", shell, total, len(scripts))
	}
	if entries, err := os.ReadDir(b.work); err != nil || len(entries) != 2 {
		t.Errorf("%s: the scripts changed their folder: %v %v", shell, entries, err)
	}
	return bad
}

// TestShellsReadAlike makes 2,000 accepted lines from words with a meaning in a shell,
// and checks that no line starts an unknown program, in any of the shells.
func TestShellsReadAlike(t *testing.T) {
	const seed, count = 20261130, 2000
	b := newBench(t)
	for _, shell := range []string{"bash", "dash", "zsh", "mksh"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			lines, of := letThrough(seed, count, func(text string) bool { return Script(shell, text) })
			if len(lines) < count {
				t.Fatalf("%d of %d lines are let through", len(lines), of)
			}
			for _, bad := range b.wrong(t, shell, lines) {
				t.Errorf("seed %d: %s", seed, bad)
			}
			t.Logf("%d lines of %d were let through", len(lines), of)
		})
	}
}

// TestTracerSees accepts lines by the parser alone, and checks that the lines start the
// canary. Otherwise the tests here could never fail.
func TestTracerSees(t *testing.T) {
	b := newBench(t)
	byParser := func(text string) bool {
		file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
		return err == nil && len(file.Stmts) > 0 && allOf(file.Stmts)
	}
	lines, _ := letThrough(1, 400, byParser)
	for _, shell := range []string{"bash", "dash", "zsh", "mksh"} {
		bad := b.wrong(t, shell, append(lines, "ls # x\\\ncanary"))
		if len(bad) == 0 || !strings.Contains(bad[len(bad)-1], "ls # x") {
			t.Errorf("%s: %d lines start what nobody sees in them", shell, len(bad))
		}
		t.Logf("%d of 401 lines, the first %s", len(bad), bad[0])
	}
}

// TestShellsDiffer checks that Script refuses lines on which shells and parser differ.
// The test runs the lines: after a change of a shell's reading, look at the line's row
// again.
func TestShellsDiffer(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct{ script, starts string }{ // starts: the shells in which the canary starts
		{"ls # x\\\ncanary", "bash dash zsh mksh"},
		{"ls #\\\ncanary", "bash dash zsh mksh"},
		{"ls =canary", ""},
		{"command cd sub", "zsh"}, // starts a program named command
		{"ls |& canary", "bash zsh mksh"},
		{"ls &>canary a", ""},
		{"repeat 1 canary", "bash dash zsh mksh"}, // zsh starts the canary, other shells a program named repeat
		{"noglob canary", "bash dash zsh mksh"},
		{"foreach x (a)\ncanary\nend", "zsh"},
		{"ls <(canary)", "bash zsh"},
		{"echo =(canary)", "zsh"},
		{"echo $'\\'canary'", ""},
		{"echo *(e:canary:)", "zsh"},
		{"select x in a; do canary; done <a", ""},
		{"ls ;; canary", ""},
		{"ls &! canary", "bash dash zsh mksh"},
	} {
		for _, shell := range []string{"bash", "dash", "zsh", "mksh"} {
			if Script(shell, c.script) {
				t.Errorf("%s: %q is let through", shell, c.script)
			}
			started := slices.ContainsFunc(b.trace(t, shell, []string{c.script})[0], func(p string) bool { return slices.Contains(mayNot, filepath.Base(p)) })
			if want := slices.Contains(strings.Fields(c.starts), shell); started != want {
				t.Errorf("%s: %q starts what it is not to: %v, not %v", shell, c.script, started, want)
			}
		}
	}
}
