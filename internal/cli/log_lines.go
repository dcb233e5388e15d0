package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/internal/plain"
)

// entry is the part of a line that log shows.
type entry struct {
	Seq         uint64               `json:"seq"`
	Time        time.Time            `json:"time"`
	Event       string               `json:"event"`
	Mode        string               `json:"mode"`
	Rung        string               `json:"rung"`
	Channel     string               `json:"channel"`
	Workspace   string               `json:"workspace"`
	Argv        []string             `json:"argv"`
	Start       uint64               `json:"start"`
	Exit        *int                 `json:"exit"`
	Signal      string               `json:"signal"`
	Error       string               `json:"error"`
	Millis      int64                `json:"ms"`
	Code        string               `json:"code"`
	Stage       string               `json:"stage"`
	Restriction string               `json:"restriction"`
	Reason      string               `json:"reason"`
	Proven      []string             `json:"proven"`
	Denied      []string             `json:"denied"`
	Left        []string             `json:"left"`
	Exceeded    string               `json:"exceeded"`
	Because     string               `json:"ended_because"`
	Obstacles   []lockstile.Obstacle `json:"obstacles"`

	// Of a decision about a server.
	Via     string `json:"via"`
	Host    string `json:"host"`
	Port    uint16 `json:"port"`
	Allowed bool   `json:"allowed"`
	Rule    string `json:"rule"`
	Address string `json:"address"`

	Connections *struct {
		Allowed, Refused, Unlogged int
		Error                      string
	} `json:"connections"`
}

// shownLog shows the log, and what comes to it.
type shownLog struct {
	logFlags
	gate    *lockstile.Gate
	columns int               // of the terminal, 0 without one
	last    uint64            // the seq of the last line seen
	starts  map[uint64]string // command lines, by the seq of the start
}

// followPause is the time between two looks at the log.
const followPause = 200 * time.Millisecond

// show prints the lines that are there.
func (s *shownLog) show() error {
	n := s.n
	if s.denied || s.network || !s.since.IsZero() || s.follow && n == 0 {
		n = math.MaxInt // what is shown is not known before all is read
	}
	lines, err := s.gate.Records(n)
	if err != nil {
		return err
	}
	var out []string
	for _, line := range lines {
		if text := s.text(line); text != "" {
			out = append(out, text)
		}
	}
	for _, text := range out[max(len(out)-s.n, 0):] {
		plain.OutText(text)
	}
	return nil
}

// followed prints new lines until a signal ends lockstile.
func (s *shownLog) followed() int {
	for ; ; time.Sleep(followPause) {
		lines, err := s.gate.Records(1)
		if err != nil || len(lines) == 0 || seqOf(lines[0]) == s.last {
			continue
		}
		for n := 16; ; n *= 4 {
			if lines, err = s.gate.Records(n); err != nil {
				return failed(err)
			}
			if len(lines) < n || seqOf(lines[0]) <= s.last+1 {
				break
			}
		}
		for _, line := range lines {
			if seqOf(line) > s.last {
				plain.OutText(s.text(line))
			}
		}
	}
}

func seqOf(line json.RawMessage) uint64 {
	var e struct{ Seq uint64 }
	_ = json.Unmarshal(line, &e)
	return e.Seq
}

// text returns a line of the log for people, or as it is; "" for a line that was not asked
// for. No control character reaches the terminal: the command line is the agent's text.
func (s *shownLog) text(line json.RawMessage) string {
	var e entry
	err := json.Unmarshal(line, &e)
	s.last = max(s.last, e.Seq)
	if e.Event == "start" {
		s.starts[e.Seq] = strings.Join(e.Argv, " ")
	}
	switch {
	case s.denied && !e.anyDenial(), s.network && e.Event != "connection", e.Time.Before(s.since):
		return ""
	case s.json:
		return string(line) + "\n"
	case err != nil:
		return plain.Text(string(line)) + "\n"
	}
	text := plain.Sprintf("%5d  %s  %-8s  ", e.Seq, e.Time.Local().Format("2006-01-02 15:04:05"), e.Event) + plain.Text(s.about(e))
	if s.columns > 0 {
		text = wrap(text, s.columns, 7)
	}
	return text + "\n"
}

// anyDenial reports whether the sandbox stood in a command's way.
func (e entry) anyDenial() bool {
	return e.Event == "refusal" || e.Event == "connection" && !e.Allowed || len(e.Denied)+len(e.Left)+len(e.Obstacles) > 0 || e.Exceeded != "" || e.Because != ""
}

