// Package cmdline turns a list of arguments into the single line for starting a Windows
// program. Package cmdline works on text alone, the same on every system. Package cmdline
// must never make a line that is read back as other arguments: an inexpressible argument
// is an error.
package cmdline

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// mostUnits is the greatest length of a line, in UTF-16 units, with its end
// (CreateProcessW).
const mostUnits = 32767

// Compose makes the line for a program that reads arguments as CommandLineToArgvW does.
func Compose(argv []string) (string, error) {
	if len(argv) == 0 {
		return "", errors.New("there is no program")
	}
	// Other rules hold for the program's own name: no character can be escaped.
	if strings.ContainsAny(argv[0], "\"\x00") {
		return "", fmt.Errorf("the program's name %q holds a quote", argv[0])
	}
	var b strings.Builder
	b.WriteString(`"` + argv[0] + `"`)
	for _, arg := range argv[1:] {
		if strings.IndexByte(arg, 0) >= 0 {
			return "", errors.New("an argument holds a NUL")
		}
		b.WriteByte(' ')
		writeArg(&b, arg)
	}
	return bounded(b.String())
}

// writeArg quotes an argument: only backslashes before a quote count, and writeArg
// doubles those (CommandLineToArgvW).
func writeArg(b *strings.Builder, arg string) {
	if arg != "" && !strings.ContainsAny(arg, " \t\n\v\"") {
		b.WriteString(arg)
		return
	}
	b.WriteByte('"')
	backslashes := 0
	for i := range len(arg) {
		switch arg[i] {
		case '\\':
			backslashes++
			continue
		case '"':
			backslashes = 2*backslashes + 1
		}
		b.WriteString(strings.Repeat(`\`, backslashes))
		b.WriteByte(arg[i])
		backslashes = 0
	}
	b.WriteString(strings.Repeat(`\`, 2*backslashes))
	b.WriteByte('"')
}

// Batch makes the line by which cmd.exe, itself at shell, runs a batch file with
// arguments. cmd reads the line as a script: percent signs and exclamation marks are
// replaced even within quotes, and a quote would end the quotes. An argument with such a
// character is an error.
func Batch(shell, file string, args []string) (string, error) {
	words := append([]string{file}, args...)
	for i, w := range words {
		if at := strings.IndexAny(w, "\"%!\r\n\x00"); at >= 0 {
			what := "an argument"
			if i == 0 {
				what = "the name"
			}
			return "", fmt.Errorf("%s of a batch file holds %q, which cmd.exe would take for its own", what, w[at])
		}
		// If the file passes the argument on to a program, the program reads a backslash
		// before the quote as an escape.
		tail := w[len(strings.TrimRight(w, `\`)):]
		if i == 0 {
			tail = ""
		}
		words[i] = `"` + w + tail + `"`
	}
	if strings.ContainsAny(shell, "\"\x00") {
		return "", fmt.Errorf("the shell's name %q holds a quote", shell)
	}
	// /d: no program named by the registry comes first; /s: cmd removes only the outer
	// quotes.
	return bounded(`"` + shell + `" /d /s /c "` + strings.Join(words, " ") + `"`)
}

// Text makes the line for cmd.exe itself, if argv ends with /c or /k and text for cmd. A
// single word is a script and reaches cmd unchanged. Several words are a program with
// arguments; cmd may interpret parts of them, as it does for a user at the prompt. ok is
// false if argv has another form.
func Text(argv []string) (line string, ok bool, err error) {
	at := slices.IndexFunc(argv, func(a string) bool { return strings.EqualFold(a, "/c") || strings.EqualFold(a, "/k") })
	if at < 1 || at == len(argv)-1 {
		return "", false, nil
	}
	before := argv[:at]
	if !slices.ContainsFunc(before, func(a string) bool { return strings.EqualFold(a, "/s") }) {
		before = append(slices.Clone(before), "/s") // cmd removes only the outer quotes
	}
	for _, a := range argv {
		if strings.ContainsAny(a, "\x00") {
			return "", true, errors.New("an argument holds a NUL")
		}
	}
	for i, a := range before {
		if strings.ContainsAny(a, "\"") || i > 0 && !strings.HasPrefix(a, "/") {
			return "", true, fmt.Errorf("%q is no switch of cmd.exe", a)
		}
	}
	text := argv[at+1]
	if words := slices.Clone(argv[at+1:]); len(words) > 1 {
		for i, w := range words {
			if strings.IndexByte(w, '"') >= 0 {
				return "", true, fmt.Errorf("a word for cmd.exe holds a quote: %q", w)
			}
			if strings.ContainsAny(w, " \t") || w == "" {
				words[i] = `"` + w + `"`
			}
		}
		text = strings.Join(words, " ")
	}
	line = `"` + before[0] + `" ` + strings.Join(append(before[1:], argv[at]), " ") + ` "` + text + `"`
	line, err = bounded(line)
	return line, true, err
}

// IsCmd reports whether the name of a file is cmd.exe's.
func IsCmd(file string) bool {
	name := strings.ToLower(file[strings.LastIndexAny(file, `\/`)+1:])
	return name == "cmd.exe" || name == "cmd"
}

// IsBatch reports whether cmd.exe runs a file, whatever its content.
func IsBatch(file string) bool {
	// The system drops dots and spaces at the end of a name.
	name := strings.ToLower(strings.TrimRight(file, ". "))
	return strings.HasSuffix(name, ".bat") || strings.HasSuffix(name, ".cmd")
}

func bounded(line string) (string, error) {
	if n := len(utf16.Encode([]rune(line))); n >= mostUnits {
		return "", fmt.Errorf("the command line has %d characters, at most %d can be passed on", n, mostUnits-1)
	}
	return line, nil
}
