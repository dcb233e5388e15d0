// Package redact removes secrets from text for the log: values of well-known shapes, and
// values behind telling names. Package redact must never keep a removed secret.
package redact

import "strings"

// Mark stands in for a secret in text.
const Mark = "[redacted]"

// scanWindow bounds the length of a candidate, in bytes: a text made of many beginnings
// costs no more than its length times scanWindow.
const scanWindow = 512

// tokenShape is the public form of an issuer's tokens. The prefixes and lengths are the
// issuers' own as secret scanners collect them (gitleaks, detect-secrets); minimum
// lengths are a little below the real lengths.
type tokenShape struct {
	prefix string
	min    int    // least number of characters after the prefix
	extra  string // allowed after the prefix beside letters and digits
}

var tokenShapes = [...]tokenShape{
	{"ghp_", 16, "_"}, {"gho_", 16, "_"}, {"ghu_", 16, "_"}, {"ghs_", 16, "_"}, {"ghr_", 16, "_"},
	{"github_pat_", 16, "_"},
	{"glpat-", 16, "_-."}, {"glptt-", 16, "_-"}, {"gldt-", 16, "_-"}, {"glrt-", 16, "_-"}, {"glcbt-", 16, "_-"}, {"glsoat-", 16, "_-"},
	{"sk-ant-", 16, "_-"}, {"sk-proj-", 16, "_-"}, {"sk-or-", 16, "_-"}, {"sk-svcacct-", 16, "_-"}, {"sk-admin-", 16, "_-"},
	{"sk_live_", 16, ""}, {"sk_test_", 16, ""}, {"rk_live_", 16, ""}, {"rk_test_", 16, ""}, {"whsec_", 24, "+/="},
	{"xoxa-", 10, "-"}, {"xoxb-", 10, "-"}, {"xoxc-", 10, "-"}, {"xoxd-", 10, "-%"}, {"xoxe-", 10, "-"}, {"xoxe.", 10, "-"},
	{"xoxo-", 10, "-"}, {"xoxp-", 10, "-"}, {"xoxr-", 10, "-"}, {"xoxs-", 10, "-"}, {"xapp-", 10, "-"},
	{"AIza", 35, "_-"}, {"ya29.", 20, "_-"}, {"GOCSPX-", 20, "_-"},
	{"npm_", 36, ""}, {"pypi-AgE", 40, "_-"}, {"rubygems_", 40, ""}, {"dckr_pat_", 20, "_-"}, {"dckr_oat_", 20, "_-"},
	{"hf_", 30, ""}, {"gsk_", 40, ""}, {"xai-", 60, ""}, {"pplx-", 40, ""}, {"r8_", 36, ""}, {"nvapi-", 50, "_-"},
	{"hvs.", 20, "_-"}, {"hvb.", 20, "_-"}, {"dop_v1_", 40, ""}, {"doo_v1_", 40, ""}, {"shpat_", 32, ""}, {"shpss_", 32, ""},
	{"SG.", 40, "_-."}, {"lin_api_", 32, ""}, {"figd_", 30, "_-"}, {"ATATT3x", 40, "_-="}, {"ATCTT3x", 40, "_-="}, {"ATBB", 28, ""},
	{"sntrys_", 40, "_+/="}, {"sntryu_", 40, ""}, {"tskey-", 20, "-"}, {"ops_eyJ", 40, "+/="}, {"dapi", 32, ""}, {"PMAK-", 40, "-"},
	{"AGE-SECRET-KEY-1", 40, ""},
}

// LooksSecret reports whether the value holds a well-known shape of token, a private key
// block, or a URL with a password.
func LooksSecret(value string) bool {
	_, _, found := nextSecret(value, 0)
	return found
}

// Text replaces, for the log, the secrets that LooksSecret finds, the values of
// assignments to secret-looking names (PASSWORD=…, --token=…) and the values of HTTP
// headers with credentials.
func Text(s string) string {
	var b strings.Builder
	from := 0
	for {
		start, end, found := nextSecret(s, from)
		if !found {
			break
		}
		b.WriteString(s[from:start])
		b.WriteString(Mark)
		from = end
	}
	b.WriteString(s[from:])
	return redactAssignments(redactHeaders(b.String()))
}

// nextSecret finds the first secret at or after from.
func nextSecret(s string, from int) (start, end int, found bool) {
	for i := from; i < len(s); i++ {
		if s[i] == ':' {
			if a, z, ok := urlPassword(s, i); ok {
				return a, z, true
			}
			continue
		}
		if i > 0 && isWord(s[i-1]) {
			continue
		}
		if n := secretAt(s[i:]); n > 0 {
			return i, i + n, true
		}
	}
	return 0, 0, false
}

// secretAt returns the length of the secret at the beginning of s, or 0.
func secretAt(s string) int {
	switch s[0] {
	case '-':
		return privateKey(s)
	case 'A':
		if n := awsKeyID(s); n > 0 {
			return n
		}
	case 'e':
		return jsonWebToken(s)
	case 's':
		if n := plainSK(s); n > 0 {
			return n
		}
	case ' ', '/', '.', '=', ',', '"', '\'', '_':
		return 0
	}
	for i := range tokenShapes {
		t := &tokenShapes[i]
		if s[0] != t.prefix[0] || !strings.HasPrefix(s, t.prefix) {
			continue
		}
		if tail := s[len(t.prefix):]; run(tail, t.extra, t.min) >= t.min {
			return len(t.prefix) + run(tail, t.extra, len(tail))
		}
	}
	return 0
}

