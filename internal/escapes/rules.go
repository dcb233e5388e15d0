package escapes

import (
	"bytes"
	"slices"
	"strings"
)

// verdict is the decision about a string sequence.
type verdict uint8

const (
	undecided verdict = iota
	dropIt
	pass
	passQuery // pass; a terminal answers
	wrap      // pass; the body is searched for sequences
	wrapTmux  // likewise, with each ESC of the body doubled
)

// clipboard, file transfer and command channels among OSC numbers, by the
// terminals' own documents: xterm ctlseqs (52), kitty (5522 clipboard, 5113
// file transfer), GNU screen "Control Sequences" (83).
var droppedOSC = []int{52, 83, 5113, 5522}

// OSC numbers that can ask for a colour, a pointer shape or a capability; the answer
// holds no text of the command's choice.
var queryOSC = []int{4, 5, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 60, 61, 99}

// Keywords of OSC 1337 (and of the older form, 50) in lower case, from iTerm2's page
// "Proprietary Escape Codes".
var dropped1337 = []string{
	"file", "multipartfile", "filepart", "fileend", "requestupload",
	"copy", "copytoclipboard", "endcopy", "reportvariable",
}

// longestNumber is how many digits, leading zeros aside, an OSC number or the first
// parameter of a window operation may have. No terminal knows longer numbers, but a
// terminal might cut a longer number down to a known number.
const longestNumber = 5

// judgeOSC decides about an operating system command by the known part.
func judgeOSC(norm []byte, ended bool) verdict {
	s := bytes.TrimLeft(norm, " +")
	n := digits(s)
	if n == len(s) && !ended {
		return undecided
	}
	if n == 0 {
		return pass
	}
	number, ok := atoi(s[:n])
	rest := bytes.TrimLeft(s[n:], " ;")
	switch {
	case !ok || slices.Contains(droppedOSC, number):
		return dropIt
	case number == 1337:
		return judge1337(rest, ended)
	case number == 50:
		if bytes.IndexByte(rest, '?') >= 0 {
			return dropIt // a terminal answers with the font's name, and the command can set the name
		}
		if v := judge1337(rest, ended); v == dropIt {
			return v
		}
		if !ended {
			return undecided
		}
	case slices.Contains(queryOSC, number):
		if bytes.IndexByte(rest, '?') >= 0 {
			return passQuery
		}
		if !ended && len(rest) < maxSeq/2 {
			return undecided
		}
	}
	return pass
}

// judge1337 decides by the keyword. The keyword ends at = or ; or with the string.
func judge1337(s []byte, ended bool) verdict {
	end := bytes.IndexAny(s, "=;:")
	if end < 0 {
		if !ended && len(s) < 64 {
			return undecided
		}
		end = len(s)
	}
	key := strings.ToLower(strings.TrimSpace(string(s[:end])))
	switch {
	case slices.Contains(dropped1337, key):
		return dropIt
	case key == "reportcellsize":
		return passQuery
	}
	return pass
}

// judgeAPC decides about an application program command: kitty's graphics may carry
// pixels, but not name a file or shared memory to read from.
func judgeAPC(norm []byte, ended bool) verdict {
	if len(norm) == 0 {
		return passIf(ended)
	}
	if norm[0] != 'G' {
		return pass
	}
	control, _, whole := bytes.Cut(norm[1:], []byte(";"))
	if !whole && !ended {
		return undecided
	}
	quiet := false
	for _, field := range strings.Split(string(control), ",") {
		key, value, _ := strings.Cut(strings.ReplaceAll(field, " ", ""), "=")
		if key == "t" && value != "d" {
			return dropIt
		}
		quiet = quiet || key == "q" && value == "2"
	}
	if quiet {
		return pass
	}
	return passQuery
}

// judgeDCS decides about a device control string: parameters, intermediate bytes, a final
// byte, and then the body.
func judgeDCS(norm []byte, ended bool) verdict {
	n := 0
	for n < len(norm) && norm[n] >= 0x30 && norm[n] < 0x40 {
		n++
	}
	params := norm[:n]
	for n < len(norm) && norm[n] >= 0x20 && norm[n] < 0x30 {
		n++
	}
	if n == len(norm) {
		return passIf(ended)
	}
	kind := string(norm[len(params) : n+1])
	body := norm[n+1:]
	switch {
	case kind == "$q":
		return judgeBody(body, ended, isSetting)
	case kind == "+q":
		return judgeBody(body, ended, isHexNames)
	case kind == "!z", kind == "|" && !isPrivate(params):
		return dropIt
	case kind == "p":
		if first, ok := atoi(params[:digits(params)]); !ok || first == 1000 || first == 2000 {
			return dropIt
		}
	case kind == "@":
		return prefixed(body, "kitty-", ended, dropIt)
	case norm[n] == 't':
		return prefixed(body, "mux;", ended, wrapTmux)
	}
	return wrap
}

