package gitconf

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// content returns the bytes of a file, or a byte more than Parse takes. content waits for
// nobody: git would wait for a FIFO.
func content(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, cause(err)
	}
	if isNull(info) {
		return nil, nil
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(info)
	}
	// Another file may have come since.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, cause(err)
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(info)
	}
	if info.Size() > mostBytes {
		return nil, errors.New(tooLarge)
	}
	b := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	_, err = b.ReadFrom(io.LimitReader(f, mostBytes+1))
	return b.Bytes(), cause(err)
}

// cause returns the error of the system alone: the path is named elsewhere.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// isNull reports whether a file is the null device, which users name in place of a
// configuration.
func isNull(info fs.FileInfo) bool {
	if info.Mode()&fs.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(info, null)
}

func notRegular(info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsDir():
		return errors.New("the file is a folder")
	case mode&fs.ModeNamedPipe != 0:
		return errors.New("the file is a FIFO")
	case mode&fs.ModeDevice != 0:
		return errors.New("the file is a device")
	}
	return errors.New("the file is not a regular file")
}

// isNotFolder reports whether a file lies below a file.
func isNotFolder(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
