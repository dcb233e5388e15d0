package obstacle

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// mostNames bounds the names of a line.
const mostNames = 8

// names are the names in a line, as the line's form tells them apart.
type names struct {
	placed []string // quoted, or beside the error
	loose  []string // full paths anywhere
}

// namesOf finds the names that a hit may be about.
func namesOf(h hit) names {
	if strings.Contains(h.lower, "unable to create temporary file") { // git, of an object
		return names{placed: []string{".git/objects"}}
	}
	n := names{placed: h.quoted()}
	n.placed = append(n.placed, h.namedBefore()...)
	n.placed = append(n.placed, h.namedBehind()...)
	n.placed = append(n.placed, h.namedLater()...)
	if len(n.placed) == 0 {
		n.placed = h.namedEarlier()
	}
	if len(n.placed) == 0 {
		n.loose = fullPaths(h.line)
	}
	n.placed = slices.DeleteFunc(n.placed, h.elided)
	n.placed, n.loose = n.placed[:min(len(n.placed), mostNames)], n.loose[:min(len(n.loose), mostNames)]
	return n
}

// elided reports whether a name is no place that the act would change: a shortened name,
// and what a new symbolic link would lead to.
func (h hit) elided(name string) bool {
	return strings.HasSuffix(name, "...") || strings.HasSuffix(name, "…") ||
		strings.HasPrefix(name, "../") && (strings.Contains(h.lower, "symlink") || slices.ContainsFunc(h.after, func(line string) bool { return strings.Contains(line, "syscall symlink") }))
}

// closers are the marks that end a quoted name.
var closers = map[rune][]string{'\'': {"'"}, '"': {`"`}, '`': {"`", "'"}, '‘': {"’"}, '“': {"”"}, '„': {"“", "”"}, '«': {"»"}, '”': {"”"}}

// quoted returns the quoted names of the line.
func (h hit) quoted() []string {
	var out []string
	for _, name := range quotedIn(h.line) {
		if low := lowered(name); !strings.Contains(low, h.lower[h.at:h.end]) && !strings.Contains(low, "object at 0x") {
			out = append(out, name)
		}
	}
	return out
}

// quotedIn returns the quoted texts of a line. A mark within a word is an apostrophe.
func quotedIn(line string) []string {
	var out []string
	last := ' '
	for i := 0; i < len(line) && len(out) < mostNames; {
		r, size := utf8.DecodeRuneInString(line[i:])
		ends, opens := closers[r]
		if !opens || last < utf8.RuneSelf && isLetter(byte(last)) {
			i, last = i+size, r
			continue
		}
		text, width := untilQuote(line[i+size:], ends)
		if width == 0 {
			i, last = i+size, r
			continue
		}
		if strings.ContainsAny(text, "'\"`‘“") { // an error with a name of its own
			out = append(out, quotedIn(text)...)
		}
		if text = strings.Trim(text, " \u00a0\u202f"); text != "" { // French has spaces within the marks
			out = append(out, text)
		}
		i, last = i+size+width, ' '
	}
	return out
}

// untilQuote cuts a text at the first closing mark that ends a word; width is 0 without
// such a mark.
func untilQuote(rest string, ends []string) (text string, width int) {
	for _, end := range ends {
		for from := 0; ; {
			i := strings.Index(rest[from:], end)
			if i < 0 {
				break
			}
			at := from + i + len(end)
			if at == len(rest) || !isLetter(rest[at]) {
				return rest[:from+i], at
			}
			from = at
		}
	}
	return "", 0
}

