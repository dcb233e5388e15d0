package gitconf

import (
	"slices"
	"testing"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	l := withVariables(`C:\u`, map[string]string{"ProgramFiles": `C:\P`, "XDG_CONFIG_HOME": `D:\x`})
	want := []string{`C:\P\Git\etc\gitconfig`, `D:\x/git/config`, `C:\u/.config/git/config`, `C:\u/.gitconfig`}
	if got := l.Files(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := folderOf(`C:\u\x`); got != `C:\u\` {
		t.Errorf("the folder is %q", got)
	}
}
