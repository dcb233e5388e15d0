package cmdline

import (
	"slices"
	"strings"
	"testing"
)

// split reads a line by the documented rules of CommandLineToArgvW: the tests on Windows
// compare with Windows's own function.
func split(line string) (argv []string) {
	name, rest, _ := strings.Cut(line[1:], `"`) // Compose always quotes the name
	argv = append(argv, name)
	for {
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" {
			return argv
		}
		var arg strings.Builder
		quoted := false
		for rest != "" && (quoted || rest[0] != ' ' && rest[0] != '\t') {
			n := len(rest) - len(strings.TrimLeft(rest, `\`))
			if n > 0 && n < len(rest) && rest[n] == '"' {
				arg.WriteString(strings.Repeat(`\`, n/2))
				rest = rest[n:]
				if n%2 == 1 {
					arg.WriteByte('"')
					rest = rest[1:]
				}
				continue
			}
			switch {
			case n > 0:
				arg.WriteString(rest[:n])
				rest = rest[n:]
			case rest[0] == '"':
				quoted = !quoted
				rest = rest[1:]
			default:
				arg.WriteByte(rest[0])
				rest = rest[1:]
			}
		}
		argv = append(argv, arg.String())
	}
}

func TestCompose(t *testing.T) {
	for _, argv := range [][]string{
		{`C:\a b\c.exe`},
		{"x", "", " ", "a b", `a"b`, `a\b`, `a\\`, `a b\\`, `\"`, `\\"`, "\t", `"`, `""`, "ü€𝄞", "a\nb"},
	} {
		line, err := Compose(argv)
		if err != nil || !slices.Equal(split(line), argv) {
			t.Errorf("%q becomes %s, read as %q, %v", argv, line, split(line), err)
		}
	}
	for _, argv := range [][]string{nil, {`a"b`}, {"a", "b\x00c"}, {"a", strings.Repeat("x", mostUnits)}} {
		if line, err := Compose(argv); err == nil {
			t.Errorf("%.20q becomes %.40s", argv, line)
		}
	}
}

func TestBatch(t *testing.T) {
	line, err := Batch(`C:\cmd.exe`, `C:\a b\x.cmd`, []string{"", "a b", "a&b|c>d^(e)", `e\`})
	if want := `"C:\cmd.exe" /d /s /c ""C:\a b\x.cmd" "" "a b" "a&b|c>d^(e)" "e\\""`; err != nil || line != want {
		t.Errorf("%s, %v, want %s", line, err, want)
	}
	for _, arg := range []string{`"`, "%PATH%", "!x!", "a\nb", "a\rb", "a\x00"} {
		if line, err := Batch("cmd", "x.bat", []string{arg}); err == nil {
			t.Errorf("%q becomes %s", arg, line)
		}
	}
	if _, err := Batch("cmd", "%x%.bat", nil); err == nil {
		t.Error("a name is replaced")
	}
	for name, want := range map[string]bool{"a.bat": true, `C:\A.CMD`: true, "a.bat. .": true, "a.exe": false, "bat": false} {
		if IsBatch(name) != want {
			t.Errorf("IsBatch(%q) is %v", name, !want)
		}
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		argv []string
		want string // "" for an error, "-" for another form
	}{
		{[]string{`C:\cmd.exe`, "/d", "/c", `echo "a b" & dir`}, `"C:\cmd.exe" /d /s /c "echo "a b" & dir"`},
		{[]string{"cmd", "/S", "/K", "x"}, `"cmd" /S /K "x"`},
		{[]string{"cmd", "/c", `C:\a b\x.exe`, "y z", "", "w"}, `"cmd" /s /c ""C:\a b\x.exe" "y z" "" w"`},
		{[]string{"cmd", "/c", "a", `b"c`}, ""},
		{[]string{"cmd", "evil", "/c", "a"}, ""},
		{[]string{`c"md`, "/c", "a"}, ""},
		{[]string{"cmd", "/c", "a\x00"}, ""},
		{[]string{"cmd", "/c"}, "-"},
		{[]string{"cmd"}, "-"},
		{[]string{"/c", "x"}, "-"},
	} {
		line, ok, err := Text(c.argv)
		if ok == (c.want == "-") || (err != nil) != (c.want == "") || ok && err == nil && line != c.want {
			t.Errorf("%q: %s, %v, %v", c.argv, line, ok, err)
		}
	}
	for name, want := range map[string]bool{"cmd": true, `C:\Windows\System32\CMD.EXE`: true, "xcmd.exe": false, "": false} {
		if IsCmd(name) != want {
			t.Errorf("IsCmd(%q) is %v", name, !want)
		}
	}
}

func FuzzCompose(f *testing.F) {
	f.Add(`a b`, `c\"`, `\\`)
	f.Fuzz(func(t *testing.T, name, one, two string) {
		argv := []string{name, one, two}
		if line, err := Compose(argv); err == nil && !slices.Equal(split(line), argv) {
			t.Errorf("%q becomes %s, read as %q", argv, line, split(line))
		}
	})
}