// namedBefore returns the name directly before the error: "open /x: error",
// "sh: 1: cannot create x: error", "/x (error)".
func (h hit) namedBefore() []string {
	text := strings.TrimRight(h.line[:h.at], " :([,")
	if i := strings.LastIndex(lowered(text), "[errno"); i >= 0 {
		text = strings.TrimRight(text[:i], " :([")
	}
	text = argument(lastPart(text))
	if i := strings.Index(text, " - "); i >= 0 { // apt
		text = text[:i]
	}
	if text == "" || strings.ContainsAny(text, `'"‘“`) {
		return nil
	}
	if i := strings.Index(text, " /"); i >= 0 && text[0] != '/' {
		text = text[i+1:]
	}
	if text[0] == '/' {
		return fullIn(text)
	}
	words := strings.Fields(text)
	name := words[len(words)-1]
	if strings.Contains(name, "::") || strings.HasSuffix(name, "Error") || strings.HasSuffix(name, "Exception") || strings.HasSuffix(name, "!") {
		return nil
	}
	return []string{strings.TrimPrefix(name, "unix://")}
}

// argument returns the path of a call, as PHP names it: "file_put_contents(/x)".
func argument(text string) string {
	if call, path, found := strings.Cut(text, "(/"); found && !strings.HasSuffix(call, " ") {
		return "/" + strings.TrimRight(path, ")")
	}
	return text
}

// acts begin a part of a line that names no file: the file is in the part before.
var acts = map[string]bool{"cannot": true, "can't": true, "could": true, "failed": true, "connect": true, "bind": true, "listen": true, "open": true, "read": true, "write": true}

// lastPart returns the part of a line behind the last colon, or the part before, if the
// last part only names an act ("tar: /x: Cannot open").
func lastPart(text string) string {
	i := strings.LastIndex(text, ": ")
	if i < 0 {
		return text
	}
	part := text[i+2:]
	first, _, _ := strings.Cut(lowered(part), " ")
	if acts[first] && !strings.Contains(part, "/") && (first != "cannot" || strings.Count(part, " ") == 1) && strings.Contains(text[:i], "/") {
		return lastPart(text[:i])
	}
	return part
}

// fullIn returns a full path with its spaces, and the first word of the path; of several
// paths, each.
func fullIn(text string) []string {
	if strings.Contains(text[1:], " /") {
		return fullPaths(text)
	}
	text = strings.TrimRight(text, " .,;:)")
	if first, _, found := strings.Cut(text, " "); found {
		return []string{first, text}
	}
	return []string{text}
}

// namedBehind returns the name directly behind the error: "error: x" (zsh), "error: /x at
// -e line 1." (perl).
func (h hit) namedBehind() []string {
	rest, found := strings.CutPrefix(h.line[h.end:], ": ")
	if ruby, is := strings.CutPrefix(h.line[h.end:], " @ "); is { // Ruby: "error @ call - /x"
		_, rest, found = strings.Cut(ruby, " - ")
	}
	if !found || rest == "" || strings.ContainsAny(rest[:1], `'"‘“[(`) {
		return nil
	}
	if rest, _, _ = strings.Cut(rest, " at "); rest == "" {
		return nil
	}
	rest, _, _ = strings.Cut(rest, ", ")
	if rest[:1] == "/" {
		return fullIn(rest)
	}
	name, _, _ := strings.Cut(rest, " ")
	return []string{strings.TrimRight(name, ".,;:)")}
}

// laterKeys begin a line with a name, some lines behind the error: npm, node's errors as
// objects.
var laterKeys = []string{"npm error path ", "npm err! path ", "npm error dest ", "npm err! dest ", "npm error hostname ", "path: ", "dest: ", "hostname: ", "address: "}

// namedLater returns the names in lines behind the error.
func (h hit) namedLater() []string {
	var out []string
	for _, line := range h.after {
		low := lowered(line)
		for _, key := range laterKeys {
			if strings.HasPrefix(low, key) {
				out = append(out, strings.Trim(line[len(key):], `'" ,`))
			}
		}
	}
	return out
}

