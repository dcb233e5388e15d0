package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/escapes"
)

// The screen asks the terminal for marks around pasted text, and for keys that are told
// apart.
const (
	modesOn  = "\x1b[?2004h\x1b[>1u"
	modesOff = "\x1b[<u\x1b[?2004l" + reset + showCursor
)

// holdTime is how long a change of the terminal's owner waits for a terminal that takes
// nothing.
const holdTime = 5 * time.Second

// typist types at a session.
type typist struct{ Session }

func (t typist) Write(p []byte) (int, error) { return len(p), t.Type(string(p)) }

// newlines writes LF as CR LF: on a raw terminal a lone LF doesn't go to the beginning of
// the line. A command on pipes has no terminal of its own to do so.
type newlines struct{ io.Writer }

func (n newlines) Write(p []byte) (int, error) {
	_, err := n.Writer.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")))
	return len(p), err
}

// attach gives the terminal to a session until the user leaves by ^] or the session ends.
// The keyboard is stopped before, and again afterwards. attach returns what to tell.
func (s *Screen) attach(e Session, size lockstile.Size) (note string, err error) {
	if !s.painter.hold(holdTime) {
		return "", errors.New("the terminal takes no output")
	}
	defer s.painter.release()
	fmt.Fprintf(s.config.Out, "%s%s\r\n", modesOff, in(faint, fmt.Sprintf("· attached to session %d; ctrl-] comes back", e.ID)))
	var out io.Writer = s.config.Out
	if e.Resize(size) != nil {
		out = newlines{out}
	}
	filter := escapes.NewFilter(out, s.config.Policy.TerminalEscapes)
	ordered := &turnstile{to: filter}
	ordered.mu.Lock() // the output from now on waits for the output from before
	recent, stop := e.Tap(ordered)
	_, _ = filter.Write(recent)
	ordered.mu.Unlock()
	smaller := size
	smaller.Rows = max(size.Rows-1, 1)
	_ = e.Resize(smaller) // a program draws anew at a new size
	_ = e.Resize(size)
	s.resizeTo.Store(&e)
	defer func() { // after a fault too
		s.keyboard.stop()
		s.resizeTo.Store(nil)
		stop()
		ordered.close() // a write may be on its way
		_ = filter.Close()
		_, _ = s.config.Out.Write(filter.Undo())
		fmt.Fprint(s.config.Out, reset+"\r\n"+modesOn)
	}()
	left := s.keyboard.give(typist{e})
	select {
	case <-left:
		return fmt.Sprintf("detached from session %d", e.ID), nil
	case <-e.Over:
		return fmt.Sprintf("session %d has ended", e.ID), nil
	case <-s.gone:
		return "", nil
	}
}

// turnstile lets one write through at a time, and none after close.
type turnstile struct {
	mu sync.Mutex
	to io.Writer
}

func (t *turnstile) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.to.Write(p)
}

func (t *turnstile) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.to = io.Discard
}

// edit lets the user write a text in an editor, and returns the new text.
func (s *Screen) edit(text string, size lockstile.Size) (string, error) {
	e, written, err := s.config.Edit(context.Background(), text)
	if err != nil {
		return text, err
	}
	_, err = s.attach(e, size)
	err = errors.Join(err, e.End()) // an editor that was left by ^] doesn't live on
	draft, readErr := written()
	if readErr != nil {
		return text, errors.Join(err, readErr)
	}
	return draft, err
}
