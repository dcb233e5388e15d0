package gitdir

import (
	"fmt"
	"strings"
)

// Format is the form of a repository's files, from the configuration.
type Format struct {
	HashSize int  // bytes of an object name: 20 or 32
	Reftable bool // refs are in the folder reftable, where no name may be written
}

// ReadFormat reads the section [extensions] of a repository's own configuration. Included
// files have no say about a format.
func ReadFormat(config []byte) (Format, error) {
	f := Format{HashSize: 20}
	text := strings.ReplaceAll(strings.TrimPrefix(string(config), "\ufeff"), "\r\n", "\n")
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if header, ok := strings.CutPrefix(line, "["); ok {
			header, line, _ = strings.Cut(header, "]")
			inside = strings.EqualFold(strings.TrimSpace(header), "extensions")
			line = strings.TrimSpace(line)
		}
		if !inside {
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		value = bareValue(value)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "objectformat":
			switch value {
			case "sha1":
				f.HashSize = 20
			case "sha256":
				f.HashSize = 32
			default:
				return Format{}, fmt.Errorf("the repository has hashes of the unknown format %q", shorten(value))
			}
		case "refstorage":
			f.Reftable = value != "files"
		}
	}
	return f, nil
}

// bareValue returns a value of one line without comment and quotes.
func bareValue(value string) string {
	if i := strings.IndexAny(value, "#;"); i >= 0 {
		value = value[:i]
	}
	return strings.Trim(strings.TrimSpace(value), `"`)
}
