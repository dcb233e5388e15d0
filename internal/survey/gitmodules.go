package survey

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/lockstile/lockstile/internal/gitdir"
	"github.com/lockstile/lockstile/internal/takeback"
	"github.com/lockstile/lockstile/internal/trustname"
)

const modulesName = ".gitmodules"

// mostModules is how many bytes of a .gitmodules are read at most.
const mostModules = 256 << 10

// LetModules lets commands write the file .gitmodules of a root, as "git submodule add"
// does: the file is a hand-off name then. At the end of the command, content that makes git
// do more is taken back.
func (t *Trusted) LetModules() {
	t.modules = map[string]string{}
	for _, tr := range t.trees {
		t.modules[filepath.Join(tr.root, modulesName)] = firstBytes(filepath.Join(tr.root, modulesName), mostModules)
	}
	t.There = slices.DeleteFunc(t.There, t.letsModules)
	for i := range t.Absent {
		t.Absent[i].Names = slices.DeleteFunc(t.Absent[i].Names, func(name string) bool { return t.letsModules(filepath.Join(t.Absent[i].Dir, name)) })
	}
}

// letsModules reports whether a path is a .gitmodules that commands may write. Other
// spellings of the name stay protected.
func (t *Trusted) letsModules(full string) bool {
	_, ok := t.modules[full]
	return ok && trustname.IsGitModules(filepath.Base(full))
}

// badModules lists the .gitmodules with content that may not stand there.
func (t *Trusted) badModules() []takeback.Name {
	var out []takeback.Name
	for full, old := range t.modules {
		info, err := os.Lstat(full)
		if err != nil {
			continue
		}
		if !info.Mode().IsRegular() || info.Size() > mostModules || gitdir.CheckModules([]byte(firstBytes(full, mostModules)), []byte(old)) != nil {
			out = append(out, takeback.Name{Root: filepath.Dir(full), Path: full, Before: old})
		}
	}
	return out
}
