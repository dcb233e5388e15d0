package main

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// trustedFile lists the folders whose AGENTS.md is read to a model, below the product's
// folder: a quoted path on each line. Commands can't see the file.
const trustedFile = "trusted_folders"

// trusted reports whether the user trusts the words of a repository. The question never
// changes what is enforced.
func trusted(home, root string) (bool, error) {
	f, err := os.Open(filepath.Join(home, trustedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if path, err := strconv.Unquote(lines.Text()); err == nil && path == root {
			return true, nil
		}
	}
	return false, lines.Err()
}

// trust remembers that the user trusts the words of a repository.
func trust(home, root string) error {
	f, err := os.OpenFile(filepath.Join(home, trustedFile), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(strconv.Quote(root) + "\n")
	return errors.Join(err, f.Close())
}
