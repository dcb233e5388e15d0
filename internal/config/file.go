package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/lockstile/lockstile/internal/plain"
)

// maxFileSize is far above any configuration and small enough to read at once, in bytes.
const maxFileSize = 1 << 20

// readFile reads the config file. An absent file is no error. The file may be a link, as
// dotfile managers make links, but only to a regular file, and no other user may be able
// to change the file.
func readFile(file string) (data []byte, found bool, err error) {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, dangling(file)
	}
	if err != nil {
		return nil, false, unreadable(file, err)
	}
	if !info.Mode().IsRegular() {
		return nil, false, refuse("", "%s is %s, not a regular file", file, fileKind(info.Mode()))
	}
	// O_NONBLOCK (without effect on other systems): if a FIFO has taken the file's place
	// since, opening must not wait for a writer.
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, false, unreadable(file, err)
	}
	defer f.Close()
	if err := checkOpened(f, file); err != nil {
		return nil, false, err
	}
	data, err = io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, false, unreadable(file, err)
	}
	if len(data) > maxFileSize {
		return nil, false, refuse("", "%s is larger than %d bytes", file, maxFileSize)
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return nil, false, refuse("", "%s:%d: holds a NUL, so it is not TOML", file, 1+bytes.Count(data[:i], []byte{'\n'}))
	}
	return data, true, nil
}

// dangling refuses a link to nothing: the user meant to have a configuration.
func dangling(file string) error {
	if _, err := os.Lstat(file); err == nil {
		return refuse("mend or remove the link", "%s is a link to a file that does not exist", file)
	}
	return nil
}

func unreadable(file string, err error) error {
	if pathErr := new(fs.PathError); errors.As(err, &pathErr) {
		err = pathErr.Err // the path is in the message already
	}
	return refuse("make it a file that you can read, or set LOCKSTILE_HOME to a folder of your own", "%s can't be read: %v", file, err)
}

// checkOpened checks the opened file, not its name.
func checkOpened(f *os.File, file string) error {
	info, err := f.Stat()
	if err != nil {
		return unreadable(file, err)
	}
	if !info.Mode().IsRegular() {
		return refuse("", "%s is %s, not a regular file", file, fileKind(info.Mode()))
	}
	if problem := othersMayWrite(info); problem != "" {
		return refuse("chmod go-w and chown it to yourself", "%s %s, so it can't be trusted", file, problem)
	}
	if n := otherNames(info); n > 0 {
		return refuse(fmt.Sprintf("cp -p %[1]s %[1]s.new && mv %[1]s.new %[1]s", plain.ShellWord(file)), "%s has another name, by which a command may be able to write it", file)
	}
	real, err := filepath.EvalSymlinks(file)
	if err != nil {
		return unreadable(file, err)
	}
	for _, dir := range slices.Compact([]string{filepath.Dir(file), filepath.Dir(real)}) {
		info, err := os.Stat(dir)
		if err != nil {
			return unreadable(file, err)
		}
		if problem := othersMayWrite(info); problem != "" {
			return refuse("chmod go-w and chown it to yourself", "%s %s, so the configuration in it can't be trusted", dir, problem)
		}
	}
	return nil
}

func fileKind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&fs.ModeNamedPipe != 0:
		return "a FIFO"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}
