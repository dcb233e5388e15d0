package lockstile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Request is a command to start. The zero value asks for nothing and is refused.
type Request struct {
	Policy                policy.Policy // the allowed actions; the gate makes the plan
	Argv                  []string
	Dir                   string           // the working directory, "" for the workspace
	Env                   []string         // the caller's environment, as NAME=value; Policy.Env selects the variables handed on
	Stdin, Stdout, Stderr *os.File         // nil with a Terminal; a pipe of the caller is relayed, as docs/linux.md says
	Approval              *Approval        // a person's yes, nil if nobody was asked
	Ready                 <-chan struct{}  // the command runs after a value from Ready or the end of Ready; nil: at once
	Channel               string           // the way by which the request came, for the record; "" is "library"
	Call                  string           // the model's call that the command answers, as THREAD/CALL_ID, for the record; "" for none
	Ignore                []syscall.Signal // the command ignores these signals at the beginning, as under nohup; nil: none (Linux alone)
	OwnLoopback           bool             // a loopback of the command's own; false: the commands of a gate without a network reach each other's servers
	Explain               Explain          // for explaining, at the command's end, where the sandbox stood in the way
	ofServers             bool             // the command is lockstile-net, beside the start of another
	Terminal              *Size            // gives the command a new terminal of this size; the other end is Child.Terminal
}

// Approval is a person's yes to a command. With Escalate the command starts in
// danger-full-access in place of the policy's mode: through the same gate, with both
// modes in the record.
type Approval struct {
	By       string // who was asked, and by which way
	Reason   string // why the caller asked
	Escalate bool
}

// Size is the size of a terminal. Rows and Cols count characters; XPixel and YPixel are
// in pixels, 0 if unknown.
type Size struct {
	Rows, Cols, XPixel, YPixel uint16
}

// checkRequest refuses requests that no operating system could start.
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
	if len(r.Channel) > mostChannel {
		return bad("the channel's name is too long", "give a word")
	}
	if len(r.Call) > mostCall {
		return bad("the name of the model's call is too long", "give at most 256 bytes")
	}
	for _, a := range r.Argv {
		if strings.IndexByte(a, 0) >= 0 {
			return bad("an argument holds a NUL byte", "")
		}
	}
	return nil
}

// mostChannel is how long a channel's name may be, in bytes.
const mostChannel = 64

// mostCall is how long the name of a model's call may be, in bytes.
const mostCall = 256

// openStreams returns the descriptors of the request's standard streams: none for a
// command with a terminal.
func openStreams(r Request) (fds [3]int, err error) {
	bad := func(reason, hint string) ([3]int, error) {
		return fds, &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Reason: reason, Hint: hint}
	}
	given := [3]*os.File{r.Stdin, r.Stdout, r.Stderr}
	if r.Terminal != nil {
		if given != [3]*os.File{} {
			return bad("a terminal and standard streams are asked for", "leave out one of them")
		}
		return fds, nil
	}
	for i, f := range given {
		if f == nil {
			return bad("a standard stream is missing", "open os.DevNull in its place")
		}
		info, err := f.Stat()
		if err != nil {
			return bad("a standard stream is not open", "open os.DevNull in its place")
		}
		if info.IsDir() {
			// The files below would be seen through the host's mounts, not the view's.
			return bad("a standard stream is a folder", "give a file, a pipe or a terminal")
		}
		fds[i] = int(f.Fd())
	}
	return fds, nil
}

// lookup returns a variable's value, "" if unset.
func lookup(env []string, name string) string {
	for _, e := range env {
		key, value, _ := strings.Cut(e, "=")
		if key == name || runtime.GOOS == "windows" && strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// privatePath is the folder with the workspace's own temporary folders.
func privatePath(home string, p policy.Policy) string {
	sum := sha256.Sum256([]byte(p.Workspace))
	return filepath.Join(home, "private", hex.EncodeToString(sum[:8]))
}

// makePrivate makes the folders for /tmp and TMPDIR of all commands of a workspace. On
// the host only we have access; inside, /tmp is for all users.
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
		if err == nil && !info.IsDir() {
			_ = os.Remove(sub) // the command's own; a failure shows below
		}
		if err := os.MkdirAll(sub, 0o700); err != nil {
			return privateRefused(sub, err)
		}
		if err := os.Chmod(sub, 0o777|os.ModeSticky); err != nil {
			return privateRefused(sub, err)
		}
	}
	i.clearWays()
	return nil
}

// clearWays takes links and files away that earlier commands have put in the private
// folders on the way to a mount of this start: the mount would land elsewhere, or nowhere.
func (i *intent) clearWays() {
	places := []string{i.facts.TempDir, i.facts.Resolver}
	for _, r := range i.policy.Roots() {
		places = append(places, r.Path)
	}
	places = append(places, i.facts.Sockets...)
	for _, c := range i.facts.Hidden.Shown {
		places = append(places, c.Path)
	}
	for name, at := range map[string]string{"tmp": "/tmp", "tmpdir": i.facts.TempDir} {
		if at == "" {
			continue
		}
		root, err := os.OpenRoot(filepath.Join(i.private, name))
		if err != nil {
			continue
		}
		for _, place := range places {
			if rel, below := strings.CutPrefix(place, at+"/"); below {
				clearWay(root, rel)
			}
		}
		root.Close()
	}
}

// clearWay clears one way, whose last name may be a file. What can't be cleared refuses the
// start later.
func clearWay(private *os.Root, rel string) {
	for n := range len(rel) + 1 {
		if n < len(rel) && rel[n] != '/' {
			continue
		}
		info, err := private.Lstat(rel[:n])
		switch {
		case err != nil:
			return
		case info.IsDir():
			_ = private.Chmod(rel[:n], info.Mode().Perm()|0o700)
		case n < len(rel) || !info.Mode().IsRegular():
			_ = private.Remove(rel[:n])
			return
		}
	}
}

func privateRefused(dir string, err error) error {
	hint := "make the folder in LOCKSTILE_HOME your own"
	if errors.Is(err, syscall.ENOSPC) {
		hint = "free space on the file system that holds LOCKSTILE_HOME"
	}
	return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Restriction: refusal.Mount("/tmp"),
		Reason: fmt.Sprintf("the private folder %s can't be made", dir), Hint: hint, Err: err}
}
