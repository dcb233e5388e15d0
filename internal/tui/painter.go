package tui

import (
	"io"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// painter draws on the terminal: finished lines go into the terminal's own scrollback, and
// a live region stands below. painter writes in a goroutine of its own: a slow terminal
// holds nobody up. Finished lines wait, and of the frames only the newest counts.
//
// painter relies on nothing but the cursor's movement. No line of the live region wraps,
// thus the height is known; painter computes the height where a terminal that became
// narrower has wrapped the lines.
type painter struct {
	out     io.Writer
	plain   bool // no styles: NO_COLOR
	reflows bool // the terminal wraps old lines anew at a new width

	pen chan struct{} // held by whoever writes to the terminal

	mu       sync.Mutex
	finished []string
	raw      string // sequences that move nothing, like a bell
	next     frame
	dirty    bool
	again    bool // draw all
	wake     chan struct{}
	ended    chan struct{}

	// What stands on the terminal; guarded by pen.
	drawn    []string
	row, col int // of the cursor, within drawn
	width    int // of the terminal at that time
}

// frame is a live region, and the place of the cursor within.
type frame struct {
	lines         []string
	row, col      int
	hidden        bool // the cursor
	again         bool // draw also what seems to stand there
	width, height int  // of the terminal
}

// framePause is the least time between two frames.
const framePause = 8 * time.Millisecond

func newPainter(out io.Writer, l look) *painter {
	return &painter{out: out, plain: l.plain, reflows: l.reflows,
		pen: make(chan struct{}, 1), wake: make(chan struct{}, 1), ended: make(chan struct{})}
}

// print adds finished lines.
func (p *painter) print(lines ...string) {
	if len(lines) == 0 {
		return
	}
	p.mu.Lock()
	p.finished = append(p.finished, lines...)
	p.dirty = true
	p.mu.Unlock()
	p.ring()
}

// send writes a sequence that draws nothing.
func (p *painter) send(seq string) {
	p.mu.Lock()
	p.raw += seq
	p.dirty = true
	p.mu.Unlock()
	p.ring()
}

// show makes a frame the live region.
func (p *painter) show(f frame) {
	p.mu.Lock()
	p.next, p.dirty = f, true
	p.mu.Unlock()
	p.ring()
}

// redraw draws the whole live region anew.
func (p *painter) redraw() {
	p.mu.Lock()
	p.again, p.dirty = true, true
	p.mu.Unlock()
	p.ring()
}

func (p *painter) ring() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run paints until stop.
func (p *painter) run() {
	var last time.Time
	for {
		select {
		case <-p.ended:
			return
		case <-p.wake:
		}
		if wait := framePause - time.Since(last); wait > 0 {
			time.Sleep(wait)
		}
		select {
		case p.pen <- struct{}{}:
		case <-p.ended:
			return
		}
		p.paint()
		last = time.Now()
	}
}

func (p *painter) stop() { close(p.ended) }

// mostLines is how many finished lines are written at once: the newest frame must not wait
// for all of them.
const mostLines = 1000

// paint writes what is new, and gives the pen back that the caller holds.
func (p *painter) paint() {
	defer func() { <-p.pen }()
	p.mu.Lock()
	if !p.dirty {
		p.mu.Unlock()
		return
	}
	lines, f, raw := p.finished, p.next, p.raw
	f.again, p.again, p.raw = p.again, false, ""
	if len(lines) > mostLines {
		lines, p.finished = lines[:mostLines], lines[mostLines:]
		p.ring()
	} else {
		p.finished, p.dirty = nil, false
	}
	p.mu.Unlock()
	_, _ = io.WriteString(p.out, raw+p.compose(lines, f)) // a terminal that is gone ends the input too
}

// hold takes the live region away and gives the terminal to the caller, until release.
// hold gives up after the time wait: a stuck terminal takes nothing.
func (p *painter) hold(wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case p.pen <- struct{}{}:
	case <-timer.C:
		return false
	}
	p.mu.Lock()
	lines, raw := p.finished, p.raw
	p.finished, p.raw = nil, ""
	p.mu.Unlock()
	text := raw + "\r"
	if up := p.above(p.width); up > 0 {
		text += ansi.CursorUp(up)
	}
	text += eraseBelow
	for _, line := range lines {
		text += p.styled(line) + "\r\n"
	}
	p.forget()
	_, _ = io.WriteString(p.out, text+showCursor)
	return true
}

// release draws again, from the beginning of the cursor's line.
func (p *painter) release() {
	p.forget()
	p.mu.Lock()
	p.dirty = true
	p.mu.Unlock()
	<-p.pen
	p.ring()
}

func (p *painter) forget() { p.drawn, p.row, p.col = nil, 0, 0 }

func (p *painter) styled(line string) string {
	if p.plain {
		return ansi.Strip(line)
	}
	return line
}
