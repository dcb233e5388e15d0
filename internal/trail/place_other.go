//go:build !linux

package trail

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// place is a file on the way, by its path: this system has no descriptor for a name alone.
// An ID stays the zero value.
type place struct {
	path   string
	id     ID
	folder bool
}

func direct(string) (Trail, bool) { return Trail{}, false }

func begin(volume string) (*walker, error) {
	w := &walker{}
	return w, w.at.up(volume)
}

func (*walker) close() {}

// up goes to the root of a volume.
func (p *place) up(volume string) error {
	*p = place{path: volume + string(filepath.Separator), folder: true}
	return nil
}

// look goes to a name of the folder, unless a link is there.
func (p *place) look(name string) (found, error) {
	if !p.folder {
		return other, ErrFolder
	}
	if name == ".." {
		p.path = filepath.Dir(p.path)
		return other, nil
	}
	next := join(p.path, name)
	info, err := os.Lstat(next)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nothing, nil
	case errors.Is(err, syscall.ENOTDIR):
		return other, ErrFolder
	case err != nil:
		return other, err
	case info.Mode()&fs.ModeSymlink != 0:
		return link, nil
	}
	p.path, p.folder = next, info.IsDir()
	return other, nil
}

// read returns where the link of a name leads.
func (p *place) read(name string) (to string, id ID, err error) {
	to, err = os.Readlink(join(p.path, name))
	return to, ID{}, err
}
