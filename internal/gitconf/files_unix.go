//go:build !windows

package gitconf

// systemFiles returns the configurations of the system, one for each folder in which git may
// be installed.
func systemFiles(func(name string) (string, bool)) []string {
	files := []string{"/etc/gitconfig"} // for git in /usr
	for _, p := range prefixes {
		files = append(files, p+"/etc/gitconfig")
	}
	return files
}
