package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lockstile/lockstile/internal/tool"
)

// question is a question on its way to the user: about a command, or else whether a turn
// may go on.
type question struct {
	tool.Question
	goOn      string // why a turn looks endless; "" for a question about a command
	answer    chan bool
	withdrawn atomic.Bool // nobody waits for the answer any more

	lines   []string // of the command, broken for width; the loop's
	width   int
	printed bool // what the dialog has no room for stands above
}

// asker is what the log names as the way of an approval.
const asker = "the user, on the screen"

// errClosed says that the screen is gone.
var errClosed = errors.New("the screen is closed")

// Ask is a tool.Ask that shows a dialog and waits for the answer.
func (s *Screen) Ask(ctx context.Context, q tool.Question) (by string, err error) {
	yes, err := s.await(ctx, &question{Question: q, answer: make(chan bool, 1)})
	if !yes {
		return "", err
	}
	return asker, nil
}

// GoOn asks whether a turn that looks endless may go on.
func (s *Screen) GoOn(ctx context.Context, why string) bool {
	yes, err := s.await(ctx, &question{goOn: why, answer: make(chan bool, 1)})
	return yes && err == nil
}

// await puts a question, and waits for the answer.
func (s *Screen) await(ctx context.Context, q *question) (yes bool, err error) {
	s.put(q)
	select {
	case yes = <-q.answer:
		return yes, nil
	case <-ctx.Done():
		q.withdrawn.Store(true)
		s.put(nil) // draw without the dialog
		return false, context.Cause(ctx)
	case <-s.gone:
		return false, errClosed
	}
}

// settle is how long the keyboard must rest before a dialog takes a yes: somebody who is
// writing a message must not approve a command by a letter of the message.
const settle = 400 * time.Millisecond

// dialog is the state of the questions on the screen. The first question is shown.
type dialog struct {
	asked []*question
	quiet time.Time // since when no key was typed, or the question stands
	shown *question
	large bool // the terminal has room for the question
}

// first returns the question to show, nil for none.
func (d *dialog) first() *question {
	for len(d.asked) > 0 && d.asked[0].withdrawn.Load() {
		d.asked = d.asked[1:]
	}
	if len(d.asked) == 0 {
		d.shown = nil
		return nil
	}
	return d.asked[0]
}

// ready reports whether the keyboard has rested.
func (d *dialog) ready(now time.Time) bool { return now.Sub(d.quiet) >= settle }

// key acts on a key. ok is false for a key that belongs to the composer. A yes counts only
// for a question that the user has seen whole.
func (d *dialog) key(name string, now time.Time) (ok bool) {
	if d.asked[0] != d.shown {
		return true // the question before was withdrawn just now
	}
	ready := d.ready(now)
	switch name {
	case "esc", "ctrl+c":
		d.reply(false)
		return true
	case "y", "n":
		if ready && (d.large || name == "n") {
			d.reply(name == "y")
			return true
		}
	case "enter":
		return true
	}
	if !ready {
		d.quiet = now
	}
	return ready // a key that means nothing here is no text for the composer either
}

func (d *dialog) reply(yes bool) {
	d.asked[0].answer <- yes
	d.asked = d.asked[1:]
}

// leastWidth is the columns that a question needs at least.
const leastWidth = 20

// draw draws the first question with the keys that answer. Of a question that is too large
// for the terminal the last lines stay: the user can't say yes to a command out of sight.
func (d *dialog) draw(q *question, dir string, w, h int, now time.Time) []string {
	lines := q.draw(dir, w, h)
	large := w >= leastWidth && len(lines)+len(d.keys(w, now)) < h
	if large && !d.large {
		d.quiet = now // the question is seen whole only now
	}
	d.large = large
	return append(lines, d.keys(w, now)...)
}

// questionBar stands before each line of a question.
var questionBar = in(yellow, "┃ ")

// What the model chose besides the command may take so many lines: the command must stay
// in sight.
const (
	mostFolder = 2
	mostReason = 3
)

