package gitconf

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// withVariables returns a loader with an environment.
func withVariables(home string, variables map[string]string) *Loader {
	return &Loader{Home: home, Lookup: func(name string) (string, bool) { v, ok := variables[name]; return v, ok }}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/inc", "[inc]k")
	for _, c := range []struct {
		variables string // NAME=VALUE, separated by "|"
		want      string
		err       string
	}{
		{"", "", ""},
		{"GIT_CONFIG_PARAMETERS=", "", ""},
		{"GIT_CONFIG_PARAMETERS='a.B=c=d' 'A.X Y.B=' 'a.b'", "a.b=c=d|a.X Y.b=|a.b", ""},
		{"GIT_CONFIG_PARAMETERS='a.b'='c' \t'a.=.b'='it'\\''s' 'a.b'= 'a.b'='a'\\!''", "a.b=c|a.=.b=it's|a.b|a.b=a!", ""},
		{"GIT_CONFIG_PARAMETERS=' a.b =c '", "a.b=c ", ""},
		{"GIT_CONFIG_PARAMETERS='a.b=c' ", "a.b=c", ""},
		{"GIT_CONFIG_PARAMETERS= 'a.b=c'", "", "git can't read GIT_CONFIG_PARAMETERS"},
		{"GIT_CONFIG_PARAMETERS='a.b=c'x", "", "git can't read GIT_CONFIG_PARAMETERS"},
		{"GIT_CONFIG_PARAMETERS='a.b'=c", "", "git can't read GIT_CONFIG_PARAMETERS"},
		{"GIT_CONFIG_PARAMETERS='a.b'='c'd", "", "git can't read GIT_CONFIG_PARAMETERS"},
		{"GIT_CONFIG_PARAMETERS='a.b=\\'", "a.b=\\", ""},
		{"GIT_CONFIG_PARAMETERS='a.b=c'\\'", "", "git can't read GIT_CONFIG_PARAMETERS"},
		{"GIT_CONFIG_PARAMETERS='x.y=z' a.b=c", "x.y=z", "git can't read GIT_CONFIG_PARAMETERS"},
		{"GIT_CONFIG_PARAMETERS='a.b=c", "", "git can't read GIT_CONFIG_PARAMETERS"},
		{"GIT_CONFIG_PARAMETERS='ab=c'", "", "GIT_CONFIG_PARAMETERS has a word that is no key"},
		{"GIT_CONFIG_PARAMETERS='a.\n.b=c'", "", "GIT_CONFIG_PARAMETERS has a word that is no key"},
		{"GIT_CONFIG_PARAMETERS='a.1=c'", "", "GIT_CONFIG_PARAMETERS has a word that is no key"},
		{"GIT_CONFIG_PARAMETERS='include.path=" + dir + "/inc'", "include.path=" + dir + "/inc|inc.k", ""},
		{"GIT_CONFIG_PARAMETERS='include.path=~/inc'", "include.path=~/inc|inc.k", ""},
		{"GIT_CONFIG_PARAMETERS='include.path=inc'", "include.path=inc", "include.path is relative in the environment"},
		{"GIT_CONFIG_COUNT=1|GIT_CONFIG_KEY_0=A.b|GIT_CONFIG_VALUE_0=c\td", "a.b=c\td", ""},
		{"GIT_CONFIG_COUNT=|GIT_CONFIG_KEY_0=A.b|GIT_CONFIG_VALUE_0=c", "", ""},
		{"GIT_CONFIG_COUNT=2|GIT_CONFIG_KEY_0=A.b|GIT_CONFIG_VALUE_0=c|GIT_CONFIG_PARAMETERS='x.y=z'", "a.b=c", "GIT_CONFIG_KEY_1 or GIT_CONFIG_VALUE_1 is missing"},
		{"GIT_CONFIG_COUNT=1|GIT_CONFIG_KEY_0=A.b", "", "GIT_CONFIG_KEY_0 or GIT_CONFIG_VALUE_0 is missing"},
		{"GIT_CONFIG_COUNT=1|GIT_CONFIG_KEY_0=b|GIT_CONFIG_VALUE_0=c", "", "GIT_CONFIG_KEY_0 is no key"},
		{"GIT_CONFIG_COUNT=x", "", "GIT_CONFIG_COUNT is no number"},
		{"GIT_CONFIG_COUNT=4294967296", "", "GIT_CONFIG_COUNT is no number"},
		{"GIT_CONFIG_COUNT=1|GIT_CONFIG_KEY_0=A.b|GIT_CONFIG_VALUE_0=c|GIT_CONFIG_PARAMETERS='x.y=z'", "a.b=c|x.y=z", ""},
	} {
		variables := map[string]string{}
		for v := range strings.SplitSeq(c.variables, "|") {
			name, value, _ := strings.Cut(v, "=")
			variables[name] = value
		}
		files := withVariables(dir, variables).Environment()
		var got []string
		for _, f := range files {
			got = append(got, shown(f.Entries))
		}
		text := strings.Trim(strings.Join(got, "|"), "|")
		if err := files[0].Err; text != c.want || (err != nil) != (c.err != "") || err != nil && err.Error() != c.err {
			t.Errorf("%v:\n got %q, %v\nwant %q, %s", slices.Sorted(maps.Keys(variables)), text, err, c.want, c.err)
		}
	}
}
