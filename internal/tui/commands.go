package tui

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lockstile/lockstile/refusal"
)

// command is a line that begins with a slash.
type command struct{ name, words, help string }

var commands = []command{
	{"/help", "", "what can be typed"},
	{"/status", "", "what is in force, and where each setting comes from"},
	{"/model", "NAME", "show or change the model"},
	{"/new", "", "begin another thread"},
	{"/resume", "ID", "list earlier threads, or go on with a thread"},
	{"/compact", "", "sum the conversation up, to make room"},
	{"/diff", "", "what the patches of this thread changed"},
	{"/sessions", "", "commands that live on"},
	{"/attach", "N", "give the terminal to a session; ctrl-] comes back"},
	{"/kill", "N", "end a session"},
	{"/explain", "QUESTION", "whether a command may do something, and why"},
	{"/doctor", "", "what this machine can enforce"},
	{"/log", "", "the newest records of starts"},
	{"/mcp", "", "servers with tools"},
	{"/permissions", "", "what commands may do"},
	{"/copy", "", "put the last answer on the clipboard"},
	{"/quit", "", "end everything"},
}

var keysHelp = [][2]string{
	{"!cmd", "run a command yourself, in the sandbox"}, {"@path", "a file of the workspace; tab completes"},
	{"esc", "interrupt"}, {"ctrl-c", "clear the line or interrupt; twice ends"},
	{"ctrl-o", "the last output whole"}, {"ctrl-g", "write in your editor"}, {"alt-enter", "a new line; also ctrl-j"},
	{"up, down", "earlier lines"}, {"ctrl-l", "draw anew"}, {"ctrl-z", "suspend; fg comes back"},
}

func (s *Screen) help() []string {
	lines := []string{""}
	for _, c := range commands {
		lines = append(lines, s.explained(strings.TrimSpace(c.name+" "+c.words), c.help)...)
	}
	for _, k := range keysHelp {
		lines = append(lines, s.explained(k[0], k[1])...)
	}
	return lines
}

// explained draws what can be typed, and the explanation beside it.
func (s *Screen) explained(name, help string) (lines []string) {
	lead := "  " + in(cyan, name) + strings.Repeat(" ", max(20-len(name), 1))
	for _, l := range wrap(help, textWidth(s.width)-22) {
		lines = append(lines, lead+l)
		lead = strings.Repeat(" ", 22)
	}
	return lines
}

func (s *Screen) drawing() drawing { return drawing{width: s.width} }

// failure draws an error, with the mend of a refusal.
func (d drawing) failure(err error) []string {
	text := err.Error()
	var refused *refusal.Error
	if errors.As(err, &refused) && refused.Hint != "" {
		text += "\nhint: " + refused.Hint
	}
	return d.problem(text)
}

// answer carries out a command that only shows something or takes a moment. later runs
// beside the screen. ok is false for a command of the loop's own, or an unknown one.
func (s *Screen) answer(words []string) (now []string, later func() []string, ok bool) {
	d := s.drawing()
	switch name := words[0]; name {
	case "/help":
		return s.help(), nil, true
	case "/status":
		return s.status(), nil, true
	case "/model":
		return s.model(words[1:]), nil, true
	case "/diff":
		return s.transcript.diff(), nil, true
	case "/sessions":
		return s.sessionList(), nil, true
	case "/copy":
		return s.copyAnswer(), nil, true
	case "/kill":
		e, err := s.sessionNamed(words)
		if err != nil {
			return d.failure(err), nil, true
		}
		return nil, func() []string {
			if err := e.End(); err != nil {
				return d.failure(err)
			}
			return d.notice(fmt.Sprintf("session %d was ended", e.ID))
		}, true
	case "/explain", "/doctor", "/log", "/mcp", "/permissions":
		return nil, s.ask(strings.TrimPrefix(name, "/"), words[1:]), true
	case "/resume":
		if len(words) == 1 {
			return nil, s.ask("resume", nil), true
		}
	}
	return nil, nil, false
}

