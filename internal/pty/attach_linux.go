//go:build linux

package pty

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Attachment joins the user's terminal to the master of a terminal inside the sandbox.
// Typed bytes pass unread: job control (^C, ^Z, ^\) is the inner terminal's. Output
// passes a Filter on the way to a terminal.
type Attachment struct {
	master      int
	masterFlags int
	outer       *Terminal // nil when neither side is a terminal
	in          input
	screen      *screen
	stop        *bell // ends the input
	ended       *bell // ends the output when no more output waits
	abort       *bell // ends the output

	inDone, outDone chan struct{}
	outErr          error
	excerpt         *Excerpt
	signals         chan os.Signal
	suspended       chan struct{}
	sigDone         chan struct{}
	once            sync.Once
	result          error
}

// Attach starts copying: from in to master, from master to out. If in is a terminal, in
// becomes raw, and master takes on and follows the size of the terminal. allowEscapes
// switches the Filter off. excerpt keeps the ends of the output, nil for none.
//
// The caller keeps master, must call Wait or Close, which restore the terminal, and then
// closes master. A deferred Close also restores the terminal on a panic, and a goroutine
// that handles SIGTERM, SIGHUP or SIGINT may call Close at any time. Between Attach and
// the return of Wait or Close no other code may read or write master.
func Attach(in, out, master *os.File, allowEscapes bool, excerpt *Excerpt) (*Attachment, error) {
	a := &Attachment{
		master: -1, in: input{src: -1}, signals: make(chan os.Signal, 1), suspended: make(chan struct{}, 1),
		excerpt: excerpt, inDone: make(chan struct{}), outDone: make(chan struct{}), sigDone: make(chan struct{}),
	}
	if err := a.open(in, out, master, allowEscapes); err != nil {
		if a.outer != nil {
			_ = a.outer.Restore()
		}
		a.closeFiles()
		return nil, fmt.Errorf("attach the terminal: %w", err)
	}
	if a.outer != nil {
		signal.Notify(a.signals, unix.SIGWINCH, unix.SIGCONT)
		a.copySize() // the size may have changed before
	}
	go a.followSignals()
	go a.copyIn()
	go a.copyOut()
	return a, nil
}

func (a *Attachment) open(in, out, master *os.File, allow bool) (err error) {
	for _, b := range []**bell{&a.stop, &a.ended, &a.abort} {
		if *b, err = newBell(); err != nil {
			return err
		}
	}
	if a.master, err = duplicate(master); err != nil {
		return err
	}
	if a.masterFlags, err = unix.FcntlInt(uintptr(a.master), unix.F_GETFL, 0); err != nil {
		return err
	}
	if err = unix.SetNonblock(a.master, true); err != nil {
		return err
	}
	kindIn, kindOut := ClassifyStd(in), ClassifyStd(out)
	if err = a.openEnds(in, out, kindIn, kindOut, allow); err != nil {
		return err
	}
	a.outer, err = SaveTerminal(in, out)
	if errors.Is(err, ErrNotTerminal) {
		a.outer, err = nil, nil
	}
	if err != nil || a.outer == nil {
		return err
	}
	a.copySize() // before the command can ask for the size
	if kindIn == KindTerminal {
		return a.outer.Raw()
	}
	return nil
}

func (a *Attachment) openEnds(in, out *os.File, kindIn, kindOut Kind, allow bool) (err error) {
	if kindIn != KindClosed {
		if a.in.src, err = openSource(in, kindIn); err != nil {
			return err
		}
	}
	a.in.dst, a.in.stop, a.in.terminal = a.master, a.stop, kindIn == KindTerminal
	if a.in.terminal {
		a.in.typed = a.noticeSuspend
	}
	if kindOut == KindClosed {
		if out, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0); err != nil {
			return err
		}
		defer out.Close()
	}
	a.screen, err = openScreen(out, kindOut, allow, a.abort)
	return err
}

