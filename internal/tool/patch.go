package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/patch"
	"github.com/lockstile/lockstile/internal/plain"
)

// Patched is the answer of apply_patch.
type Patched struct {
	Changes []patch.Change
	Record  lockstile.Record // zero if nothing was started
	Failure string           // the reason for which the patch failed, "" if it is done
	Sandbox []lockstile.Obstacle
	Traces
}

// String returns the answer in the form that models know from similar tools.
func (p Patched) String() string {
	var b strings.Builder
	if p.Failure != "" {
		b.WriteString(plain.Sprintf("apply_patch failed: %s\n", p.Failure))
		sayObstacles(&b, "", p.Sandbox)
	} else {
		b.WriteString("Success. Updated the following files:\n")
		for _, c := range p.Changes {
			b.WriteString(letters[c.Kind] + plain.Sprintf(" %s", c.Path))
			if c.To != "" {
				b.WriteString(plain.Sprintf(" -> %s", c.To))
			}
			b.WriteByte('\n')
		}
	}
	p.say(&b)
	return b.String()
}

var letters = map[patch.Kind]string{patch.Add: "A", patch.Delete: "D", patch.Update: "M"}

// mostResult bounds the answer of a patch's program, in bytes.
const mostResult = 32 << 20

// ApplyPatch carries a patch out in the workspace, if need be after asking. program is the
// command line that does so, with the patch on standard input (package patch, Inside): the
// command starts at the gate, under the policy of every command, so that the sandbox
// decides which files may change. Text that is no patch is a Failure. The error is a
// *refusal.Error if nothing was started.
func (s *Set) ApplyPatch(ctx context.Context, program []string, text string, by Caller) (Patched, error) {
	if len(text) > patch.MostText {
		return Patched{Failure: fmt.Sprintf("the patch is longer than %d MiB; write several", patch.MostText>>20)}, nil
	}
	files, err := patch.Parse(text)
	if err != nil {
		return Patched{Failure: err.Error()}, nil
	}
	if why := s.takenBack(files); why != "" {
		return Patched{Failure: why}, nil
	}
	r := lockstile.Request{Channel: s.channel, Call: by.Call, Policy: s.policy, Argv: program, Env: s.environ}
	q := Question{Command: "apply_patch " + Words(patch.Paths(files)), Input: text, Dir: s.policy.Workspace}
	if r.Approval, err = s.approval(ctx, by.Ask, q, func() bool { return false }); err != nil {
		s.recordRefused(r, err)
		return Patched{}, err
	}
	return s.patch(ctx, r, text)
}

// takenBack returns why a patch can't be done as a whole: a name that is absent now and
// that the gate would take back at the patch's end. "" means that there is no such name.
func (s *Set) takenBack(files []patch.File) string {
	for _, name := range patch.Paths(files) {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.policy.Workspace, path)
		}
		absent := firstAbsent(path)
		if base := filepath.Base(absent); absent != "" && s.policy.Protects(base, filepath.Dir(absent) == s.policy.Workspace) {
			return fmt.Sprintf("%s: programs of the user's host trust the name %s, so that a command may not make it; nothing has changed. Ask the user to make it", name, base)
		}
	}
	return ""
}

// firstAbsent returns the first name on the way to path that isn't there, "" if path is
// there.
func firstAbsent(path string) (absent string) {
	for {
		if _, err := os.Lstat(path); err == nil || filepath.Dir(path) == path {
			return absent
		}
		absent, path = path, filepath.Dir(path)
	}
}

// patch starts the program and reads its answer.
func (s *Set) patch(ctx context.Context, r lockstile.Request, text string) (Patched, error) {
	in, err := inFile(text)
	if err != nil {
		return Patched{}, err
	}
	defer os.Remove(in.Name()) // Windows keeps the name of an open file
	defer in.Close()
	r.Stdin = in
	i, err := s.inside(ctx, r, mostResult)
	if err != nil {
		return Patched{}, err
	}
	p := Patched{Record: i.child.Record(), Sandbox: i.child.Obstacles(), Traces: tracesOf(i.child)}
	p.take(i.output.Bytes(), i.exit, i.err)
	return p, nil
}

// take reads the answer of the program.
func (p *Patched) take(answer []byte, exit lockstile.Exit, err error) {
	var r patch.Result
	if json.Unmarshal(answer, &r) != nil || err != nil {
		p.Failure = fmt.Sprintf("its program ended with exit code %d and no answer (%.200q); look at the files before you go on", exit.Status(), answer)
		if err != nil {
			p.Failure += ": " + err.Error()
		}
		return
	}
	p.Changes = r.Changes
	switch {
	case r.Error != "":
		p.Failure = r.Error + ". Nothing has changed"
	case len(p.Denied) > 0:
		p.Failure = "a name was taken back; the other files of the patch have changed"
	}
}

// inFile returns a file that holds text, to be read from the beginning. Where the system
// permits, the file has no name any more.
func inFile(text string) (*os.File, error) {
	f, err := os.CreateTemp("", "lockstile-patch-")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name())
	if _, err = f.WriteString(text); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		_ = os.Remove(f.Name())
		return nil, err
	}
	return f, nil
}
