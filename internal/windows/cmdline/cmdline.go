// Package cmdline turns a list of arguments into the one line that a Windows
// program is started with. It is plain text work, the same on every system. It must
// never make a line that is read back as other arguments: what can't be said safely
// is an error.
package cmdline

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// mostUnits is how long a line may be, in UTF-16 units, with its end (CreateProcessW).
const mostUnits = 32767

// Compose makes the line for a program that reads it as CommandLineToArgvW does.
func Compose(argv []string) (string, error) {
	if len(argv) == 0 {
		return "", errors.New("there is no program")
	}
	// The program's own name is read by other rules: nothing can be escaped in it.
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

// writeArg quotes one argument: backslashes count only before a quote, where they
// are doubled (CommandLineToArgvW).
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
// arguments. cmd reads what it is given as a script: percent signs and exclamation
// marks are replaced even within quotes, and a quote would end them, so an argument
// with one of these is an error.
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
		// A program that the file hands it to reads a backslash before the quote as one
		// that escapes it.
		tail := w[len(strings.TrimRight(w, `\`)):]
		if i == 0 {
			tail = ""
		}
		words[i] = `"` + w + tail + `"`
	}
	if strings.ContainsAny(shell, "\"\x00") {
		return "", fmt.Errorf("the shell's name %q holds a quote", shell)
	}
	// /d: no program that the registry names comes first; /s: only the outer quotes
	// are taken off.
	return bounded(`"` + shell + `" /d /s /c "` + strings.Join(words, " ") + `"`)
}

// Text makes the line for cmd.exe itself, where argv ends with /c or /k and what cmd
// is to run: one word is a script and reaches cmd as it is; several are a program with
// its arguments, which cmd may take for its own in part, as it does for who types them.
// ok is false where argv is not of that kind.
func Text(argv []string) (line string, ok bool, err error) {
	at := slices.IndexFunc(argv, func(a string) bool { return strings.EqualFold(a, "/c") || strings.EqualFold(a, "/k") })
	if at < 1 || at == len(argv)-1 {
		return "", false, nil
	}
	before := argv[:at]
	if !slices.ContainsFunc(before, func(a string) bool { return strings.EqualFold(a, "/s") }) {
		before = append(slices.Clone(before), "/s") // only the outer quotes are taken off
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

// IsCmd reports whether a file is cmd.exe, by its name.
func IsCmd(file string) bool {
	name := strings.ToLower(file[strings.LastIndexAny(file, `\/`)+1:])
	return name == "cmd.exe" || name == "cmd"
}

// IsBatch reports whether a file is run by cmd.exe, whatever is in it.
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