// draw draws the question, about a command in the folder dir, which is safe. What the
// model wrote is marked as the model's.
func (q *question) draw(dir string, w, h int) (lines []string) {
	say := func(text string) { lines = append(lines, questionBar+cut(text, w-3)) }
	if q.goOn != "" {
		say(in(bold, "Go on?"))
		for _, l := range first(wrap(Safe(q.goOn), textWidth(w)-3), mostReason) {
			say(l)
		}
		return lines
	}
	if q.Escalate {
		say(in(yellow, "Start WITHOUT the sandbox?"))
	} else {
		say(in(bold, "Start inside the sandbox?"))
	}
	say("")
	command, room := q.commandLines(w), commandRoom(h)
	for n, line := range command {
		if n == room {
			say(in(yellow, fmt.Sprintf("  … %d lines more; the whole command stands above", len(command)-n)))
			break
		}
		say("  " + in(bold, line))
	}
	for _, l := range first(folderLines(dir, w), mostFolder) {
		say("  " + in(faint, l))
	}
	if q.Justification != "" || q.Escalate {
		say("")
	}
	if q.Justification != "" {
		for _, l := range first(beside("The model says:", italic, Safe(head(q.Justification, mostLive)), w), mostReason) {
			say(l)
		}
	}
	if q.Escalate {
		for _, l := range beside("A yes loosens:", "", "files, network and processes, for this command alone", w) {
			say(l)
		}
	}
	return lines
}

func folderLines(dir string, w int) []string { return hardwrap("in "+dir, w-6) }

// whole draws what the dialog has no room for; nothing if all of the command is in the
// dialog.
func (q *question) whole(dir string, w, h int) (lines []string) {
	command, folder := q.commandLines(w), folderLines(dir, w)
	if len(command) <= commandRoom(h) && len(folder) <= mostFolder {
		return nil
	}
	lines = append(lines, "", in(bold, "The command of the question:"))
	for _, l := range append(command[:len(command):len(command)], folder...) {
		lines = append(lines, "  "+l)
	}
	return lines
}

// first returns the first lines, and says in the last line that some are missing.
func first(lines []string, most int) []string {
	if len(lines) <= most {
		return lines
	}
	return append(lines[:most-1:most-1], in(faint, fmt.Sprintf("… %d lines more", len(lines)-most+1)))
}

// keys draws which keys answer.
func (d *dialog) keys(w int, now time.Time) []string {
	keys := in(faint, "esc no · a yes counts when the keyboard rests")
	switch {
	case !d.large:
		keys = in(bold, "n") + " no · a yes needs a larger window"
	case d.ready(now):
		keys = in(bold, "y") + " yes, once    " + in(bold, "n") + " no"
	}
	lines := []string{questionBar, questionBar + cut(keys, w-3)}
	if more := len(d.asked) - 1; more > 0 {
		lines = append(lines, questionBar+in(faint, fmt.Sprintf("%d more to answer", more)))
	}
	return lines
}

// commandLines breaks the command line, and what the command reads, so that each character
// is seen. A dialog is drawn many times, and a command may be long.
func (q *question) commandLines(w int) []string {
	if q.lines == nil || q.width != w {
		q.lines, q.width = nil, w
		for _, line := range safeLines(strings.TrimRight(q.Command+"\n"+q.Input, "\n")) {
			q.lines = append(q.lines, hardwrap(line, w-6)...)
		}
	}
	return q.lines
}

// commandRoom is how many lines of a command a dialog shows on a terminal of h rows.
func commandRoom(h int) int { return max(h-14, 3) }

// beside draws a text beside its label, or below where the terminal is narrow.
func beside(label, style, text string, w int) (lines []string) {
	const labelWidth = 17
	gap, room := in(faint, label)+strings.Repeat(" ", max(labelWidth-len(label), 1)), textWidth(w)-labelWidth-3
	if w < 60 {
		lines = append(lines, in(faint, label))
		gap, room = "  ", w-6
	}
	for _, l := range wrap(text, room) {
		lines = append(lines, gap+in(style, l))
		gap = strings.Repeat(" ", width(gap))
	}
	return lines
}
