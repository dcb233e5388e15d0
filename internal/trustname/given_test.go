package trustname

import "testing"

func TestGivenUp(t *testing.T) {
	given := []string{".vscode", ".GIT", ".gitmodules", ".lockstile", "*.code-workspace", ".bashrc", "x"}
	for name, want := range map[string]bool{
		".vscode": true, ".VSCode": true, ".v\u017fcode": true, ".bashrc": true,
		".git": false, ".gitmodules": false, ".lockstile": false, ".lock\ufb06ile": false, "a.code-workspace": false,
		"*.code-workspace": false, ".idea": false, "x": false, ".vscode2": false, "": false, "VSCODE~1": false, ".git::$INDEX_ALLOCATION": false,
	} {
		if got := GivenUp(name, given); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

// FuzzGivenUp checks that nobody can give up what programs obey in any case.
func FuzzGivenUp(f *testing.F) {
	for _, n := range Protected() {
		f.Add(n.Pattern)
	}
	f.Add(".g\u200cit")
	f.Add("GIT~1")
	f.Fuzz(func(t *testing.T, name string) {
		if !GivenUp(name, []string{name}) {
			return
		}
		if IsGitDir(name) || IsGitModules(name) || Fold(name) == ".lockstile" || !IsProtected(name, true) || Protects(name, true, []string{name}) {
			t.Errorf("%q", name)
		}
	})
}
