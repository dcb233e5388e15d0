package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// badge is what the log says about the start of an item. Signs have words beside them, so
// that nothing is lost without colours.
type badge struct {
	style string
	words string
	seq   uint64 // 0 where no line is to be named
}

// badgeOf returns the badge of a record, and no words without a record: what was meant to
// happen is no badge.
func badgeOf(s *agent.Sandbox) badge {
	switch {
	case s == nil:
		return badge{}
	case s.Refused == string(refusal.StageApprove):
		return badge{style: red, words: "✖ not approved"}
	case s.Refused != "":
		return badge{style: red, words: "✖ refused: " + Safe(s.Refused), seq: s.Seq}
	case s.Seq == 0:
		return badge{}
	case s.Mode == policy.ModeDangerFullAccess.String(): // whatever was proven, it confines nothing
		return badge{style: yellow, words: "⚠ unconfined, as you allowed", seq: s.Seq}
	case s.NotHeld != "":
		return badge{style: yellow, words: "⚠ proven in part: no namespaces", seq: s.Seq}
	case s.Proven > 0:
		return badge{style: green, words: "✔ proven", seq: s.Seq}
	}
	return badge{}
}

func (b badge) text() string {
	if b.seq == 0 {
		return b.words
	}
	return fmt.Sprintf("%s #%d", b.words, b.seq)
}

func (b badge) drawn() string {
	if b.words == "" {
		return ""
	}
	out := in(b.style, b.words)
	if b.seq != 0 {
		out += in(faint, fmt.Sprintf(" #%d", b.seq))
	}
	return out
}

// ending says how a command or a call ended, in words.
func ending(i *agent.Item) string {
	var parts []string
	switch {
	case i.Exit != nil:
		parts = append(parts, fmt.Sprintf("exit %d", *i.Exit))
	case i.Session != 0:
		parts = append(parts, fmt.Sprintf("runs on as session %d", i.Session))
	case i.Status == agent.Failed:
		parts = append(parts, "failed")
	}
	switch {
	case i.Millis >= 100:
		parts = append(parts, fmt.Sprintf("%.1f s", float64(i.Millis)/1000))
	case i.Millis > 0:
		parts = append(parts, fmt.Sprintf("%d ms", i.Millis))
	}
	return strings.Join(parts, " · ")
}

// roughly writes a time in one unit.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Hours()))
}
