package patch

import (
	"encoding/json"
	"io"
)

// MostText bounds a patch, in bytes.
const MostText = 8 << 20

// Result is the answer of the program that carries a patch out, as one line of JSON.
type Result struct {
	Changes []Change `json:"changes,omitempty"`
	Error   string   `json:"error,omitempty"` // the reason for which nothing has changed
}

// Inside is the half that runs inside the sandbox: Inside reads a patch, carries the patch
// out in the folder dir, writes a Result, and returns the exit code.
func Inside(dir string, in io.Reader, out io.Writer) int {
	var r Result
	text, err := io.ReadAll(io.LimitReader(in, MostText+1))
	if err == nil {
		var files []File
		if files, err = Parse(string(text)); err == nil {
			r.Changes, err = Apply(dir, files)
		}
	}
	code := 0
	if err != nil {
		code, r = 1, Result{Error: err.Error()}
	}
	if json.NewEncoder(out).Encode(r) != nil {
		return 1
	}
	return code
}
