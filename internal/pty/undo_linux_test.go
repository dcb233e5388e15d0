//go:build linux

package pty

import (
	"strings"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/emulated"
)

// TestTerminalShowsTextAsBefore has output change characters, colours and margins of a
// terminal, and checks that the next program's text is shown as usual, by both ways.
func TestTerminalShowsTextAsBefore(t *testing.T) {
	const output = "\x1b(0\x1bo\x1b[8m\x1b[4h\x1b[?7l\x1b[2;3r\x1b[?5h\x1b[2h\x1b[12l"
	for _, way := range []string{"terminal", "pipes"} {
		screen, err := emulated.Open(20, 5, nil)
		if err != nil {
			t.Fatal(err)
		}
		if way == "terminal" {
			master, inner := openPTY(t)
			a, err := Attach(screen.Slave, screen.Slave, master, false, nil)
			if err != nil {
				t.Fatal(err)
			}
			write(t, inner, output)
			inner.Close()
			err = a.Wait(grace)
			if err != nil {
				t.Error(err)
			}
		} else {
			s := newStreams(t, nil, screen.Slave, screen.Slave)
			_, out, errOut := process(t, s)
			s.Start()
			write(t, out, output)
			out.Close()
			errOut.Close()
			if err := s.Wait(grace); err != nil {
				t.Error(err)
			}
		}
		write(t, screen.Slave, "\x1b[H\x1b[2Jgone\x1b[5;1Hqqq\n"+strings.Repeat("x", 21))
		want := "\n\nqqq\n" + strings.Repeat("x", 20) + "\nx"
		for deadline := time.Now().Add(10 * time.Second); screen.Text() != want; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("%s: the screen is %q, want %q", way, screen.Text(), want)
				break
			}
		}
		screen.Close()
	}
}
