//go:build unix

package gitconf

import (
	"slices"
	"testing"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	system := []string{"/etc/gitconfig", "/usr/etc/gitconfig", "/usr/local/etc/gitconfig", "/opt/homebrew/etc/gitconfig", "/home/linuxbrew/.linuxbrew/etc/gitconfig", "/opt/local/etc/gitconfig"}
	for _, c := range []struct {
		home      string
		variables map[string]string
		want      []string
	}{
		{"/h", nil, []string{"/h/.config/git/config", "/h/.gitconfig"}},
		{"", nil, nil},
		{"/h", map[string]string{"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "", "GIT_CONFIG_SYSTEM": ""}, []string{"/h/.config/git/config", "/h/.gitconfig"}},
		{"/h", map[string]string{"XDG_CONFIG_HOME": "/h/.config"}, []string{"/h/.config/git/config", "/h/.gitconfig"}},
		{"/h", map[string]string{"GIT_CONFIG_SYSTEM": "/l/../s", "GIT_CONFIG_GLOBAL": "/l/../g", "XDG_CONFIG_HOME": "/x/../y", "GIT_CONFIG": "rel"},
			[]string{"/l/../s", "/s", "/l/../g", "/x/../y/git/config", "/h/.config/git/config", "/h/.gitconfig", "rel"}},
	} {
		if got, want := withVariables(c.home, c.variables).Files(), slices.Concat(system, c.want); !slices.Equal(got, want) {
			t.Errorf("%v:\n got %q\nwant %q", c.variables, got, want)
		}
	}
}
