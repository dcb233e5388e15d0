package tool

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/approve"
)

// Shell is a call of shell, the classic tool, for running a command to its end. Zero
// values ask for the defaults.
type Shell struct {
	Command   []string `json:"command" jsonschema:"the program and its arguments; no shell reads them"`
	Workdir   string   `json:"workdir,omitempty" jsonschema:"the folder to run in, relative to the workspace; default: the workspace"`
	TimeoutMS int      `json:"timeout_ms,omitempty" jsonschema:"when to end the command, in milliseconds; default 10000"`
	Escalation
}

// Done is the answer of shell about an ended command.
type Done struct {
	Exit    int
	Wall    time.Duration
	Timeout time.Duration // the timeout that ended the command; 0 for none
	Tokens  int
	Evicted string   // says that a session was ended for the command
	LeftOut []string // configured roots that commands can't write, in the first answer
	Output  string
	Sandbox []lockstile.Obstacle // places where the sandbox seems to have stopped the command
	Traces
}

// timedOut is the exit code of a command that took too long, as in timeout(1).
const timedOut = 124

// mostTimeoutMS is a day.
const mostTimeoutMS = 24 * 60 * 60 * 1000

// String returns the answer in the form that models know from similar tools.
func (d Done) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Exit code: %d\nWall time: %.1f seconds\n", d.Exit, d.Wall.Seconds())
	if d.Timeout > 0 {
		fmt.Fprintf(&b, "command timed out after %d milliseconds\n", d.Timeout.Milliseconds())
	}
	sayLeftOut(&b, d.LeftOut)
	sayEvicted(&b, d.Evicted)
	d.say(&b)
	fmt.Fprintf(&b, "Output:\n%s", d.Output)
	sayObstacles(&b, d.Output, d.Sandbox)
	return b.String()
}

// Shell starts a command, if need be after asking, and answers at the command's end.
// Shell ends the tree of a command that takes longer than its time, or whose caller has
// gone. The error is a *refusal.Error if the command was not started.
func (s *Set) Shell(ctx context.Context, c Shell, by Caller) (Done, error) {
	if len(c.Command) == 0 {
		return Done{}, fmt.Errorf("shell: command is empty")
	}
	r := lockstile.Request{Channel: s.channel, Policy: s.policy, Argv: c.Command, Env: s.environ, Dir: s.dir(c.Workdir)}
	looks := func() bool { return approve.Argv(c.Command) }
	run, err := s.start(ctx, r, by, Question{Command: Words(c.Command)}, looks, c.Escalation)
	if err != nil {
		return Done{}, err
	}
	defer s.running.Remove(run.ID)
	limit := 10 * time.Second
	if c.TimeoutMS > 0 {
		limit = time.Duration(min(c.TimeoutMS, mostTimeoutMS)) * time.Millisecond
	}
	out := run.Poll(ctx, limit)
	_, ended, _ := run.Exit()
	if err := run.End(); err != nil {
		return Done{}, err
	}
	if err := ctx.Err(); err != nil && !ended {
		return Done{}, err
	}
	exit, _, err := run.Exit()
	d := Done{LeftOut: s.leftOut(), Exit: exit.Status(), Wall: time.Since(run.at), Evicted: run.evicted, Traces: tracesOf(run)}
	if !ended {
		d.Exit, d.Timeout = timedOut, limit
	}
	d.Output, d.Tokens = cut(out.Then(run.Poll(ctx, 0)), defaultTokens)
	d.Sandbox = s.obstacles(run, d.Output, true)
	return d, err
}
