package lockstile

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockstile/lockstile/policy"
)

// onPipes starts a command with an input that holds text, and with an output in which a
// text waits, and returns what both have at the end. The input's writer stays open if open.
func onPipes(t *testing.T, g *Gate, r Request, script, text string, open bool) (left, printed string) {
	t.Helper()
	in, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer out.Close()
	for w, text := range map[*os.File]string{inW: text, outW: "waits\n"} {
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if !open {
		inW.Close()
	}
	r.Argv = []string{"/bin/sh", "-c", script}
	r.Stdin, r.Stdout = in, outW
	if child, err := g.Start(r); err == nil {
		if _, err := child.Wait(); err != nil {
			t.Error(err)
		}
	} else if script != "" {
		t.Error(err)
	}
	inW.Close()
	outW.Close()
	rest, err := io.ReadAll(in)
	if err != nil {
		t.Error(err)
	}
	all, err := io.ReadAll(out)
	if err != nil {
		t.Error(err)
	}
	return string(rest), string(all)
}

// TestPipesOfTheCaller checks what a command does to the pipes of a program that embeds the
// gate, by each way.
func TestPipesOfTheCaller(t *testing.T) {
	g, r, _ := opened(t)
	for _, mode := range []policy.Mode{policy.ModeReadOnly, policy.ModeWorkspaceWrite, policy.ModeDangerFullAccess} {
		r.Policy.Mode = mode
		for _, open := range []bool{true, false} {
			left, printed := onPipes(t, g, r, `read x; echo "got $x"; echo INJECTED > /proc/self/fd/0; timeout 0.2 cat /proc/self/fd/1 >/proc/self/fd/2; read y; echo "got $y"`, "one\ntwo\nthree\n", open)
			if strings.Contains(left, "INJECTED") || !strings.HasSuffix("one\ntwo\nthree\n", left) || !strings.HasPrefix(printed, "waits\n") || !strings.HasSuffix(printed, "got two\n") {
				t.Errorf("%v: %q is left, %q is printed", mode, left, printed)
			}
		}
	}
}

// TestPipesLeaveNothingOpen checks that starts and refusals with pipes leave no descriptor,
// and no goroutine (TestMain).
func TestPipesLeaveNothingOpen(t *testing.T) {
	g, r, _ := opened(t)
	once := func() {
		for _, open := range []bool{true, false} {
			if left, printed := onPipes(t, g, r, "read x; echo $x", "one\ntwo\n", open); left != "two\n" || printed != "waits\none\n" {
				t.Errorf("%q is left, %q is printed", left, printed)
			}
			bad := r
			bad.Policy.Workspace = "/no/such/folder"
			in, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			bad.Stdin, bad.Stdout = in, w
			if _, err := g.Start(bad); err == nil {
				t.Error("it has started")
			}
			in.Close()
			w.Close()
		}
	}
	once()
	before := leastOpen(t)
	for range 10 {
		once()
	}
	if after := leastOpen(t); after != before {
		t.Errorf("%d descriptors, then %d: %s", before, after, openNames(t))
	}
}

// TestSignalWhileTheReaderWaits checks that a Wait for the reader of the output ends by a
// signal.
func TestSignalWhileTheReaderWaits(t *testing.T) {
	g, r, mark := opened(t)
	out, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	defer w.Close()
	full := strings.Repeat("x", 64<<10)
	if _, err := io.WriteString(w, full); err != nil {
		t.Fatal(err)
	}
	r.Argv, r.Stdout = []string{"/bin/sh", "-c", "echo never read; " + r.Argv[2]}, w
	child := start(t, g, r)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if _, err := os.Lstat(mark); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the command doesn't run")
		}
	}
	over := make(chan error, 1)
	go func() {
		_, err := child.Wait()
		over <- err
	}()
	for {
		err := child.Signal(syscall.SIGTERM)
		select {
		case waited := <-over:
			if waited == nil || err != os.ErrProcessDone {
				t.Errorf("Wait: %v, Signal: %v", waited, err)
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
}
