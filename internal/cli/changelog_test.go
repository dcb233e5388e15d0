package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/lockstile/lockstile"
)

// TestChangelog compares lockstile.Version with CHANGELOG.md: "Unreleased" is on top. With
// lines there the version is the next one's, with -dev; without lines the version is the
// newest release's.
func TestChangelog(t *testing.T) {
	text, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	if problem := versionProblem(strings.ReplaceAll(string(text), "\r", ""), lockstile.Version); problem != "" {
		t.Errorf("lockstile.Version is %s: %s", lockstile.Version, problem)
	}
}

func TestVersionProblem(t *testing.T) {
	const top, line, old = "# Changelog\n\n## Unreleased\n", "\n- News.\n", "\n## 0.2.0 (2026-12-01)\n\n- Old.\n"
	for _, c := range []struct {
		changelog, version string
		right              bool
	}{
		{top + line, "0.1.0-dev", true}, {top + line, "0.1.0", false},
		{top + line + old, "0.3.0-dev", true}, {top + line + old, "0.2.1-dev", true},
		{top + line + old, "0.2.0-dev", false}, {top + line + old, "0.2.0", false},
		{top + old, "0.2.0", true}, {top + old, "0.3.0-dev", false}, {top + old, "0.1.0", false}, {top, "0.1.0", false},
		{"# Changelog\n" + old, "0.2.0", false}, {"# Changelog\n" + old + "\n## Unreleased\n", "0.2.0", false},
		{top + strings.Replace(old, " (2026-12-01)", "", 1), "0.2.0", false},
	} {
		if problem := versionProblem(c.changelog, c.version); (problem == "") != c.right {
			t.Errorf("%s of %q: %q", c.version, c.changelog, problem)
		}
	}
}

var (
	heading = regexp.MustCompile(`(?m)^## .*$`)
	release = regexp.MustCompile(`^## (\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)$`)
)

func versionProblem(changelog, version string) string {
	places := heading.FindAllStringIndex(changelog, -1)
	if len(places) == 0 || changelog[places[0][0]:places[0][1]] != "## Unreleased" {
		return `the first heading isn't "## Unreleased"`
	}
	news, newest := changelog[places[0][1]:], ""
	if len(places) > 1 {
		news = changelog[places[0][1]:places[1][0]]
		title := release.FindStringSubmatch(changelog[places[1][0]:places[1][1]])
		if title == nil {
			return `the heading of a release is not "## X.Y.Z (YYYY-MM-DD)"`
		}
		newest = title[1]
	}
	next, unreleased := strings.CutSuffix(version, "-dev")
	switch {
	case strings.TrimSpace(news) == "" && version != newest:
		return "nothing is unreleased, and the newest release is " + newest
	case strings.TrimSpace(news) != "" && (!unreleased || next == newest):
		return `there are unreleased lines: the version must be the next one's, with "-dev"`
	}
	return ""
}