// about says what happened.
func (s *shownLog) about(e entry) string {
	command := strings.Join(e.Argv, " ")
	switch e.Event {
	case "start":
		how := fmt.Sprintf("%d restrictions proven", len(e.Proven))
		switch {
		case e.Rung == "unconfined":
			how = "UNCONFINED"
		case e.Rung == "landlock only" && e.Mode == "workspace-write":
			how += " without namespaces"
		}
		return fmt.Sprintf("%s, %s, %s: %s", e.way(), e.Mode, how, command)
	case "end":
		of := fmt.Sprintf("of %d", e.Start)
		if s.denied {
			of += s.of(e)
		}
		return strings.Join(append([]string{fmt.Sprintf("%s: %s after %d ms", of, e.ended(), e.Millis)}, e.denials()...), "; ")
	case "connection":
		return e.connection() + s.of(e)
	case "recovery":
		return "taken back from a start that was killed: " + strings.Join(e.Denied, ", ")
	case "refusal":
		what := e.Restriction
		if what == "" {
			what = e.Code
		}
		return fmt.Sprintf("%s, %s, at %s (%s): %s: %s", e.way(), e.Mode, e.Stage, what, e.Reason, command)
	}
	return ""
}

// of names the command of a line in parentheses, if it is known.
func (s *shownLog) of(e entry) string {
	begun := []rune(s.starts[e.Start])
	switch {
	case len(begun) == 0:
		return ""
	case len(begun) > mostBegun:
		begun = append(begun[:mostBegun], '…')
	}
	return " (" + string(begun) + ")"
}

// mostBegun is how many letters of a command line stand beside another line.
const mostBegun = 60

// connection says what was decided about a server.
func (e entry) connection() string {
	target := netrules.Join(e.Host, e.Port)
	if e.Port == 0 {
		target = e.Host
	}
	if !e.Allowed {
		return fmt.Sprintf("of %d: REFUSED %s by %s: %s", e.Start, target, e.Via, e.Reason)
	}
	return fmt.Sprintf("of %d: %s by %s at %s, by the rule %s", e.Start, target, e.Via, e.Address, e.Rule)
}

// way says by which way a request came, and for which workspace.
func (e entry) way() string {
	way := "by " + e.Channel
	if e.Channel == "doctor" {
		way = "doctor's trial"
	}
	if e.Workspace != "" {
		way += " in " + e.Workspace
	}
	return way
}

func (e entry) ended() string {
	switch {
	case e.Error != "":
		return e.Error
	case e.Signal != "":
		return "ended by " + e.Signal
	case e.Exit != nil:
		return fmt.Sprintf("exit %d", *e.Exit)
	}
	return "ended"
}

// denials lists where the sandbox stood in the command's way.
func (e entry) denials() (out []string) {
	if len(e.Denied) > 0 {
		out = append(out, "taken back: "+strings.Join(e.Denied, ", "))
	}
	if len(e.Left) > 0 {
		out = append(out, "NOT taken back: "+strings.Join(e.Left, ", "))
	}
	if c := e.Connections; c != nil && c.Refused > 0 {
		out = append(out, fmt.Sprintf("%d requests for servers refused", c.Refused))
	}
	if c := e.Connections; c != nil && c.Error != "" {
		out = append(out, c.Error)
	}
	if e.Exceeded != "" {
		out = append(out, "ended for a limit: "+e.Exceeded)
	}
	if e.Because != "" {
		out = append(out, "ended: "+e.Because)
	}
	for _, o := range e.Obstacles {
		if o.Kind == "observed" && len(e.Denied) > 0 && strings.Contains(strings.Join(e.Denied, "\n"), o.What) {
			continue
		}
		out = append(out, "denied: "+o.Cause)
	}
	return out
}

// wrap breaks a line at spaces; the lines behind the first are indented.
func wrap(line string, columns, indent int) string {
	var lines []string
	now := ""
	for _, word := range strings.SplitAfter(line, " ") {
		if utf8.RuneCountInString(now+strings.TrimRight(word, " ")) > columns && strings.TrimSpace(now) != "" {
			lines, now = append(lines, strings.TrimRight(now, " ")), strings.Repeat(" ", indent)
		}
		now += word
	}
	return strings.Join(append(lines, now), "\n")
}
