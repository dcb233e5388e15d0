//go:build windows

package audit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// openOwned opens path for reading and writing, and makes a missing file. The access list
// of the folder decides who may write the file: openOwned does not check owner and list
// yet.
func openOwned(path string, _ bool) (*os.File, fs.FileInfo, error) {
	const access = windows.GENERIC_READ | windows.GENERIC_WRITE
	f, err := create(path, access, windows.OPEN_ALWAYS)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, nil, refuse("the folder for the log cannot be made", hintFor(path, err), err)
		}
		f, err = create(path, access, windows.OPEN_ALWAYS)
	}
	if err != nil {
		return nil, nil, refuseOpen(path, err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, refuseOpen(path, err)
	}
	if err := checkOwned(path, info); err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func checkOwned(path string, info fs.FileInfo) error { return checkKind(path, info) }

func openReadOnly(path string) (*os.File, error) {
	return create(path, windows.GENERIC_READ, windows.OPEN_EXISTING)
}

// create opens the name itself, never the target of a link.
func create(path string, access, disposition uint32) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	h, err := windows.CreateFile(name, access, share, nil, disposition,
		windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}

func appendBytes(f *os.File, b []byte, size int64) error {
	_, err := f.WriteAt(b, size)
	return err
}

func checkFileLimit() error { return nil }
