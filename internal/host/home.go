package host

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// UserHome is the user's home, absolute and without links, "" where there is none. It is
// what HOME says (USERPROFILE on Windows); where that is not set, as in services, it is
// what the table of users says: credentials lie there whether the variable is set or not.
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

// usersTable is where a system without a directory service lists its users (passwd(5)).
// Package os/user would ask the C library, and make of the program one that links it.
const usersTable = "/etc/passwd"

// listedHome finds the home of a user in a file like passwd(5), "" where there is none.
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
