package config

import "strings"

// unknownKey names the key nearest to an unknown name. The last parts of names are
// compared too: a key in the wrong table is nearest to the same key in the right table.
func unknownKey(name string) string {
	best, least := "profiles", distance(name, "profiles")
	last := name[strings.LastIndexByte(name, '.')+1:]
	for _, full := range knownNames(name) {
		d := min(distance(name, full), distance(last, full[strings.LastIndexByte(full, '.')+1:])+2)
		if d < least {
			best, least = full, d
		}
		if table, _, ok := strings.Cut(full, "."); ok {
			if d := distance(name, table); d < least {
				best, least = table, d
			}
		}
	}
	return best
}

// nearest returns the candidate with the least distance, the first of equals, or ""
// without candidates.
func nearest(name string, candidates []string) string {
	best, least := "", -1
	for _, c := range candidates {
		if d := distance(name, c); least < 0 || d < least {
			best, least = c, d
		}
	}
	return best
}

// distance returns Levenshtein's distance, in bytes and case-insensitive, of the first 64
// bytes: a mistyped name is short, and a hostile file may hold a name of a million bytes.
func distance(a, b string) int {
	const most = 64
	a, b = strings.ToLower(a[:min(len(a), most)]), strings.ToLower(b[:min(len(b), most)])
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// knownNames lists the keys that a mistyped name may have meant, with the user's own names
// for the stars.
func knownNames(typed string) []string {
	all := make([]string, 0, len(keys)+len(sessionKeys)+len(codexKeys)+len(below))
	for i := range keys {
		all = append(all, keys[i].name)
	}
	own := "NAME"
	if parts := strings.Split(typed, "."); len(parts) > 2 {
		own = parts[1]
	}
	for i := range sessionKeys {
		all = append(all, strings.Replace(sessionKeys[i].name, "*", own, 1))
	}
	for i := range codexKeys {
		all = append(all, codexKeys[i].name)
	}
	return all
}
