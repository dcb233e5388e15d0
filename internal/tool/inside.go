package tool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/lockstile/lockstile"
)

const (
	insideTime  = time.Minute     // for a program of our own inside
	insideGrace = 2 * time.Second // for the same, when the caller has gone
)

// insideRun is a program of our own that has run inside the sandbox to its end.
type insideRun struct {
	child  *lockstile.Child
	output bytes.Buffer
	exit   lockstile.Exit
	err    error // the output or the end is not known as a whole
}

// inside runs a program of our own under the policy of r, with the standard input of r,
// and keeps the first most bytes of the output. The error says why nothing was started.
func (s *Set) inside(ctx context.Context, r lockstile.Request, most int64) (*insideRun, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	i := &insideRun{}
	r.Stdout, r.Stderr = write, write
	r.Explain = lockstile.Explain{Output: i.output.String, Try: s.try}
	i.child, err = s.gate.Start(r)
	write.Close()
	if err != nil {
		return nil, err
	}
	kill := func() { _ = i.child.Signal(syscall.SIGKILL) }
	defer time.AfterFunc(insideTime, kill).Stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(insideGrace, kill) })()
	n, readErr := io.Copy(&i.output, io.LimitReader(read, most))
	if n == most {
		kill() // nobody reads the rest
	}
	i.exit, err = i.child.Wait()
	i.err = errors.Join(err, readErr)
	return i, nil
}

// FileContent is the answer about a file.
type FileContent struct {
	Bytes  []byte
	Record lockstile.Record
}

// ReadFile reads a file as a command would: program gets the file's name as one more word,
// runs inside the sandbox, and writes the content to standard output (CopyFile). A file of
// most bytes or more is an error. The error is a *refusal.Error if nothing was started.
func (s *Set) ReadFile(ctx context.Context, program []string, name string, most int64, by Caller) (FileContent, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return FileContent{}, err
	}
	defer null.Close()
	r := lockstile.Request{Channel: s.channel, Call: by.Call, Policy: s.policy, Argv: append(program[:len(program):len(program)], name), Env: s.environ, Stdin: null}
	i, err := s.inside(ctx, r, most)
	if err != nil {
		return FileContent{}, err
	}
	f := FileContent{i.output.Bytes(), i.child.Record()}
	switch {
	case int64(len(f.Bytes)) == most:
		return f, fmt.Errorf("%s has %d bytes or more", name, most)
	case i.err != nil:
		return f, i.err
	case i.exit.Status() != 0:
		return f, fmt.Errorf("%.300s", bytes.TrimSpace(f.Bytes))
	}
	return f, nil
}

// CopyFile is the half of ReadFile that runs inside: it writes a file, or the reason for
// which the file can't be read, and returns the exit code.
func CopyFile(name string, out io.Writer) int {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO would wait
	if err == nil {
		defer f.Close()
		var info os.FileInfo
		if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
			err = &os.PathError{Op: "read", Path: name, Err: errors.New("not a regular file")}
		}
	}
	if err == nil {
		_, err = io.Copy(out, f)
	}
	if err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	return 0
}
