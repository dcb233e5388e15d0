package gitdir

import (
	"fmt"
	"io/fs"
)

// File is a file or a folder of a git directory.
type File struct {
	Path string                 // relative to the git directory
	Type fs.FileMode            // the type bits alone: 0 for a plain file
	Read func() ([]byte, error) // the content of a plain file
}

// Finding is a name of a new repository with the reason against the name.
type Finding struct {
	Path   string
	Reason string
}

// mostFindings is how many findings CheckNew returns.
const mostFindings = 20

// CheckNew judges the git directory of a repository that was made after the start. The facts need no hash size. Entries at protected names do not pass. Without a
// finding the repository may stay.
func CheckNew(f Facts, files []File) []Finding {
	f.Own, f.Older = "", nil
	f.Shared = sharedIn(files)
	for _, file := range files {
		if file.Path == "config" && file.Type == 0 {
			config, err := file.Read()
			if err != nil {
				return []Finding{{file.Path, err.Error()}}
			}
			format, err := ReadFormat(config)
			if err != nil {
				return []Finding{{file.Path, err.Error()}}
			}
			f.HashSize = format.HashSize
		}
	}
	if f.HashSize == 0 {
		f.HashSize = 20
	}
	r := New(f)
	r.fresh = true
	var found []Finding
	for _, file := range files {
		if reason := r.judge(file); reason != "" {
			found = append(found, Finding{file.Path, reason})
			if len(found) == mostFindings {
				break
			}
		}
	}
	return found
}

func sharedIn(files []File) func(path string) []byte {
	return func(path string) []byte {
		for _, file := range files {
			if file.Path == path && file.Type == 0 {
				content, _ := file.Read()
				return content
			}
		}
		return nil
	}
}

// judge returns why a file does not pass, or "".
func (r *Rules) judge(file File) string {
	p := r.Place(file.Path)
	switch {
	case file.Type != 0 && file.Type != fs.ModeDir:
		return "neither a plain file nor a folder"
	case file.Type == fs.ModeDir && (!p.Folder || p.Class == ReadOnly):
		return "git makes no folder of the name"
	case file.Type == fs.ModeDir:
		return ""
	case !p.File || p.Class == ReadOnly:
		return "git makes no file of the name in a new repository"
	case !p.Class.Checked():
		return ""
	}
	content, err := file.Read()
	if err == nil {
		err = r.Check(file.Path, content, nil)
	}
	switch {
	case err != nil:
		return fmt.Sprint(err)
	case p.Class == Emptied && len(content) > 0:
		return "the file has content"
	}
	return ""
}
