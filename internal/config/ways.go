package config

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
)

// absolute is filepath.Abs with the current folder from the kernel: the path in PWD can
// lead over a link.
func absolute(path string) (string, error) {
	if filepath.IsAbs(path) {
		return path, nil
	}
	here, err := syscall.Getwd()
	if err != nil {
		return "", err
	}
	return here + string(filepath.Separator) + path, nil
}

// replaceable names a link on the path that a command could have made or replaced, in a
// root of the present start or of an earlier start, or returns "".
func replaceable(path string, in Input, roots []policy.Root) string {
	way, err := trail.Walk(path)
	if err != nil || len(way.Links) == 0 {
		return ""
	}
	writable := make([]string, 0, len(roots))
	for _, r := range roots {
		writable = append(writable, r.Path)
	}
	if in.EarlierRoots != nil {
		writable = append(writable, in.EarlierRoots(in.Home)...)
	}
	for _, link := range way.Links {
		for _, root := range writable {
			if link.Path != root && contains(root, link.Path) {
				return fmt.Sprintf("leads over the link %s, which lies in %s, where commands may write", quote(link.Path), quote(root))
			}
		}
	}
	return ""
}

// checkWays refuses configured roots that a command could have redirected.
func checkWays(in Input, p policy.Policy, roots []policy.Root, s settings) error {
	if len(roots) == 0 {
		return nil
	}
	all := append([]policy.Root{{Path: p.Workspace}}, roots...)
	for _, item := range s.list(writableRootsKey) {
		path, _ := expand(item, in.UserHome) // writableRoots has checked the item before
		if problem := replaceable(path, in, all); problem != "" {
			real, _ := directory(path)
			return refuse("name where it leads, if that is meant: "+quote(real), "%s%s: %s %s", at(s.get(writableRootsKey).from), writableRootsKey, quote(item), problem)
		}
	}
	return nil
}

// shellWord quotes a path as a single word for a shell.
func shellWord(path string) string {
	if strings.Trim(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-") == "" {
		return path
	}
	return plain.ShellQuote(path)
}