// followSignals keeps the inner size equal to the outer size, and sets raw mode again
// when the process goes on after a stop: during the stop the shell had the terminal in
// the shell's own modes.
func (a *Attachment) followSignals() {
	defer close(a.sigDone)
	for sig := range a.signals {
		a.copySize()
		if sig == unix.SIGCONT && a.in.terminal && foreground(a.outer.fd) {
			_ = a.outer.Raw()
		}
	}
}

func (a *Attachment) copySize() {
	if ws, err := unix.IoctlGetWinsize(a.outer.fd, unix.TIOCGWINSZ); err == nil {
		_ = unix.IoctlSetWinsize(a.master, unix.TIOCSWINSZ, ws)
	}
}

func (a *Attachment) copyIn() {
	defer close(a.inDone)
	var err error
	if a.in.src >= 0 {
		err = a.in.run(copySize)
	}
	if err == nil {
		a.endOfInput()
	}
}

// endOfInput reports the end of input to the reader inside, as a user would: by the
// end-of-file character, twice when a line is unfinished (termios(3), VEOF). Without line
// editing there is no such character, and endOfInput sends nothing.
func (a *Attachment) endOfInput() {
	m, err := unix.IoctlGetTermios(a.master, unix.TCGETS)
	if err != nil || m.Lflag&unix.ICANON == 0 {
		return
	}
	eof := []byte{m.Cc[unix.VEOF]}
	if a.in.last != 0 && a.in.last != '\n' {
		eof = append(eof, eof[0])
	}
	w := writer{fd: a.master, abort: a.stop}
	_, _ = w.Write(eof)
}

func (a *Attachment) copyOut() {
	defer close(a.outDone)
	out := output{src: a.master, dst: a.screen, file: -1, ended: a.ended, abort: a.abort, excerpt: a.excerpt}
	a.outErr = out.run()
	if err := a.screen.end(); err != nil && a.outErr == nil {
		a.outErr = err
	}
}

// Wait ends the attachment after the command has ended: Wait passes on all output up to
// the end, which comes when no process inside holds the terminal any more. If a process
// still holds the terminal after grace, Wait stops as soon as no more output waits, and
// the error wraps ErrCutOff. Wait takes as long as the reader of the output takes. Then
// Wait throws away late answers of the terminal to questions in the output, and restores
// the terminal.
func (a *Attachment) Wait(grace time.Duration) error {
	timer := time.AfterFunc(grace, a.ended.ring)
	<-a.outDone
	timer.Stop()
	return a.finish()
}

// Close ends the attachment at once, drops unwritten output, and restores the terminal.
// After Wait or another Close, Close does nothing; during a Wait or Close, Close makes the
// earlier call return.
func (a *Attachment) Close() error {
	a.abort.ring()
	return a.finish()
}

// lateTime is how long a stopped copy may take to end. Only a copy within a blocking
// call, on a file that could not be opened anew, needs time. After lateTime the copy is
// left behind, with its descriptors, until the process ends.
const lateTime = time.Second

func waitFor(done chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-time.After(lateTime):
		return false
	}
}

func (a *Attachment) finish() error {
	a.once.Do(func() {
		a.stop.ring()
		outOver, inOver := waitFor(a.outDone), waitFor(a.inDone)
		a.result = ErrCutOff
		if outOver && a.outErr != errStopped {
			a.result = a.outErr
		}
		signal.Stop(a.signals)
		close(a.signals)
		<-a.sigDone
		if a.outer != nil {
			if asked, ok := a.screen.lastAsked(); ok {
				a.outer.swallow(asked)
			}
			a.result = errors.Join(a.result, a.outer.Restore())
		}
		if outOver && inOver {
			a.closeFiles()
		}
	})
	return a.result
}

func (a *Attachment) closeFiles() {
	if a.screen != nil {
		a.screen.close()
	}
	if a.in.src >= 0 {
		_ = unix.Close(a.in.src)
	}
	if a.master >= 0 {
		_, _ = unix.FcntlInt(uintptr(a.master), unix.F_SETFL, a.masterFlags)
		_ = unix.Close(a.master)
	}
	for _, b := range []*bell{a.stop, a.ended, a.abort} {
		b.close()
	}
}
