package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/lockstile/lockstile/refusal"
)

// refuse makes the only kind of error that Open and Append return.
func refuse(reason, hint string, err error) error {
	return &refusal.Error{
		Code:        refusal.CodeRecord,
		Stage:       refusal.StageRecord,
		Restriction: "record",
		Reason:      reason,
		Hint:        hint,
		Err:         err,
	}
}

// refuseOpen explains why path could not be opened for writing.
func refuseOpen(path string, err error) error {
	reason := fmt.Sprintf("%s cannot be opened for writing", path)
	switch {
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.EMLINK):
		return refuse(path+" is a symbolic link", moveAside(path), err)
	case errors.Is(err, syscall.EISDIR):
		return refuse(path+" is a directory", moveAside(path), err)
	case errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.EOPNOTSUPP):
		return refuse(path+" is not a regular file", moveAside(path), err)
	}
	return refuse(reason, hintFor(path, err), err)
}

// checkKind refuses every file that is not regular.
func checkKind(path string, info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode&fs.ModeSymlink != 0:
		return refuse(path+" is a symbolic link", moveAside(path), nil)
	case mode.IsDir():
		return refuse(path+" is a directory", moveAside(path), nil)
	case mode&fs.ModeNamedPipe != 0:
		return refuse(path+" is a named pipe", moveAside(path), nil)
	}
	return refuse(path+" is not a regular file", moveAside(path), nil)
}

func moveAside(path string) string { return "move " + path + " away" }

// hintFor returns the mend for err, if the error number tells the cause.
func hintFor(path string, err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "free space on the file system that holds " + path
	case errors.Is(err, fs.ErrPermission):
		return "make " + filepath.Dir(path) + " and what is in it your own, or set LOCKSTILE_HOME to a folder that you may write"
	case errors.Is(err, syscall.EROFS):
		return "set LOCKSTILE_HOME to a folder on a writable file system"
	case errors.Is(err, syscall.ENOTDIR):
		return "LOCKSTILE_HOME must be a folder"
	}
	return ""
}
