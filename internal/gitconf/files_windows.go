package gitconf

// systemFiles returns the configurations of the system, one for each folder in which Git for
// Windows may be installed.
func systemFiles(lookup func(name string) (string, bool)) (files []string) {
	for _, dir := range []struct{ name, file string }{
		{"ProgramData", `\Git\config`},
		{"ProgramFiles", `\Git\etc\gitconfig`},
		{"ProgramFiles(x86)", `\Git\etc\gitconfig`},
		{"LOCALAPPDATA", `\Programs\Git\etc\gitconfig`},
	} {
		if base, _ := lookup(dir.name); base != "" {
			files = append(files, base+dir.file)
		}
	}
	return files
}
