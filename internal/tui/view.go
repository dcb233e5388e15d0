package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/lockstile/lockstile/policy"
)

var spinner = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

const (
	mostLiving = 3 // sessions below the transcript
	mostRowsIn = 8 // of the text that the user writes
	invitation = "Ask for something · !cmd runs one yourself · /help"
)

// opening prints what the screen begins with.
func (s *Screen) opening() {
	net := "network off"
	switch p := s.config.Policy; {
	case p.NetworkOpen():
		net = "network on"
	case p.NetworkByName():
		net = "network by name"
	}
	proof := "every start is proven first"
	if s.config.Policy.Mode == policy.ModeDangerFullAccess {
		proof = in(yellow, "commands are not confined")
	}
	text := in(bold, "lockstile ") + Safe(s.config.Version) + in(faint, " · "+Safe(s.modelName())+" · ") + s.short(s.config.Policy.Workspace)
	for _, line := range []string{text, in(faint, s.config.Policy.Mode.String()+" · "+net+" · ") + in(faint, proof)} {
		for _, l := range carry(wrap(line, textWidth(s.width)-2)) {
			s.painter.print(in(blue, "┃ ") + l)
		}
	}
	if !s.config.ModelSet {
		s.painter.print(s.noModel()...)
	}
}

// noModel says how to set a model, and what the session does without a model.
func (s *Screen) noModel() []string {
	lines := append([]string{""}, wrap(in(yellow, "No model is set.")+" One of these sets a model:", textWidth(s.width))...)
	for _, way := range [][2]string{
		{"lockstile --oss", "a model server on this machine"},
		{"lockstile -m MODEL", "OpenAI, with the key in OPENAI_API_KEY"},
		{`model = "MODEL"`, "in " + s.short(s.config.Policy.Home+"/config.toml") + ", with any provider"},
	} {
		lines = append(lines, s.explained(way[0], way[1])...)
	}
	for _, l := range wrap("Without a model, try !whoami: !cmd runs a command in the sandbox. /sessions, /attach, /explain, /doctor and /log work all the same.", textWidth(s.width)) {
		lines = append(lines, in(faint, l))
	}
	return lines
}

// draw shows the live region as the state is.
func (s *Screen) draw() {
	if s.attached {
		return
	}
	now := time.Now()
	spin := spinner[s.spin%len(spinner)]
	lines := s.transcript.live(spin, now)
	lines = append(lines, s.sessionsBelow(now)...)
	q := s.question(now)
	if s.turn != nil && q == nil {
		lines = append(lines, "", in(yellow, spin)+in(faint, " working · "+roughly(now.Sub(s.turn.begun))+" · esc interrupts"))
	}
	for _, text := range s.queue {
		lines = append(lines, in(faint, cut("  then: "+Safe(strings.ReplaceAll(text, "\n", " ")), s.width-1)))
	}
	lines = append(lines, "")
	f := frame{width: s.width, height: s.height}
	if q != nil {
		f.lines = append(lines, s.dialog.draw(q, s.short(q.Dir), s.width, s.height, now)...)
		f.row, f.hidden = len(f.lines)-1, true
	} else {
		f.row, f.col = len(lines), 2
		composer, row, col := s.composer()
		f.row, f.col = len(lines)+row, col
		f.lines = append(append(lines, composer...), s.below()...)
	}
	s.painter.show(f)
}

// question returns the question to show. What the dialog has no room for goes into the
// scrollback.
func (s *Screen) question(now time.Time) *question {
	q := s.dialog.first()
	if q == nil {
		return nil
	}
	if q != s.dialog.shown {
		s.dialog.shown, s.dialog.quiet = q, now
	}
	if whole := q.whole(s.short(q.Dir), s.width, s.height); whole != nil && !q.printed {
		q.printed = true
		s.painter.print(whole...)
	}
	return q
}

// sessionsBelow lists the newest sessions that no item above shows.
func (s *Screen) sessionsBelow(now time.Time) (lines []string) {
	shown := map[string]bool{}
	for _, i := range s.transcript.running {
		shown[i.Command] = true
	}
	for _, e := range s.living() {
		if !shown[e.Command] {
			lines = append(lines, s.sessionLine(e, now))
		}
	}
	if more := len(lines) - mostLiving; more > 0 {
		lines = append(lines[more:], in(faint, fmt.Sprintf("  %d more; /sessions lists them", more)))
	}
	if len(lines) > 0 {
		lines = append([]string{""}, lines...)
	}
	return lines
}

// composer draws the text that the user writes, and finds the cursor.
func (s *Screen) composer() (lines []string, row, col int) {
	bar := in(blue, "┃ ")
	if len(s.editor.text) == 0 {
		return []string{bar + in(faint, cut(invitation, s.width-3))}, 0, 2
	}
	rows, row, col := s.editor.layout(s.width - 3)
	first := max(min(row-mostRowsIn/2, len(rows)-mostRowsIn), 0)
	for _, r := range rows[first:min(first+mostRowsIn, len(rows))] {
		lines = append(lines, bar+r.text)
	}
	return lines, row - first, col + 2
}

// below draws the completions, or the status line.
func (s *Screen) below() []string {
	if len(s.choices.items) > 0 {
		return s.choices.draw(s.width)
	}
	net := "net off"
	switch p := s.config.Policy; {
	case p.NetworkOpen():
		net = "net on"
	case p.NetworkByName():
		net = "net by name"
	}
	mode, approval, tokens := s.config.Policy.Mode.String(), s.config.Policy.Approval.String(), ""
	if used, window := s.thread.Used(); used > 0 {
		tokens = fmt.Sprintf("%dk/%dk", (used+500)/1000, window/1000)
	}
	for _, parts := range [][]string{{mode, net, approval, tokens}, {mode, net, tokens}} {
		status := "  " + strings.TrimSuffix(strings.Join(parts, " · "), " · ")
		if len(parts) == 3 || width(status) < s.width {
			return []string{in(faint, cut(status, s.width-1))}
		}
	}
	return nil
}
