package setup

import (
	"slices"
	"strings"
)

// tools lists the folders of PATH within the user's own folder, since no other account
// can read those: without repeats, without the product's own folder, and only folders
// below the user's folder by name.
func tools(path, userHome, home string) []string {
	var out []string
	for dir := range strings.SplitSeq(path, ";") {
		dir = strings.TrimRight(strings.Trim(dir, `"`), `\`)
		if !within(dir, userHome) || strings.EqualFold(dir, userHome) || within(dir, home) || strings.Contains(dir, `\..`) || strings.Contains(dir, "/") {
			continue
		}
		if !slices.ContainsFunc(out, func(d string) bool { return strings.EqualFold(d, dir) }) {
			out = append(out, dir)
		}
	}
	return out
}

// within compares names as Windows does, in any case.
func within(dir, outer string) bool {
	return outer != "" && len(dir) >= len(outer) && strings.EqualFold(dir[:len(outer)], outer) && (len(dir) == len(outer) || dir[len(outer)] == '\\')
}
