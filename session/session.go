// Package session keeps commands that live on after the first answer: their output until
// the next look, their input, their end. Package session must never start a command
// except through the gate, and never hold a command up because nobody looks.
package session

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/pty"
	"github.com/lockstile/lockstile/refusal"
)

// Session is a command that runs, or has ended. Methods may be called from any goroutine.
// The zero value is not usable; Start makes a Session.
type Session struct {
	child    *lockstile.Child
	output   *os.File // read by copyOutput alone
	terminal *os.File // for typed text; nil on pipes
	out      buffer
	excerpt  pty.Excerpt   // for explaining
	copied   chan struct{} // closed at the end of the output
	copying  sync.Once     // of awaitCopied
	over     chan struct{} // closed when the command has ended and the output is complete
	exit     lockstile.Exit
	err      error
}

// ErrInput says that a session takes no input: on pipes the standard input is empty.
var ErrInput = errors.New("the command has no terminal: its input is closed")

// late is how long output may still come when no process of the command is left: a
// process outside may hold the other end.
const late = 2 * time.Second

// Start starts a command that lives on. r names no streams: with r.Terminal the command
// gets a terminal, otherwise pipes with an empty input. Every error is a *refusal.Error.
func Start(g *lockstile.Gate, r lockstile.Request) (*Session, error) {
	s := &Session{copied: make(chan struct{}), over: make(chan struct{})}
	if r.Explain.Output == nil {
		r.Explain.Output = s.wholeOutput
	}
	var err error
	if r.Terminal != nil {
		err = s.onTerminal(g, r)
	} else {
		err = s.onPipes(g, r)
	}
	if err != nil {
		return nil, err
	}
	go s.copyOutput()
	go s.wait()
	return s, nil
}

func (s *Session) onTerminal(g *lockstile.Gate, r lockstile.Request) (err error) {
	if s.child, err = g.Start(r); err != nil {
		return err
	}
	s.terminal, s.output = s.child.TerminalInput, s.child.Terminal
	return nil
}

func (s *Session) onPipes(g *lockstile.Gate, r lockstile.Request) error {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return noStreams(err)
	}
	defer null.Close()
	read, write, err := os.Pipe()
	if err != nil {
		return noStreams(err)
	}
	defer write.Close()
	r.Stdin, r.Stdout, r.Stderr = null, write, write
	if s.child, err = g.Start(r); err != nil {
		read.Close()
		return err
	}
	s.output = read
	return nil
}

func noStreams(err error) error {
	return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Reason: "the command's streams can't be made", Hint: "close other sessions", Err: err}
}

// copyOutput ends at the end of the pipe, or with the second EIO of a terminal: see
// lockstile.Child.Terminal.
func (s *Session) copyOutput() {
	defer close(s.copied)
	for range 2 {
		if err := copyAll(io.MultiWriter(&s.out, &s.excerpt), s.output); err == nil {
			return
		}
	}
}

// wait waits for the end of the command and of the output.
func (s *Session) wait() {
	s.exit, s.err = s.child.Wait()
	s.awaitCopied()
	s.output.Close()
	if s.terminal != nil {
		s.terminal.Close() // the same file on Unix, where a second time does nothing
	}
	close(s.over)
}

// awaitCopied waits, after the end of the tree, for the end of the output.
func (s *Session) awaitCopied() {
	s.copying.Do(func() {
		select {
		case <-s.copied:
		case <-time.After(late):
		}
	})
}

// wholeOutput returns the beginning and the end of the output, after the end of the tree.
func (s *Session) wholeOutput() string {
	s.awaitCopied()
	return s.excerpt.Text()
}

// Poll waits until the command has ended or the time wait is over, and returns the output
// since the last look. If ctx is done first, Poll leaves the output to the next look, and
// returns the zero Output.
func (s *Session) Poll(ctx context.Context, wait time.Duration) Output {
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-s.over:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return Output{}
	}
	_, over, _ := s.Exit()
	return s.out.take(!over)
}

