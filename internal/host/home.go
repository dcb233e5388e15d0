package host

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// UserHome returns the user's home, absolute and without links, or "" without a home.
// UserHome reads HOME (USERPROFILE on Windows). Without the variable, as in services,
// UserHome reads the table of users: credentials lie there with or without the variable.
func UserHome() string {
	home, err := os.UserHomeDir()
	if err != nil {
		home = listedHome(usersTable, os.Geteuid())
	}
	if !filepath.IsAbs(home) {
		return ""
	}
	if real, err := filepath.EvalSymlinks(home); err == nil {
		return real
	}
	return filepath.Clean(home)
}

// usersTable is the list of users on a system without a directory service (passwd(5)).
// Package os/user would ask the C library, and the program would link the library.
const usersTable = "/etc/passwd"

// listedHome finds the home of a user in a file like passwd(5), or "" without an entry.
func listedHome(file string, uid int) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) == 7 && fields[2] == strconv.Itoa(uid) {
			return fields[5]
		}
	}
	return ""
}
