//go:build unix

package gitconf

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// The parts of random configurations; the usual ones stand first.
var (
	fileHeads  = []string{"[core]", "[Core]", "[include]", "[a \"b c\"]", "[a \"B\\\"c\"]", "[a.B.c]", "[A\t\"x\\y\"]", "[filter \"é#;\"]", "[-1]", "[]", "[.]", "[a \"\"]", "[ core]", "[core ]", "[a \"b\" ]", "[a\n\"b\"]", "[a \"b]"}
	fileKeys   = []string{"hooksPath", "k", "Path", "a-b", "x1", "fsmonitor", "1a", "a_b", "-a"}
	fileSigns  = []string{"=", " = ", "\t=\t", "", " ", "  =", "\r=", " \v="}
	fileValues = []string{"x", "/a b", "a  b", "a\tb", "\"q # r\"", "\\\"", "\\\\", "\\t", "\\n", "\\b", "\\\n", "\\\r\n", " ", "\t", "\r", "#c", ";c", "\"a\"b", "é", "\xff", "\v", "~/x", "!f() { \\\"$1\\\"; }; f", "\"\"", "\u00a0"}
	fileBad    = []string{"\"", "\\\r", "\\x", "\\", "\x01"}
	fileEnds   = []string{"\n", "\n", "\n", "\r\n", " \n", "\r", "", " # c\n", "\n\n"}
	filePieces = []string{"[", "]", "\"", "\\", "\n", "\r\n", "\r", " ", "\t", "#", ";", "=", ".", "a", "Core", "hooksPath", "\\\n", "\\\r\n", "\\\r", "\\t", "\\x", "\\\"", "\\\\", "[core]\n", "[a \"b\"]", "[a.B]", "k = v\n", "k\n", "k=", " x  y ", "\xef\xbb\xbf", "\xef", "\xff", "\v", "\f", "\x00", "\x01", "-", "_", "1", "\"q # r\"", "# c\n", "; c\r\n", "[includeIf \"gitdir:/x\"]\n"}
)

// pick returns a part, more often a usual one.
func pick(r *rand.Rand, parts []string) string {
	if r.IntN(3) > 0 {
		return parts[r.IntN(min(len(parts), 7))]
	}
	return parts[r.IntN(len(parts))]
}

// usual returns one of the first n parts, seldom another.
func usual(r *rand.Rand, parts []string, n int) string {
	if r.IntN(15) > 0 {
		return parts[r.IntN(n)]
	}
	return parts[r.IntN(len(parts))]
}

// some returns up to n parts.
func some(r *rand.Rand, parts []string, n int) string {
	var out strings.Builder
	for range r.IntN(n + 1) {
		out.WriteString(parts[r.IntN(len(parts))])
	}
	return out.String()
}

// randomFile returns a configuration, mostly one that git reads.
func randomFile(r *rand.Rand) []byte {
	var out strings.Builder
	if r.IntN(20) == 0 {
		out.WriteString("\xef\xbb\xbf")
	}
	if r.IntN(4) == 0 {
		out.WriteString(some(r, filePieces, 24))
	} else {
		for range 1 + r.IntN(5) {
			if r.IntN(2) == 0 {
				out.WriteString(usual(r, fileHeads, 9) + pick(r, []string{"\n", "\n", " ", "", "\r\n", "\t", "#c\n"}))
			}
			value := some(r, fileValues, 5)
			if r.IntN(12) == 0 {
				value += some(r, fileBad, 1) + some(r, fileValues, 2)
			}
			out.WriteString(usual(r, fileKeys, 6) + usual(r, fileSigns, 3) + value + pick(r, fileEnds))
		}
	}
	return mutated(r, []byte(out.String()))
}

// mutated changes a few bytes, mostly none.
func mutated(r *rand.Rand, b []byte) []byte {
	for n := r.IntN(8) - 5; n > 0 && len(b) > 0; n-- {
		at := r.IntN(len(b))
		switch r.IntN(3) {
		case 0:
			b[at] = byte(r.IntN(256))
		case 1:
			b = append(b[:at], b[at+1:]...)
		case 2:
			b = append(b[:at:at], b[max(0, at-3):]...)
		}
	}
	return b
}

