package redact

import "strings"

// Args returns a command line for the log: each argument without its secrets, and without
// the value after an option for a secret (--token VALUE, and curl's -u USER:PASSWORD).
func Args(args []string) []string {
	out := make([]string, len(args))
	before := ""
	for i, a := range args {
		option := strings.HasPrefix(a, "-")
		user, _, pair := strings.Cut(a, ":")
		switch {
		case !option && namesSecret(before):
			out[i] = Mark
		case !option && pair && (before == "-u" || before == "--user"):
			out[i] = user + ":" + Mark
		default:
			out[i] = Text(a)
		}
		before = a
	}
	return out
}

// namesSecret reports whether an argument is an option whose value, the next
// argument, is a secret.
func namesSecret(arg string) bool {
	return len(arg) > 1 && arg[0] == '-' && !strings.Contains(arg, "=") && secretWord(strings.TrimLeft(arg, "-"))
}

// secretHeaders are the HTTP headers whose values are credentials, in lower case.
var secretHeaders = [...]string{"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key", "x-auth-token",
	"private-token", "x-gitlab-token", "x-amz-security-token", "x-goog-api-key"}

// redactHeaders replaces VALUE in each "Header: VALUE". VALUE ends at a quote or the end
// of the line.
func redactHeaders(s string) string {
	lower := asciiLower(s)
	var b strings.Builder
	from := 0
	for i := 0; i < len(s); i++ {
		if s[i] != ':' || !endsWithHeader(lower[from:i]) {
			continue
		}
		stop := i + 1
		for stop < len(s) && s[stop] != '"' && s[stop] != '\'' && s[stop] != '\n' {
			stop++
		}
		if strings.TrimSpace(s[i+1:stop]) == "" {
			continue
		}
		b.WriteString(s[from:i] + ": " + Mark)
		from, i = stop, stop-1
	}
	b.WriteString(s[from:])
	return b.String()
}

// asciiLower keeps every byte at its place, unlike strings.ToLower.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func endsWithHeader(lower string) bool {
	for _, h := range secretHeaders {
		if rest, ok := strings.CutSuffix(lower, h); ok && (rest == "" || !isWord(rest[len(rest)-1]) && rest[len(rest)-1] != '-') {
			return true
		}
	}
	return false
}
