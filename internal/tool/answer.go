package tool

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/obstacle"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/session"
)

// Answer is a tool's answer about a command: the output since the last look, and the
// command's state.
type Answer struct {
	Chunk   string               // the name of the answer
	Wall    time.Duration        // how long the call waited
	Exit    *int                 // nil while the command runs
	Session int                  // the session of a running command; 0 after the end
	Tokens  int                  // of the whole output, with the cut part
	Evicted string               // says that another session was ended for the new session
	Others  string               // says that the processes of other sessions are out of reach, and what reaches them
	LeftOut []string             // configured roots that commands can't write, in the first answer
	Shell   string               // says that SHELL names no shell, and what ran the command
	Output  string               // valid UTF-8, cut to the caller's budget
	Sandbox []lockstile.Obstacle // places where the sandbox seems to have stopped the command
	Traces                       // after the end
}

// String returns the answer in the form that models know from similar tools.
func (a Answer) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Chunk ID: %s\nWall time: %.4f seconds\n", a.Chunk, a.Wall.Seconds())
	if a.Exit != nil {
		fmt.Fprintf(&b, "Process exited with code %d\n", *a.Exit)
	}
	if a.Session != 0 {
		fmt.Fprintf(&b, "Process running with session ID %d\n", a.Session)
	}
	if a.Shell != "" {
		b.WriteString(plain.Sprintf("%s\n", a.Shell))
	}
	sayLeftOut(&b, a.LeftOut)
	sayEvicted(&b, a.Evicted)
	a.say(&b)
	fmt.Fprintf(&b, "Original token count: %d\nOutput:\n%s", a.Tokens, a.Output)
	sayObstacles(&b, a.Output, a.Sandbox)
	if a.Others != "" {
		if len(a.Sandbox) == 0 && !strings.HasSuffix(a.Output, "\n") {
			b.WriteByte('\n')
		}
		b.WriteString(plain.Sprintf("%s\n", a.Others))
	}
	return b.String()
}

// sayEvicted tells a model about a session that was ended for another.
func sayEvicted(b *strings.Builder, evicted string) {
	if evicted != "" {
		b.WriteString(plain.Sprintf("%s\n", evicted))
	}
}

// sayLeftOut tells a model which configured roots are left out.
func sayLeftOut(b *strings.Builder, roots []string) {
	for _, l := range roots {
		b.WriteString(plain.Sprintf("Not writable: %s. Tell the user\n", l))
	}
}

// leftOut lists the configured roots that are left out, for the first call alone.
func (s *Set) leftOut() (out []string) {
	if len(s.policy.LeftOut) == 0 || s.toldRoots.Swap(true) {
		return nil
	}
	for _, l := range s.policy.LeftOut {
		out = append(out, l.Path+" "+l.Why+"; "+l.Mend)
	}
	return out
}

// sayObstacles appends the obstacles after the output, on lines of their own.
func sayObstacles(b *strings.Builder, output string, all []lockstile.Obstacle) {
	if len(all) > 0 && !strings.HasSuffix(output, "\n") {
		b.WriteByte('\n')
	}
	for _, o := range all {
		b.WriteString(said(o))
	}
}

// said is an obstacle on one line.
func said(o lockstile.Obstacle) string {
	text := "Sandbox: "
	if o.Quote != "" {
		text += plain.Sprintf("observed %q; inferred: ", o.Quote)
	}
	text += plain.Sprintf("%s", o.Cause)
	switch {
	case o.Setting == "":
		text += plain.Sprintf("; %s", o.Instead)
	case o.AtStart:
		text += plain.Sprintf("; the user could allow it at the server's start: %s", o.Flag())
	default:
		text += plain.Sprintf("; the user could allow it in config.toml: %s", o.Setting)
	}
	return text + "\n"
}

// obstacles explains where the sandbox stood in a command's way: a running command's by
// the answer's output, an ended command's by the record of the end. Names taken back are
// elsewhere in the answer.
func (s *Set) obstacles(b begun, output string, ended bool) []lockstile.Obstacle {
	if ended {
		return slices.DeleteFunc(slices.Clone(b.Obstacles()), func(o lockstile.Obstacle) bool {
			return slices.ContainsFunc(b.Denied(), func(d lockstile.Denied) bool { return d.Path == o.What })
		})
	}
	var out []lockstile.Obstacle
	for _, o := range obstacle.Find(obstacle.Seen{Policy: s.mode(b), Dir: b.Dir, Output: output, Try: s.try}) {
		out = append(out, lockstile.Obstacle(o))
	}
	return out
}

// bytesPerToken is the usual estimate.
const bytesPerToken = 4

func tokens(bytes int64) int { return int((bytes + bytesPerToken - 1) / bytesPerToken) }

// cut makes a text of at most budget tokens from output: the beginning and the end, and
// between them the size of the missing part.
func cut(out session.Output, budget int) (text string, all int) {
	all = tokens(int64(len(out.Head)+len(out.Tail)) + out.Omitted)
	head, tail := string(out.Head), string(out.Tail)
	if out.Omitted > 0 {
		tail = fmt.Sprintf("\n... %d bytes omitted ...\n", out.Omitted) + tail
	}
	text = strings.ToValidUTF8(head+tail, "\uFFFD")
	limit := budget * bytesPerToken
	if len(text) <= limit {
		return text, all
	}
	begin, end := text[:limit/2], text[len(text)-(limit-limit/2):]
	begin = begin[:len(begin)-plain.Unfinished(begin)]
	for len(end) > 0 && !utf8.RuneStart(end[0]) {
		end = end[1:]
	}
	missing := tokens(int64(len(text) - len(begin) - len(end)))
	return fmt.Sprintf("Warning: truncated output (original token count: %d)\n%s…%d tokens truncated…%s", all, begin, missing, end), all
}
