package survey

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Roots that commands could ever write are kept for good: a link left there by a command
// may be on the way of a root of a later start.

const (
	rootPrefix = "root."
	rootFormat = "lockstile-root-1\n"
	mostRoot   = 4096 + len(rootFormat) // the longest path that the kernel takes, in bytes
)

// KeepRoots writes the roots down in the product's private folder for a workspace.
func (t *Trusted) KeepRoots(store string) error {
	for _, seen := range t.trees {
		sum := sha256.Sum256([]byte(seen.root))
		file := filepath.Join(store, rootPrefix+hex.EncodeToString(sum[:8]))
		if exists(file) {
			continue
		}
		if err := replaceFile(file, []byte(rootFormat+seen.root)); err != nil {
			return fmt.Errorf("write down what commands may write: %w", err)
		}
	}
	return nil
}

// Roots lists the roots written by KeepRoots, for all workspaces. private is the folder
// with the private folders of all workspaces.
func Roots(private string) (roots []string) {
	workspaces, _ := os.ReadDir(private) // before the first start the folder is absent
	for _, w := range workspaces {
		files, _ := os.ReadDir(filepath.Join(private, w.Name()))
		for _, f := range files {
			if root, ok := rootIn(filepath.Join(private, w.Name(), f.Name())); ok {
				roots = append(roots, root)
			}
		}
	}
	return roots
}

func rootIn(file string) (string, bool) {
	if !strings.HasPrefix(filepath.Base(file), rootPrefix) {
		return "", false
	}
	if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() || info.Size() > int64(mostRoot) {
		return "", false
	}
	text, err := os.ReadFile(file)
	root, ok := bytes.CutPrefix(text, []byte(rootFormat))
	return string(root), err == nil && ok && filepath.IsAbs(string(root))
}
