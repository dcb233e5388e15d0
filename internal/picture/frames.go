package picture

import (
	"io"
	"time"

	"github.com/charmbracelet/x/vt"
)

const (
	together  = 45 * time.Millisecond // closer pieces share a frame
	mostIdle  = 2 * time.Second       // a longer wait is shortened to this
	lastStays = 5 * time.Second       // before the picture begins anew
)

// frame is what the terminal shows from a time on: the markup of each row.
type frame struct {
	at       time.Duration
	rows     []string
	row, col int // of the cursor; -1 where it is hidden
}

func (f frame) same(g frame) bool {
	if f.row != g.row || f.col != g.col {
		return false
	}
	for i := range f.rows {
		if f.rows[i] != g.rows[i] {
			return false
		}
	}
	return true
}

// frames plays the recording to a terminal, and looks at the terminal whenever the output
// rests. The last frame's end is returned as well.
func (r Recording) frames() (all []frame, end time.Duration) {
	e := vt.NewEmulator(r.Width, r.Height)
	answered := make(chan struct{})
	go func() { // the terminal waits until its answers are read
		defer close(answered)
		_, _ = io.Copy(io.Discard, e)
	}()
	defer func() {
		_ = e.InputPipe().(io.Closer).Close()
		<-answered
	}()
	clock := time.Duration(0)
	for i, p := range r.Pieces {
		if i > 0 {
			clock += min(p.At-r.Pieces[i-1].At, mostIdle)
		}
		_, _ = e.WriteString(p.Text)
		if i+1 < len(r.Pieces) && r.Pieces[i+1].At-p.At < together {
			continue
		}
		if f := look(e, clock); len(all) == 0 || !f.same(all[len(all)-1]) {
			all = append(all, f)
		}
	}
	if all == nil {
		all = []frame{look(e, 0)}
	}
	all[0].at = 0
	return all, all[len(all)-1].at + lastStays
}

// look takes a frame of the terminal.
func look(e *vt.Emulator, at time.Duration) frame {
	f := frame{at: at, row: -1, col: -1}
	if p := e.CursorPosition(); !e.CursorHidden() {
		f.row, f.col = p.Y, p.X
	}
	for y := range e.Height() {
		f.rows = append(f.rows, row(e, y))
	}
	return f
}
