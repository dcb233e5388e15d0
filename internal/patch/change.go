// Package patch reads the patch format that models write, and carries a patch out in a
// folder: whole, or not at all. Package patch must never run anything, or judge whether a
// path may be written: the sandbox around the program judges.
package patch

// Kind is what a patch does to a file.
type Kind string

// The kinds of changes.
const (
	Add    Kind = "add"
	Delete Kind = "delete"
	Update Kind = "update"
)

// Change is what was done to one file.
type Change struct {
	Kind Kind   `json:"kind"`
	Path string `json:"path"`           // as the patch names it
	To   string `json:"to,omitempty"`   // the new name, for a file that was moved
	Diff string `json:"diff,omitempty"` // hunks of a unified diff with line numbers; nothing for a Delete
}

// Paths lists the names that a patch changes, in order.
func Paths(files []File) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.Path)
		if f.To != "" {
			out = append(out, f.To)
		}
	}
	return out
}
