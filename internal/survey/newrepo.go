package survey

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/lockstile/lockstile/internal/gitdir"
	"github.com/lockstile/lockstile/internal/takeback"
	"github.com/lockstile/lockstile/internal/trustname"
)

// mostNewFiles bounds the files of a new repository.
const mostNewFiles = 200_000

// LetInit lets commands make the repository of a workspace without one: the folder .git
// stays if git on the host obeys nothing in the folder but what git itself writes.
func (t *Trusted) LetInit(workspace string) { t.init = filepath.Join(workspace, ".git") }

// Serve says that the git directory of the workspace is served: new .git files may lead
// there.
func (t *Trusted) Serve(dir string) { t.served = dir }

// Coming reports whether a name was absent at the start of a command that runs still: that
// command will rename the name away at its end.
func (t *Trusted) Coming(full string) bool { return t.others[full] }

// badRepository returns why a new git directory, or a new .git file, may not stay. at is
// the present place of what was made as made.
func (t *Trusted) badRepository(made, at string) error {
	info, err := os.Lstat(at)
	switch {
	case err != nil:
		return err
	case info.Mode().IsRegular():
		return t.badPointer(made, at)
	case !info.IsDir():
		return errors.New("it is neither a folder nor a file")
	}
	files, err := filesOf(at)
	if err != nil {
		return err
	}
	facts := gitdir.Facts{Workspace: filepath.Dir(made), GitDir: made, Nested: made != t.init}
	if found := gitdir.CheckNew(facts, files); len(found) > 0 {
		return fmt.Errorf("%s: %s", found[0].Path, found[0].Reason)
	}
	if made == t.init && !isRepository(at) {
		return errUnfinished
	}
	return nil
}

var errUnfinished = errors.New("it is no repository")

// badPointer judges a .git file, which may lead into the git directory that is served.
func (t *Trusted) badPointer(made, at string) error {
	if t.served == "" {
		return errors.New("it leads to another folder")
	}
	content, err := wholeFile(at, mostPointer)
	if err != nil {
		return err
	}
	rules := gitdir.New(gitdir.Facts{Workspace: filepath.Dir(t.served), GitDir: t.served})
	return rules.CheckGitFile(filepath.Dir(made), content)
}

// filesOf lists the files of a folder. No link is followed, and only plain files are read.
func filesOf(dir string) ([]gitdir.File, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var out []gitdir.File
	err = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == ".":
			return nil
		case len(out) == mostNewFiles:
			return fmt.Errorf("it has more than %d files", mostNewFiles)
		}
		out = append(out, gitdir.File{Path: path, Type: entry.Type(), Read: func() ([]byte, error) {
			return wholeFile(filepath.Join(dir, path), mostChecked)
		}})
		return nil
	})
	return out, err
}

// mostChecked is how many bytes a checked file of a new repository may have.
const mostChecked = 64 << 20

// wholeFile reads a plain file of at most that many bytes. A larger file is an error: git
// on the host reads on where the rules have not looked.
func wholeFile(name string, most int64) ([]byte, error) {
	if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return nil, errors.New("it is no plain file") // a FIFO is never opened
	}
	f, err := openNow(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("it has more than %d bytes", most)
	}
	return b, err
}

// MayStay reports whether a name that the init took back may have its name again: the
// workspace's new repository. now is the name by which the repository is found.
func (t *Trusted) MayStay(made, now string) bool {
	return made == t.init && t.badRepository(made, now) == nil
}

// mostMaking is how long git may take to make a repository out of a new folder.
const mostMaking = 150 * time.Millisecond

// comes reports whether a name is the workspace's repository, or on its way to be one. The
// caller looks at the name again and again while the command runs.
func (t *Trusted) comes(full string) bool {
	if full != t.init {
		return false
	}
	err := t.badRepository(full, full)
	if err != errUnfinished {
		t.making = time.Time{}
		return err == nil
	}
	if t.making.IsZero() {
		t.making = time.Now()
	}
	return time.Since(t.making) < mostMaking
}

// badRepositories takes the new repositories that may not stay out of news.
func (t *Trusted) badRepositories(news []string) (stay []string, bad []takeback.Name) {
	if t.init == "" && t.served == "" {
		return news, nil
	}
	for _, full := range news {
		if trustname.IsGitDir(filepath.Base(full)) && t.badRepository(full, full) != nil {
			bad = append(bad, t.NameOf(full))
		} else {
			stay = append(stay, full)
		}
	}
	return stay, bad
}
