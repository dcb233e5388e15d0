package trail

import (
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

// place is an open file on the way.
type place struct {
	fd     int
	path   string
	id     ID
	folder bool

	next   int // the link that look has found, open; -1 for none
	nextID ID
}

const step = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC

// direct follows a path without links in few calls. ok is false if the path has a link, or
// the kernel lacks openat2.
func direct(name string) (t Trail, ok bool) {
	t, err := whole(name)
	if err != unix.ENOENT || path.Clean(name) != name {
		return t, err == nil
	}
	for missing := name; ; {
		dir := path.Dir(missing)
		if _, err = whole(dir); err == nil {
			return Trail{End: name, Missing: missing}, true
		}
		if err != unix.ENOENT || dir == missing {
			return Trail{}, false
		}
		missing = dir
	}
}

// whole follows a path to its end, if no link is on the way.
func whole(name string) (t Trail, err error) {
	fd, err := unix.Openat2(unix.AT_FDCWD, name, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS})
	if err != nil {
		return t, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return t, err
	}
	return Trail{End: path.Clean(name), ID: idOf(&st), Folder: isFolder(&st)}, nil // without links ".." is the folder before
}

func begin(string) (*walker, error) {
	w := &walker{at: place{fd: -1, next: -1}}
	return w, w.at.up("")
}

func (w *walker) close() {
	w.at.put(-1)
	w.at.drop()
}

// up goes to the root.
func (p *place) up(string) error {
	fd, err := unix.Open("/", step|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	p.put(fd)
	p.path = "/"
	return p.stat()
}

func (p *place) stat() error {
	var st unix.Stat_t
	err := unix.Fstat(p.fd, &st)
	p.id, p.folder = idOf(&st), isFolder(&st)
	return err
}

// put replaces the open file.
func (p *place) put(fd int) {
	if p.fd >= 0 {
		unix.Close(p.fd)
	}
	p.fd = fd
}

// drop closes the link.
func (p *place) drop() {
	if p.next >= 0 {
		unix.Close(p.next)
	}
	p.next = -1
}

// look goes to a name of the folder, unless a link is there.
func (p *place) look(name string) (found, error) {
	fd, err := unix.Openat(p.fd, name, step, 0)
	switch err {
	case nil:
	case unix.ENOENT:
		return nothing, nil
	case unix.ENOTDIR:
		return other, ErrFolder
	default:
		return other, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return other, err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		p.drop()
		p.next, p.nextID = fd, idOf(&st)
		return link, nil
	}
	p.put(fd)
	p.id, p.folder = idOf(&st), isFolder(&st)
	if name == ".." {
		p.path = path.Dir(p.path)
	} else {
		p.path = join(p.path, name)
	}
	return other, nil
}

// plainLinks are the links of /proc that are names.
var plainLinks = []string{"/proc/self", "/proc/thread-self", "/proc/mounts", "/proc/net"}

// read returns where the link leads that look has found.
func (p *place) read(name string) (to string, id ID, err error) {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(p.next, &fs); err != nil {
		return "", p.nextID, err
	}
	if int64(fs.Type) == unix.PROC_SUPER_MAGIC && !slices.Contains(plainLinks, join(p.path, name)) {
		return "", p.nextID, ErrMagic
	}
	text := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(p.next, "", text)
	return string(text[:max(n, 0)]), p.nextID, err
}

func idOf(st *unix.Stat_t) ID { return ID{uint64(st.Dev), st.Ino} }

func isFolder(st *unix.Stat_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFDIR }
