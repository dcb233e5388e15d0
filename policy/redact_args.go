package policy

import "strings"

// RedactArgs gives a command line that can be logged: each argument without its
// secrets, and without the value that follows an option for one (--token VALUE).
func RedactArgs(args []string) []string {
	out := make([]string, len(args))
	secret := false
	for i, a := range args {
		if secret && !strings.HasPrefix(a, "-") {
			out[i], secret = Redacted, false
			continue
		}
		out[i] = Redact(a)
		secret = len(a) > 1 && a[0] == '-' && !strings.Contains(a, "=") && secretWord(strings.TrimLeft(a, "-"))
	}
	return out
}
