package survey

import (
	"os"
	"path/filepath"
	"strings"
)

// Bounds of what is read of guarded files for words.
const (
	mostNaming = 64       // files
	mostWords  = 64 << 10 // bytes of each
)

// readNamed returns the paths that guarded files mention, and the folders of the environment's
// lists, such as PATH, each with a separator behind.
func (t *Trusted) readNamed() map[string]bool {
	out := map[string]bool{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if name == "PWD" || name == "OLDPWD" {
			continue
		}
		for _, dir := range filepath.SplitList(value) {
			if filepath.IsAbs(dir) {
				out[filepath.Clean(dir)+string(filepath.Separator)] = true
				out[filepath.Clean(dir)] = true
			}
		}
	}
	for _, path := range t.mentioned {
		out[path] = true
	}
	left := mostNaming
	for _, there := range t.There {
		for _, file := range naming(there) {
			if left--; left < 0 {
				return out
			}
			base := filepath.Dir(there)
			for _, word := range wordsOf(firstBytes(file, mostWords)) {
				if filepath.IsAbs(word) {
					out[filepath.Clean(word)] = true
				} else if strings.ContainsAny(word, "./") {
					out[filepath.Join(base, word)] = true
				}
			}
		}
	}
	return out
}

// naming lists the files of a guarded name whose words may name other files: the file, or
// the settings and the hooks in a folder.
func naming(there string) (files []string) {
	info, err := os.Stat(there)
	if err != nil {
		return nil
	}
	if !info.IsDir() {
		return []string{there}
	}
	for _, dir := range []string{there, filepath.Join(there, "hooks"), filepath.Join(there, "_")} {
		entries, err := list(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			name := e.Name()
			hook := dir != there || filepath.Base(there) == ".husky"
			if e.Type().IsRegular() && (hook && !strings.HasSuffix(name, ".sample") || strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".toml") || strings.HasSuffix(name, ".xml")) {
				files = append(files, filepath.Join(dir, name))
			}
		}
	}
	return files
}