// randomForest returns the texts of files that include each other.
func randomForest(r *rand.Rand, dir string) (texts []string) {
	paths := []string{"c1", "./c4", "sub/c2", "../c1", "deep/c3", "~/c4", "~/sub/c2", dir + "/c1", "link/c3", "link/../c2", "gone", "~nobodyxx/c", "sub", "c1/x", "", "  c1  ", "\"c1\"", "c\\\n1", "~root/none", "sub/../c1", "~", "c1\tc", ":(optional)c1", "c0", "../../c4", "~/../c", "//" + strings.TrimPrefix(dir, "/") + "/c4"}
	for range forestFiles {
		var out strings.Builder
		for range r.IntN(3) {
			switch r.IntN(7) {
			case 0, 1:
				fmt.Fprintf(&out, "[a]\nk%d = %d\n", r.IntN(3), r.IntN(9))
			case 2:
				fmt.Fprintf(&out, "[includeIf \"gitdir:/nowhere/\"]\npath = %s\n[Include]\n", paths[r.IntN(len(paths))])
			case 3:
				fmt.Fprintf(&out, "[includeIf \"gitdir:**\"]\nPATH = %s\n", paths[r.IntN(len(paths))])
			default:
				fmt.Fprintf(&out, "[include]\npath = %s\n", paths[r.IntN(len(paths))])
			}
		}
		switch r.IntN(60) {
		case 0:
			out.WriteString("broken [\n")
		case 1:
			out.WriteString("[include]\npath\n")
		}
		texts = append(texts, out.String())
	}
	return texts
}

// randomParameters returns a text for GIT_CONFIG_PARAMETERS.
func randomParameters(r *rand.Rand) string {
	keys := []string{"a.b", "A.B", "a.x Y.c", "core.hooksPath", "a.b-c", "a.é.b", "a.'\\''.b", "a", ".b", "a.", "a.1", "a_b.c", "a.b ", ".a.b", "a\nb.c", "a.\n.c", "", "a.=.b", "include.path"}
	values := []string{"x", "", "a b", "'\\''", "'\\!'", "!", "\\", "\n", "=", "\"", "\t", "é", "'"}
	var out strings.Builder
	for range 1 + r.IntN(3) {
		switch r.IntN(6) {
		case 0, 1, 2:
			out.WriteString("'" + pick(r, keys) + "'='" + some(r, values[:len(values)-1], 3) + "'")
		case 3:
			out.WriteString("'" + pick(r, keys) + "=" + some(r, values, 3) + "'")
		case 4:
			out.WriteString("'" + pick(r, keys) + "'" + pick(r, []string{"=", "", "=x", "x"}))
		case 5:
			out.WriteString(some(r, []string{"'", "\\", "!", "=", " ", "a.b", "'a.b'", "\n", "\r"}, 5))
		}
		out.WriteString(pick(r, []string{" ", " ", " ", "\t", "\n \r", "  ", " ", "", "\v"}))
	}
	return string(mutated(r, []byte(out.String())))
}

// randomEnvironment returns variables that configure git.
func randomEnvironment(r *rand.Rand) []string {
	out := []string{}
	if r.IntN(2) == 0 {
		out = append(out, "GIT_CONFIG_PARAMETERS="+randomParameters(r))
	}
	if r.IntN(2) == 0 {
		out = append(out, "GIT_CONFIG_COUNT="+pick(r, []string{"1", "2", "0", "3", "1", "2", "", " 1", "+1", "x", "1x", "4294967296", "0x1", "\v1", "-1", "99999999999999999999"}))
		for i := range r.IntN(4) {
			out = append(out, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, pick(r, []string{"a.b", "A.B.C", "a.b", "core.Pager", "a.b", "x.y z.a", "a.b", "a", "", "a.b ", "a.1"})))
			if r.IntN(12) > 0 {
				out = append(out, fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, pick(r, []string{"x", "", "a\tb ", "\n", "'", "\\t"})))
			}
		}
	}
	return out
}