// Await waits for output since the last look, or for the end of the command. The error is
// the error of ctx.
func (s *Session) Await(ctx context.Context) error {
	select {
	case <-s.over:
	case <-s.out.more():
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// Record returns what the log says about the command's start.
func (s *Session) Record() lockstile.Record { return s.child.Record() }

// Over is closed when the command has ended and the output is complete.
func (s *Session) Over() <-chan struct{} { return s.over }

// Tap has the output from now on written to w as well, until stop is called; a write that
// has begun may still be under way then. recent is the newest output before, at most 16
// KiB, seen by a look or not. A w that blocks holds the command up.
func (s *Session) Tap(w io.Writer) (recent []byte, stop func()) { return s.out.tap(w) }

// Signal sends a signal to the command's process group. After the end the error is
// os.ErrProcessDone.
func (s *Session) Signal(sig syscall.Signal) error { return s.child.Signal(sig) }

// Denied lists, after the command's end, the protected names that the command made and
// that were taken back. Before the end Denied returns nil.
func (s *Session) Denied() []lockstile.Denied { return atEnd(s, s.child.Denied) }

// Left lists, after the command's end, the names that could not be taken back; see
// lockstile.Child.
func (s *Session) Left() []string { return atEnd(s, s.child.Left) }

// EndedBecause says, after the command's end, why lockstile has ended the tree for what the
// command did, "" for not.
func (s *Session) EndedBecause() string { return atEnd(s, s.child.EndedBecause) }

// Ended lists, after the command's end, the names of processes that the command left
// behind and that were ended with the command.
func (s *Session) Ended() []string { return atEnd(s, s.child.Ended) }

// NewTrust lists, after the command's end, files that programs of the host will trust and
// that are new or changed since the start. Before the end NewTrust returns nil.
func (s *Session) NewTrust() []string { return atEnd(s, s.child.NewTrust) }

// NewTrustLines says what the command leaves that programs of the host may obey, after the
// command's end; see lockstile.Child.
func (s *Session) NewTrustLines() []string { return atEnd(s, s.child.NewTrustLines) }

// Exceeded returns, after the command's end, the limit for which the tree was ended, "" for
// none.
func (s *Session) Exceeded() string { return atEnd(s, s.child.Exceeded) }

// Obstacles lists, after the command's end, where the sandbox stood in the command's way.
// Unless the request has an output of its own, the output of the session explains.
func (s *Session) Obstacles() []lockstile.Obstacle { return atEnd(s, s.child.Obstacles) }

// atEnd returns a property of the ended command, and the zero value before the end.
func atEnd[T any](s *Session, of func() T) (before T) {
	select {
	case <-s.over:
		return of()
	default:
		return before
	}
}

// Exit returns how the command ended; ok is false while the command runs. An error means
// that the end is unknown, or not in the log.
func (s *Session) Exit() (exit lockstile.Exit, ok bool, err error) {
	select {
	case <-s.over:
		return s.exit, true, s.err
	default:
		return lockstile.Exit{}, false, nil
	}
}

// typeTime is how long a command may take to read typed text. A terminal holds 4 KiB of
// unread text.
const typeTime = 5 * time.Second

// Type types text at the command's terminal. On pipes Type takes only the interrupt
// character, as SIGINT; the error for other text is ErrInput. After the command's end the
// error is os.ErrProcessDone. If the command doesn't read for five seconds, the error is
// os.ErrDeadlineExceeded.
func (s *Session) Type(text string) error {
	if s.terminal == nil {
		if text != "\x03" {
			return ErrInput
		}
		return s.child.Signal(syscall.SIGINT)
	}
	// A deadline wakes the scheduler: a key that fits at once needs no deadline.
	rest := text[writeNow(s.terminal, text):]
	if rest == "" {
		return nil
	}
	_ = s.terminal.SetWriteDeadline(time.Now().Add(typeTime)) // the write reports a closed terminal
	_, err := io.WriteString(s.terminal, rest)
	return ended(err)
}

// Resize sets the size of the command's terminal. On pipes the error is ErrInput.
func (s *Session) Resize(size lockstile.Size) error {
	if s.terminal == nil {
		return ErrInput
	}
	return ended(s.child.Resize(size))
}

// ended returns os.ErrProcessDone for the end of a terminal: the command has ended too.
func ended(err error) error {
	if errors.Is(err, os.ErrClosed) || errors.Is(err, syscall.EIO) {
		return os.ErrProcessDone
	}
	return err
}

// End kills the command and its tree, and returns when no process is left. The error is
// the error of the command's end, as in Exit.
func (s *Session) End() error {
	if err := s.child.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.over
	return s.err
}