// ask gets the text of an answer of Config.
func (s *Screen) ask(name string, words []string) func() []string {
	of, d := s.config.Answers[name], s.drawing()
	if of == nil {
		return func() []string { return d.failure(fmt.Errorf("there is no answer to /%s here", name)) }
	}
	return func() []string {
		text, err := of(context.Background(), words)
		lines := []string{""}
		for _, line := range safeLines(strings.TrimRight(text, "\n")) {
			for n, l := range wrap(line, d.width-3) {
				if n > 0 {
					l = "  " + l
				}
				lines = append(lines, l)
			}
		}
		if text == "" {
			lines = nil
		}
		if err != nil {
			lines = append(lines, d.failure(err)...)
		}
		return lines
	}
}

func (s *Screen) status() (lines []string) {
	used, window := s.thread.Used()
	lines = append(lines, "", "  lockstile "+Safe(s.config.Version)+in(faint, " · ")+Safe(s.modelName())+in(faint, fmt.Sprintf(" · %d of %d tokens used", used, window)), "")
	for _, v := range s.config.Policy.Values {
		from := v.From.Note
		if v.From.File != "" {
			from = fmt.Sprintf("%s:%d", s.short(v.From.File), v.From.Line)
		}
		lines = append(lines, cut(fmt.Sprintf("  %-34s ", Safe(v.Key))+Safe(fmt.Sprint(v.Value))+in(faint, "  "+Safe(from)), s.width-1))
	}
	return lines
}

func (s *Screen) modelName() string {
	if name := s.thread.Model(); name != "" {
		return name
	}
	return "no model"
}

func (s *Screen) model(words []string) []string {
	if len(words) > 0 {
		if err := s.thread.SetModel(words[0]); err != nil {
			return s.drawing().failure(err)
		}
	}
	return s.drawing().notice("the model is " + s.modelName())
}

// mostCopied is how many bytes a terminal takes for its clipboard; xterm takes no more.
const mostCopied = 74994

func (s *Screen) copyAnswer() []string {
	switch text := s.transcript.answer; {
	case text == "":
		return s.drawing().failure(errors.New("there is no answer to copy yet"))
	case s.painter == nil:
		return s.drawing().failure(errors.New("without a screen nothing can be copied"))
	case len(text) > mostCopied:
		return s.drawing().failure(fmt.Errorf("the answer has %d bytes; a clipboard takes %d", len(text), mostCopied))
	default:
		s.painter.send("\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte(text)) + "\a")
		return s.drawing().notice(fmt.Sprintf("%d bytes went to the clipboard, if the terminal lets programs set it", len(text)))
	}
}

// living returns the sessions that have not ended.
func (s *Screen) living() (living []Session) {
	for _, e := range s.thread.Sessions() {
		if !e.over() {
			living = append(living, e)
		}
	}
	return living
}

func (s *Screen) sessionLine(e Session, now time.Time) string {
	end := in(faint, " · "+roughly(now.Sub(e.Begun)))
	mark := in(blue, "◆ ") + in(bold, strconv.Itoa(e.ID)) + " "
	return mark + cut(Safe(strings.ReplaceAll(head(e.Command, mostLive), "\n", " ")), s.width-1-width(mark)-width(end)) + end
}

func (s *Screen) sessionList() []string {
	lines := []string{""}
	for _, e := range s.living() {
		lines = append(lines, s.sessionLine(e, time.Now()))
	}
	if len(lines) == 1 {
		return s.drawing().notice("no command lives on")
	}
	return lines
}

// sessionNamed finds the session of "/attach N"; without a number the only session.
func (s *Screen) sessionNamed(words []string) (Session, error) {
	living := s.living()
	if len(words) == 1 && len(living) == 1 {
		return living[0], nil
	}
	if len(words) != 2 {
		return Session{}, fmt.Errorf("%s wants the number of a session; /sessions lists them", words[0])
	}
	for _, e := range living {
		if strconv.Itoa(e.ID) == strings.TrimPrefix(words[1], "#") {
			return e, nil
		}
	}
	return Session{}, fmt.Errorf("no session %s lives; /sessions lists the living", words[1])
}
