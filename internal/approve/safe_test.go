package approve

import (
	"strings"
	"testing"
)

func TestScript(t *testing.T) {
	for _, text := range []string{
		"ls", "ls -la src", "cat a 'b c' \"d\"", "cat a | head -n 3 | wc -l", "cd src && git status && git diff HEAD~1", "pwd; ls",
		"git log --oneline -n 3", "grep -r 'x|y' .", "find . -name '*.go' -type f", "rg -n pattern src", "sed -n 3p file", "sed -n 3,9p file",
		"echo a || true", "ls\npwd", "l''s", "'ls' \"-l\"", "grep 'a\\|b!' x", "git show HEAD~1:x", "ls\n\npwd\n", "ls --color=never",
	} {
		if !Script("bash", text) {
			t.Errorf("%q is not taken for looking", text)
		}
	}
	for _, text := range []string{
		"", " ", "# nothing", "rm x", "ls; rm x", "ls && rm x", "ls | sh", "ls > file", "ls >> file", "cat < file", "cat <<E\nx\nE",
		"echo $(rm x)", "echo `rm x`", "echo \"$(rm x)\"", "echo $HOME", "X=1 ls", "PATH=. ls", "ls &", "! ls", "(ls)", "{ ls; }", "f() { rm x; }; f",
		"if true; then ls; fi", "for x in a; do ls; done", "./ls", "/tmp/ls", "bin/cat x", "ls *", "cat ~/x", "cat =ls", "cat [ab]", "l\\s", "echo $'a'",
		"git", "git push", "git -c core.pager=evil log", "git --exec-path=x status", "git -C x status", "git diff --ext-diff", "git diff --output=x",
		"git diff --outp=x", "git diff --o x", "git log --textconv", "git diff --ext-d", "git diff --ex", "git log --textc", "git diff --out", "git branch -D x", "git commit -m x",
		"find . -exec rm {} +", "find . -delete", "find . -fprintf x y", "find . -ok rm x",
		"rg --pre evil x", "rg --pre=evil x", "rg -z x", "rg -nz x", "rg --hostname-bin=x y",
		"sed -i s/a/b/ x", "sed -n 's/a/b/w x' f", "sed -n 1e", "sed -n wp", "sed s/a/b/ x", "sed -n 3p -i", "sed -n 3p f -i",
		"cd", "cd -", "cd -P x", "ls 'unfinished", "exec ls", "eval ls", "xargs ls", "env ls", "sudo ls", "time ls", "command rm x", "ls; [[ x ]]", "diff <(ls) x",
		"git log --format='%G?'", "git log --help", "git diff GIT_EXTERNAL_DIFF=x", "cat a\\\r\ncanary", "cut -f1}", "git show --remerge-diff", "git diff --no-such", "find . -files0-from x", "find . -new", "rg --no-such x", "rg --search-zip x",
		"ls # x\\\nrm a", "ls # x", "ls #x\nrm a", "ls \\\nrm", "ls\rrm a", "ls\u00a0x", "ls \xff", "ls |& cat", "ls ^x", "cat x:~ y", "cat a=~", "ls !x", "echo \"a!b\"",
		"echo \"a\\b\"", "command cd x", "ls {a,b}", "ls ]", "ls }", "ls \x00", "noglob ls", "- ls", "repeat 2 ls", "echo $", "echo \"$\"", "ls ü",
	} {
		if Script("bash", text) {
			t.Errorf("%q is taken for looking", text)
		}
	}
}

// TestOtherShells checks that a script for a shell with another grammar needs an
// approval.
func TestOtherShells(t *testing.T) {
	for _, shell := range []string{"fish", "/usr/bin/fish", "tcsh", "powershell.exe", "cmd", "ksh93", "", "python3"} {
		if Script(shell, "ls") {
			t.Errorf("a script for %q is let through", shell)
		}
	}
	if !Script("/bin/sh", "ls") {
		t.Error("ls is asked about")
	}
}

// TestDeepScript checks that endless nesting needs an approval, and doesn't end the
// program.
func TestDeepScript(t *testing.T) {
	for _, part := range []string{"(", "$((", "$(", "{ ", "[[ (", "\"$(", "if true; then ", "a|", "! "} {
		if Script("/bin/bash", strings.Repeat(part, 8<<20/len(part))) {
			t.Errorf("%q is taken for looking", part)
		}
	}
	if !Script("bash", "ls "+strings.Repeat("x", maxScript-3)) || Script("bash", "ls "+strings.Repeat("x", maxScript-2)) {
		t.Error("the bound is elsewhere")
	}
}

func FuzzScript(f *testing.F) {
	f.Add("ls | cat")
	f.Add("git diff --output=x")
	f.Fuzz(func(t *testing.T, text string) { Script("bash", text) })
}
