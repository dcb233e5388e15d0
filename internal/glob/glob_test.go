package glob

import (
	slashpath "path"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern, path string
		want          bool
	}{
		{"/a/b", "/a/b", true},
		{"/a/b", "/a/b/", true},
		{"/a/b", "/a/bc", false},
		{"/a/b", "/a", false},
		{"/a/b", "a/b", false},
		{"a/b", "/a/b", false},
		{"/a/*", "/a/.hidden", true},
		{"/a/*", "/a/b/c", false},
		{"/a/*", "/a", false},
		{"/a/*.pem", "/a/x.pem", true},
		{"/a/*.pem", "/a/x.pem.txt", false},
		{"/a/?", "/a/é", true},
		{"/a/?", "/a/", false},
		{"/a/[a-c]x", "/a/bx", true},
		{"/a/[!a-c]x", "/a/bx", false},
		{"/a/[^a-c]x", "/a/dx", true},
		{"/a/[]]x", "/a/]x", true},
		{"/a/[x", "/a/[x", true},
		{"/a/[*]", "/a/*", true},
		{"/a/[*]", "/a/b", false},
		{"/a/**/b", "/a/b", true},
		{"/a/**/b", "/a/x/y/b", true},
		{"/a/**/b", "/a/x/b/y", false},
		{"/a/**/b/**/c", "/a/b/x/b/c", true},
		{"/a/**", "/a", false},
		{"/a/**", "/a/b", true},
		{"/a/**", "/a/.b/c", true},
		{"/a/**", "/ab", false},
		{"/**", "/", false},
		{"/**", "/a/b", true},
		{"**/x", "/a/x", false},
		{"/a/\xff*", "/a/\xffz", true},
		{"", "", true},
		{"", "/", false},
	}
	for _, tt := range tests {
		if got := Match(tt.pattern, tt.path); got != tt.want {
			t.Errorf("Match(%q, %q) = %v", tt.pattern, tt.path, got)
		}
	}
}

// TestMatchNoBlowUp checks patterns on which a backtracking matcher would take longer
// than the age of the machine.
func TestMatchNoBlowUp(t *testing.T) {
	if Match("/"+strings.Repeat("a*", 5000)+"b", "/"+strings.Repeat("a", 10000)) {
		t.Error("matched within a component")
	}
	if Match(strings.Repeat("/**/a", 2000)+"/b", strings.Repeat("/a", 4000)) {
		t.Error("matched over components")
	}
	if Match("/"+strings.Repeat("[", 20000), "/"+strings.Repeat("x", 20000)) {
		t.Error("matched open brackets")
	}
}

func TestEscapeGlob(t *testing.T) {
	for _, p := range []string{"/a/b", "/a/[b]", "/a/*", "/?/[!x", "/a/[*]"} {
		if !Match(Escape(p), p) {
			t.Errorf("EscapeGlob(%q) = %q does not match it", p, Escape(p))
		}
	}
	if Match(Escape("/a/*"), "/a/b") {
		t.Error("an escaped star still matches")
	}
}

// naive is the definition of the patterns, with all its backtracking.
func naive(pattern, path []string) bool {
	switch {
	case len(pattern) == 0:
		return len(path) == 0
	case pattern[0] == "**":
		return naive(pattern[1:], path) || len(path) > 0 && path[0] != "" && naive(pattern, path[1:])
	case len(path) == 0:
		return false
	}
	return naiveName(pattern[0], path[0]) && naive(pattern[1:], path[1:])
}

func naiveName(pattern, name string) bool {
	switch {
	case pattern == "":
		return name == ""
	case pattern[0] == '*':
		return naiveName(pattern[1:], name) || name != "" && naiveName(pattern, name[1:])
	case name == "":
		return false
	}
	return (pattern[0] == '?' || pattern[0] == name[0]) && naiveName(pattern[1:], name[1:])
}

func FuzzMatch(f *testing.F) {
	f.Add("/a/**/b*", "/a/x/bc")
	f.Add("/[a-z]?/**", "/ab/c/d")
	f.Add("/a/", "/a")
	f.Add("//a/./b", "/a/b")
	f.Add("/a/./[b]", "/a/b/c")
	f.Add("/", "/")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		got := Match(pattern, path)
		if got && !Covers(pattern, path) {
			t.Errorf("%q matches %q but does not cover it", pattern, path)
		}
		if Covers(pattern, path) && strings.HasPrefix(path, "/") && !Covers(pattern, strings.TrimRight(path, "/")+"/below") {
			t.Errorf("%q covers %q but not what lies below", pattern, path)
		}
		if clean := slashpath.Clean("/" + path); Covers(pattern, clean) && !MayCover(pattern, clean) {
			t.Errorf("%q covers %q, and MayCover says that it can't", pattern, clean)
		}
		if len(pattern) > 24 || len(path) > 24 || strings.Contains(pattern, "[") || strings.ContainsFunc(pattern+path, func(r rune) bool { return r >= utf8.RuneSelf }) {
			return
		}
		if want := naive(patternComponents(pattern), components(path)); got != want {
			t.Errorf("Match(%q, %q) = %v, by definition %v", pattern, path, got, want)
		}
	})
}