// namedEarlier returns the names in the lines before an error that stands alone: "failed
// to open `/x`", "Caused by:", "Permission denied (os error 13)".
func (h hit) namedEarlier() []string {
	alone := strings.Trim(h.line[h.end:], ". ") == "" || strings.Contains(h.lower, "(os error ") || h.sign == signUnwritten
	if !alone || strings.Trim(h.line[:h.at], " :0123456789└─>") != "" && h.sign != signUnwritten {
		return nil
	}
	var out []string
	for i := len(h.before) - 1; i >= 0; i-- {
		if out = quotedIn(h.before[i]); len(out) == 0 {
			out = fullPaths(h.before[i])
		}
		if len(out) > 0 {
			break
		}
	}
	return out
}

// fullPaths returns the words of a text that are full paths.
func fullPaths(text string) []string {
	var out []string
	for word := range strings.FieldsSeq(text) {
		word = strings.Trim(word, "\"'`,;:()[]{}<>")
		word = strings.TrimPrefix(strings.TrimPrefix(word, "unix://"), "file://")
		if strings.HasPrefix(word, "/") && len(word) > 1 && len(out) < mostNames {
			out = append(out, strings.TrimRight(word, ".'\"`,;:)]}>"))
		}
	}
	return out
}

// full returns a name as a full path, and whether the name itself is one.
func (s Seen) full(name string) (path string, whole, ok bool) {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "unix://"), "file://")
	if name == "" || len(name) > 4096 || strings.ContainsAny(name, "\x00\n") || strings.Contains(name, "://") {
		return "", false, false
	}
	if filepath.IsAbs(name) {
		return filepath.Clean(name), true, true
	}
	if s.Dir == "" || strings.HasPrefix(name, "~") {
		return "", false, false
	}
	return filepath.Join(s.Dir, name), false, true
}

// hostOf returns the host that a line about the network names, "" for none.
func hostOf(h hit) string {
	for _, mark := range []string{
		"could not resolve hostname ", "could not resolve host: ", "couldn't resolve host '", "unable to resolve host address ", "temporary failure resolving ",
		"could not resolve proxy: ", "enotfound ", "eai_again ", "econnrefused ", "enetunreach ", "host='", "host=\"", "unknownhostexception: ",
		"failed to connect to ", "connect to host ", "/dev/tcp/", "connect to address ", "dial tcp: lookup ", "lookup ", "dial tcp ", "dial udp ", "connect to ", "connecting to ", "tcp connection to ", "af=2 ", "tcp://", "http://", "https://", "ssh://", "git://",
	} {
		i := strings.Index(h.lower, mark)
		if i < 0 {
			continue
		}
		if host := hostIn(h.line[i+len(mark):]); host != "" {
			return host
		}
	}
	for _, name := range h.quoted() {
		if host := hostIn(name); host != "" && (strings.Contains(host, ".") || host == "localhost") && host == name {
			return host
		}
	}
	for _, name := range append(h.namedBefore(), h.namedLater()...) {
		if host := hostIn(name); host == name && strings.ContainsAny(host, ".:") {
			return host
		}
	}
	return ""
}

// hostIn returns the host at the begin of a text.
func hostIn(text string) string {
	text = strings.TrimLeft(text, "'\"‘“` ")
	if inner, found := strings.CutPrefix(text, "["); found {
		host, _, _ := strings.Cut(inner, "]")
		return onlyHost(host)
	}
	end := strings.IndexFunc(text, func(r rune) bool {
		return r >= utf8.RuneSelf || !isLetter(byte(r)) && r != '.' && r != '-' && r != ':'
	})
	if end >= 0 {
		text = text[:end]
	}
	text = strings.TrimRight(text, ".:")
	if strings.Count(text, ":") == 1 {
		text, _, _ = strings.Cut(text, ":")
	}
	return onlyHost(text)
}

// onlyHost returns a host's name or address, "" for another text.
func onlyHost(host string) string {
	if host == "" || len(host) > 253 || strings.Trim(host, ".-:") == "" {
		return ""
	}
	if !strings.ContainsAny(host, ".:") && host != "localhost" {
		return ""
	}
	return host
}