// privateKey takes a PEM block with PRIVATE KEY in its label, up to the end line, or to
// the end of the text without an end line.
func privateKey(s string) int {
	const begin = "-----BEGIN "
	if !strings.HasPrefix(s, begin) {
		return 0
	}
	label, _, ok := strings.Cut(s[len(begin):min(len(s), len(begin)+64)], "-----")
	if !ok || !strings.Contains(label, "PRIVATE KEY") {
		return 0
	}
	end := "-----END " + label + "-----"
	if i := strings.Index(s, end); i >= 0 {
		return i + len(end)
	}
	return len(s)
}

// awsKeyID takes AKIA or ASIA and exactly 16 characters of base 32.
func awsKeyID(s string) int {
	const length = 20
	if len(s) < length || !strings.HasPrefix(s, "AKIA") && !strings.HasPrefix(s, "ASIA") {
		return 0
	}
	for i := 4; i < length; i++ {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return 0
		}
	}
	if len(s) > length && isWord(s[length]) {
		return 0
	}
	return length
}

// plainSK takes sk- and a tail that can't be a word or a path of words: at least 16
// letters and digits in a row with a digit among them.
func plainSK(s string) int {
	if !strings.HasPrefix(s, "sk-") {
		return 0
	}
	tail := s[3:]
	length, digit := 0, false
	for i := range run(tail, "_-", scanWindow) {
		c := tail[i]
		if !isAlnum(c) {
			length, digit = 0, false
			continue
		}
		length++
		digit = digit || c >= '0' && c <= '9'
		if length >= 16 && digit {
			return 3 + run(tail, "_-", len(tail))
		}
	}
	return 0
}

// jsonWebToken takes three parts in base64url, the first two of them JSON
// objects (eyJ is the beginning of one).
func jsonWebToken(s string) int {
	const object, extra = "eyJ", "_-"
	if !strings.HasPrefix(s, object) {
		return 0
	}
	head := run(s, extra, scanWindow)
	if !strings.HasPrefix(s[head:], "."+object) {
		return 0
	}
	body := head + 1
	body += run(s[body:], extra, len(s))
	if body < len(s) && s[body] == '.' {
		body++
		body += run(s[body:], extra, len(s))
	}
	return body
}

// urlPassword takes the password of scheme://user:password@host; i is the offset of the
// scheme's colon.
func urlPassword(s string, i int) (start, end int, ok bool) {
	if !strings.HasPrefix(s[i:], "://") {
		return 0, 0, false
	}
	colon := -1
	for j := i + 3; j < len(s) && j < i+scanWindow; j++ {
		switch c := s[j]; {
		case c == ':' && colon < 0:
			colon = j
		case c == '@':
			if colon < 0 || colon+1 == j || s[colon+1:j] == Mark {
				return 0, 0, false
			}
			return colon + 1, j, true
		case c == '/' || c <= ' ' || c == '"' || c == '\'' || c == '$':
			return 0, 0, false
		}
	}
	return 0, 0, false
}

// run counts the leading letters, digits and characters of extra, up to limit.
func run(s, extra string, limit int) int {
	n := 0
	for n < len(s) && n < limit && (isAlnum(s[n]) || strings.IndexByte(extra, s[n]) >= 0) {
		n++
	}
	return n
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isWord(c byte) bool { return isAlnum(c) || c == '_' }

// redactAssignments replaces VALUE in each NAME=VALUE with a NAME for secrets. The value
// ends at white space or a quote.
func redactAssignments(s string) string {
	var b strings.Builder
	from := 0
	for i := 0; i < len(s); i++ {
		if s[i] != '=' {
			continue
		}
		start := i
		for start > from && i-start < 128 && (isWord(s[start-1]) || s[start-1] == '-') {
			start--
		}
		if !secretWord(s[start:i]) {
			continue
		}
		end := i + 1
		if end < len(s) && (s[end] == '"' || s[end] == '\'') {
			end++
		}
		stop := end
		for stop < len(s) && s[stop] > ' ' && s[stop] != '"' && s[stop] != '\'' {
			stop++
		}
		if stop == end {
			continue
		}
		b.WriteString(s[from:end])
		b.WriteString(Mark)
		from, i = stop, stop-1
	}
	if from == 0 {
		return s
	}
	b.WriteString(s[from:])
	return b.String()
}

// secretWord reports whether a name in free text means a secret. secretWord is narrower
// than the environment's default excludes: --sort-key=x is no secret.
func secretWord(name string) bool {
	name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
	for _, w := range [...]string{"token", "secret", "password", "passwd", "passphrase", "credential", "api_key", "apikey", "access_key", "private_key"} {
		if strings.Contains(name, w) && !strings.Contains(name, "max_token") {
			return true
		}
	}
	return false
}
