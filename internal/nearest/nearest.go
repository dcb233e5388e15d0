// Package nearest finds the known name that a mistyped name may have meant. Package nearest
// must never take a name for another: it only proposes.
package nearest

import "strings"

// Of returns the candidate with the least distance, the first of equals, or "" without
// candidates.
func Of(name string, candidates []string) string {
	best, least := "", -1
	for _, c := range candidates {
		if d := Distance(name, c); least < 0 || d < least {
			best, least = c, d
		}
	}
	return best
}

// Close is Of, but "" if the best candidate is no misspelling: more than a third of the
// letters differ.
func Close(name string, candidates []string) string {
	best := Of(name, candidates)
	if Distance(name, best)*3 > max(len(name), len(best), 3) {
		return ""
	}
	return best
}

// Distance returns the number of letters to change, insert, remove or swap (optimal string
// alignment), in bytes and case-insensitive, of the first 64 bytes: a mistyped name is short,
// and a hostile file may hold a name of a million bytes.
func Distance(a, b string) int {
	const most = 64
	a, b = strings.ToLower(a[:min(len(a), most)]), strings.ToLower(b[:min(len(b), most)])
	above, before := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := above[j]
			if a[i] != b[j] {
				cost++
			}
			row[j+1] = min(cost, row[j]+1, above[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above = above, row
	}
	return above[len(b)]
}
