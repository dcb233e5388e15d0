package setup

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// runnerName is the name of the runner, in the folder of our program.
const runnerName = "lockstile-runner.exe"

// RunnerPath returns the path of the installed runner: every account can run programs
// there, and only administrators can change them.
func RunnerPath() (string, error) {
	dir, err := windows.KnownFolderPath(windows.FOLDERID_ProgramFiles, 0)
	if err != nil {
		return "", fmt.Errorf("find the folder for programs: %w", err)
	}
	return filepath.Join(dir, "lockstile", runnerName), nil
}

// ownRunner reads the runner of our version.
func ownRunner() ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(filepath.Dir(self), runnerName))
}

// Runner compares the installed runner with the runner in the folder of our program.
func (Machine) Runner() (bool, error) {
	name, err := RunnerPath()
	if err != nil {
		return false, err
	}
	there, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	own, err := ownRunner()
	return err == nil && bytes.Equal(there, own), err
}

// InstallRunner copies the runner, under another name first: a running program can't be
// overwritten.
func (Machine) InstallRunner() error {
	own, err := ownRunner()
	if err != nil {
		return err
	}
	name, err := RunnerPath()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	next := name + ".new"
	if err := os.WriteFile(next, own, 0o755); err != nil {
		return err
	}
	return os.Rename(next, name)
}

// RemoveRunner removes the installed runner and its folder.
func (Machine) RemoveRunner() error {
	name, err := RunnerPath()
	if err != nil {
		return err
	}
	err = os.Remove(name)
	_ = os.Remove(filepath.Dir(name)) // fails if the folder holds other files
	if errors.Is(err, fs.ErrNotExist) {
		return ErrAbsent
	}
	return err
}
