package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/windows/pipe"
	"github.com/lockstile/lockstile/internal/windows/suspended"
)

// Main serves an order on the pipe named by its only argument, and returns the exit code.
func Main(args []string) int {
	if len(args) != 1 || !strings.HasPrefix(args[0], pipe.Prefix) {
		plain.Err("lockstile-runner: lockstile starts this program; it is of no use by itself\n")
		return 2
	}
	order, err := pipe.Dial(args[0])
	if err != nil {
		plain.Err("lockstile-runner: %v\n", err)
		return 1
	}
	if err := serve(order); err != nil {
		return 1 // the other side sees the end
	}
	return 0
}

// serve carries out an order. serve returns when the tree has ended, or the pipe. The end
// of the pipe ends the tree.
func serve(pipe io.ReadWriter) error {
	var order Order
	if err := Receive(pipe, &order); err != nil {
		return err
	}
	child, err := carryOut(order)
	if err != nil {
		return errors.Join(err, Send(pipe, Made{Failed: failed(err)}))
	}
	if err := Send(pipe, made(child)); err != nil {
		child.Kill()
		return err
	}
	if err := awaitGo(pipe, child); err != nil {
		child.Kill()
		return err
	}
	if err := child.Resume(); err != nil {
		child.Kill()
		return err
	}
	var listening sync.WaitGroup
	listening.Go(func() { listen(pipe, child) })
	code, err := child.Wait()
	over := Over{Code: code}
	if err != nil {
		over.Text = err.Error()
	}
	err = Send(pipe, over)
	listening.Wait() // the other side closes the pipe after reading Over
	return err
}

// awaitGo makes the requested trials, until the word to go.
func awaitGo(pipe io.ReadWriter, child *suspended.Child) error {
	for {
		var word Word
		if err := Receive(pipe, &word); err != nil {
			return err
		}
		switch word.Do {
		case Go:
			return nil
		case Try:
			outcomes, err := child.Try(word.Attempts)
			answer := Tried{Outcomes: outcomes}
			if err != nil {
				answer.Failed = failed(err)
			}
			if err := Send(pipe, answer); err != nil {
				return err
			}
		default:
			return fmt.Errorf("told to %q, which is not to go", word.Do)
		}
	}
}

// carryOut makes the process of an order.
func carryOut(order Order) (*suspended.Child, error) {
	if err := suspended.OpenTo(order.Owner); err != nil {
		return nil, err
	}
	child, err := suspended.Prepare(order.Confined)
	if err != nil {
		return nil, err
	}
	var stdio [3]suspended.Handle
	for i, h := range order.Stdio {
		stdio[i] = suspended.Handle(h)
	}
	order.Spec.Env = withProfile(order.Spec.Env, os.Environ())
	err = child.Make(order.Spec, &stdio)
	if order.Spec.Terminal == nil {
		for _, h := range stdio { // the sender put the handles here for the process
			windows.CloseHandle(windows.Handle(h))
		}
	}
	if err != nil {
		child.Kill()
		return nil, err
	}
	return child, nil
}

// made describes the process. The other side takes over the ends of the console.
func made(child *suspended.Child) Made {
	m := Made{PID: child.PID(), Process: uint64(child.Process()), Thread: uint64(child.Thread()), Job: uint64(child.Job()), Canary: uint64(child.Canary()), Network: network()}
	if out, in := child.Terminal(); out != nil {
		m.Out, m.In = uint64(out.Fd()), uint64(in.Fd())
		given = append(given, out, in)
	}
	return m
}

// given keeps files from being closed here: the other side takes them over, and closes
// them.
var given []*os.File

func failed(err error) *Failed {
	f := &Failed{Text: err.Error()}
	var step *suspended.StepError
	if errors.As(err, &step) {
		f.Restriction, f.Call = step.Restriction, step.Call
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		f.Errno = uint32(errno)
	}
	return f
}

// listen obeys words until the pipe ends. The end of the pipe ends the tree.
func listen(pipe io.Reader, child *suspended.Child) {
	for {
		var word Word
		if err := Receive(pipe, &word); err != nil {
			_ = child.End()
			return
		}
		switch word.Do {
		case Interrupt:
			_ = child.Interrupt()
		case Resize:
			if word.Size != nil {
				_ = child.Resize(*word.Size)
			}
		default: // End, and unknown words
			_ = child.End()
		}
	}
}
