package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// checkRequest refuses what no operating system could start.
func checkRequest(r Request) error {
	bad := func(reason, hint string) error {
		return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Reason: reason, Hint: hint}
	}
	switch {
	case len(r.Argv) == 0 || r.Argv[0] == "":
		return bad("no command is given", "put it behind --")
	case r.Dir != "" && (!filepath.IsAbs(r.Dir) || filepath.Clean(r.Dir) != r.Dir || strings.IndexByte(r.Dir, 0) >= 0):
		return bad("the working directory is not a full path", "give the folder in full, without . and ..")
	}
	for _, a := range r.Argv {
		if strings.IndexByte(a, 0) >= 0 {
			return bad("an argument holds a NUL byte", "")
		}
	}
	return nil
}

// streams are the descriptors that a command begins with.
type streams struct {
	files [3]*os.File
	own   bool // they are ours to close
}

// openStreams takes the request's standard streams. Where the command is to have
// a terminal, it begins with the null device.
func openStreams(r Request) (streams, error) {
	bad := func(reason, hint string) (streams, error) {
		return streams{}, &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Reason: reason, Hint: hint}
	}
	given := [3]*os.File{r.Stdin, r.Stdout, r.Stderr}
	if r.Terminal != nil {
		if given != [3]*os.File{} {
			return bad("a terminal and standard streams are asked for", "leave out one of them")
		}
		null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
		if err != nil {
			return streams{}, err
		}
		return streams{[3]*os.File{null, null, null}, true}, nil
	}
	for _, f := range given {
		if f == nil {
			return bad("a standard stream is missing", "open os.DevNull in its place")
		}
		info, err := f.Stat()
		if err != nil {
			return bad("a standard stream is not open", "open os.DevNull in its place")
		}
		if info.IsDir() {
			// What lies below it would be seen by the host's mounts, not the view's.
			return bad("a standard stream is a folder", "give a file, a pipe or a terminal")
		}
	}
	return streams{files: given}, nil
}

func (s streams) fds() (out [3]int) {
	for i, f := range s.files {
		out[i] = int(f.Fd())
	}
	return out
}

func (s streams) close() {
	if s.own {
		s.files[0].Close()
	}
}

// lookup gives a variable's value, "" where it is not set.
func lookup(env []string, name string) string {
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v
		}
	}
	return ""
}

// defaultPath is searched where PATH is not set, as by execvp(3) of glibc.
const defaultPath = "/bin:/usr/bin"

// candidates lists the files that a command may be, in the order of execvp(3).
// They are tried inside, where alone it can be told what is there.
func candidates(name, dir string, env []string) []string {
	if strings.Contains(name, "/") {
		return []string{name}
	}
	list := lookup(env, "PATH")
	if list == "" {
		list = defaultPath
	}
	var out []string
	for _, d := range filepath.SplitList(list) {
		if !filepath.IsAbs(d) {
			d = filepath.Join(dir, d)
		}
		out = append(out, filepath.Join(d, name))
	}
	return out
}

// privatePath is where the workspace's own temporary folders are.
func privatePath(home string, p policy.Policy) string {
	sum := sha256.Sum256([]byte(p.Workspace))
	return filepath.Join(home, "private", hex.EncodeToString(sum[:8]))
}

// makePrivate makes the folders that stand at /tmp and TMPDIR for all commands
// of one workspace. They are ours alone on the host; inside, /tmp is for all users.
func makePrivate(i *intent) error {
	if i.policy.Mode != policy.ModeWorkspaceWrite {
		return nil
	}
	for _, name := range []string{"tmp", "tmpdir"} {
		sub := filepath.Join(i.private, name)
		info, err := os.Lstat(sub)
		if err == nil && info.IsDir() && info.Mode()&os.ModeSticky != 0 {
			continue
		}
		if err := os.MkdirAll(sub, 0o700); err != nil {
			return privateRefused(sub, err)
		}
		if err := os.Chmod(sub, 0o777|os.ModeSticky); err != nil {
			return privateRefused(sub, err)
		}
	}
	return nil
}

func privateRefused(dir string, err error) error {
	return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Restriction: refusal.Mount("/tmp"),
		Reason: fmt.Sprintf("the private folder %s can't be made", dir), Hint: "make the folder in LOCKSTILE_HOME your own", Err: err}
}