func passIf(ended bool) verdict {
	if ended {
		return pass
	}
	return undecided
}

// judgeBody passes a request if ok accepts the body at every point.
func judgeBody(body []byte, ended bool, ok func([]byte, bool) bool) verdict {
	switch {
	case !ok(body, ended):
		return dropIt
	case ended:
		return passQuery
	}
	return undecided
}

// isSetting reports whether s can be the name of a setting in DECRQSS: the end of the
// sequence for the setting, up to two intermediate bytes and a final byte. Terminals have
// echoed anything else (CVE-2008-2383).
func isSetting(s []byte, ended bool) bool {
	n := 0
	for n < len(s) && s[n] >= 0x20 && s[n] < 0x30 {
		n++
	}
	if n > 2 || len(s) > n+1 {
		return false
	}
	if len(s) == n {
		return !ended || n == 0
	}
	return s[n] >= 0x40 && s[n] < 0x7f
}

// isHexNames reports whether s is a list of names in hexadecimal, in the form of
// XTGETTCAP.
func isHexNames(s []byte, _ bool) bool {
	for _, c := range s {
		if !strings.ContainsRune("0123456789abcdefABCDEF;", rune(c)) {
			return false
		}
	}
	return true
}

// prefixed returns yes if body begins with want, wrap if not, and undecided while both
// are possible.
func prefixed(body []byte, want string, ended bool, yes verdict) verdict {
	switch {
	case len(body) >= len(want) && string(body[:len(want)]) == want:
		return yes
	case ended || !strings.HasPrefix(want, string(body)):
		return wrap
	}
	return undecided
}

func isPrivate(params []byte) bool { return len(params) > 0 && params[0] >= 0x3c }

func digits(s []byte) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// atoi reads a decimal number from digits; no digits are 0. atoi refuses numbers longer than
// longestNumber.
func atoi(s []byte) (int, bool) {
	s = bytes.TrimLeft(s, "0")
	if len(s) > longestNumber {
		return 0, false
	}
	n := 0
	for _, c := range s {
		n = 10*n + int(c-'0')
	}
	return n, true
}

// sequence is a control sequence, CSI, taken apart.
type sequence struct {
	private byte // '<', '=', '>' or '?', otherwise 0
	params  []byte
	inter   string
	final   byte
}

func parseCSI(norm []byte, final byte) sequence {
	s := sequence{final: final}
	if isPrivate(norm) {
		s.private, norm = norm[0], norm[1:]
	}
	n := 0
	for n < len(norm) && norm[n] >= 0x30 {
		n++
	}
	s.params, s.inter = norm[:n], string(norm[n:])
	return s
}

// first is the first parameter, 0 if absent.
func (s sequence) first() (int, bool) { return atoi(s.params[:digits(s.params)]) }

// each calls do for each number among parameters. Further parts of a parameter, behind a
// colon, don't count.
func each(params []byte, do func(n int)) {
	for len(params) > 0 {
		var field []byte
		field, params, _ = bytes.Cut(params, []byte(";"))
		if n, ok := atoi(field[:digits(field)]); ok {
			do(n)
		}
	}
}

// zero reports whether all parameters are 0 or absent.
func zero(params []byte) bool {
	for _, c := range params {
		if c != '0' && c != ';' {
			return false
		}
	}
	return true
}

// dropped reports whether s is a title report (XTWINOPS 20 and 21), a mark that only a
// terminal itself may send (bracketed paste, 200 and 201), or the way into the mode of a
// VT52 (DECANM).
func (s sequence) dropped() bool {
	if s.private == '?' && s.inter == "" && s.final == 'l' {
		vt52 := false
		each(s.params, func(n int) { vt52 = vt52 || n == 2 })
		return vt52
	}
	if s.private != 0 || s.inter != "" {
		return false
	}
	n, ok := s.first()
	switch s.final {
	case 't':
		return !ok || n == 20 || n == 21
	case '~':
		return !ok || n == 200 || n == 201
	}
	return false
}

// asks reports whether a terminal answers s by typing (xterm ctlseqs, kitty keyboard
// protocol).
func (s sequence) asks() bool {
	if s.private == 0 && s.inter == "" {
		n, _ := s.first()
		return s.final == 'c' || s.final == 'n' || s.final == 'x' || s.final == 't' && n >= 11 && n <= 19
	}
	name := s.inter + string(rune(s.final))
	if s.private != 0 {
		name = string(rune(s.private)) + name
	}
	switch name {
	case ">c", "=c", "?n", "$p", "?$p", "?u", ">q", "?S", "?m",
		"*y", "$w", "&u", "'|", "$u", "\"v", "#S", "#R", "#|":
		return true
	}
	return false
}
