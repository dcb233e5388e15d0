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

// runnerName is the program that lies beside this one.
const runnerName = "lockstile-runner.exe"

// RunnerPath is where it is installed: every account can run what is there, and
// administrators alone can change it.
func RunnerPath() (string, error) {
	dir, err := windows.KnownFolderPath(windows.FOLDERID_ProgramFiles, 0)
	if err != nil {
		return "", fmt.Errorf("find the folder for programs: %w", err)
	}
	return filepath.Join(dir, "lockstile", runnerName), nil
}

// ownRunner reads the runner of this version.
func ownRunner() ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(filepath.Dir(self), runnerName))
}

// Runner compares what is installed with what lies beside this program.
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

// InstallRunner copies it, by another name first: one that runs can't be overwritten.
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

// RemoveRunner takes it away, and its folder.
func (Machine) RemoveRunner() error {
	name, err := RunnerPath()
	if err != nil {
		return err
	}
	err = os.Remove(name)
	_ = os.Remove(filepath.Dir(name)) // others may keep something there
	if errors.Is(err, fs.ErrNotExist) {
		return ErrAbsent
	}
	return err
}
