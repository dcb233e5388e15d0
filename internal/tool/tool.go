// Package tool defines the tools that a model may call: names, arguments and answers.
// Front ends (MCP and others) pass calls on. Package tool must never start a process
// except through a session, and never hide a refusal from the model.
package tool

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/approve"
	"github.com/lockstile/lockstile/internal/obstacle"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/session"
)

// Set holds the tools of a caller: every command starts at the same gate, under the same
// policy, in the same workspace. The methods may be called at the same time.
type Set struct {
	gate     *lockstile.Gate
	policy   policy.Policy
	terminal policy.Policy // the same, for commands on a terminal
	environ  []string
	channel  string
	running  *session.Table

	try       obstacle.Try
	preparing sync.WaitGroup
	told      atomic.Bool // that SHELL names no shell
	toldRoots atomic.Bool // that configured roots are left out
}

// New makes the tools. environ is the caller's environment, as NAME=value; channel is the
// channel in the records.
func New(g *lockstile.Gate, p policy.Policy, environ []string, channel string) *Set {
	set := maps.Clone(forReaders)
	maps.Copy(set, p.Env.Set) // the user's settings override
	p.Env.Set = set
	s := &Set{gate: g, policy: p, terminal: onTerminal(p), environ: slices.DeleteFunc(slices.Clone(environ), forcesColour), channel: channel, running: session.NewTable(p.MaxSessions)}
	s.prepare()
	return s
}

// Tries has answers propose settings, each after a trial. Without Tries an answer proposes
// none. Tries must come before the first call.
func (s *Set) Tries(try obstacle.Try) { s.try = try }

// prepare has the gate prepare the next command's start.
func (s *Set) prepare() {
	s.preparing.Go(func() { s.gate.Prepare(s.policy, s.environ) })
}

// forReaders keeps programs from waiting for a reader to turn pages, and from colours,
// since a model would read colours as noise. forReaders also sets text to UTF-8.
var forReaders = map[string]string{
	"NO_COLOR": "1", "TERM": "dumb", "COLORTERM": "", "PAGER": "cat", "GIT_PAGER": "cat", "GH_PAGER": "cat",
	"LANG": "C.UTF-8", "LC_CTYPE": "C.UTF-8", "LC_ALL": "C.UTF-8",
}

// onTerminal returns a policy for commands on a terminal: unless the user has set TERM, a
// terminal with a screen.
func onTerminal(p policy.Policy) policy.Policy {
	if p.Env.Set["TERM"] != forReaders["TERM"] {
		return p
	}
	p.Env.Set = maps.Clone(p.Env.Set)
	p.Env.Set["TERM"] = "xterm-256color"
	return p
}

// colourNames are variables that force colours or a terminal's output on programs, as CI
// systems, editors and npm set them.
var colourNames = []string{
	"CLICOLOR", "CLICOLOR_FORCE", "CARGO_TERM_COLOR", "PY_COLORS", "PYTHON_COLORS", "NPM_CONFIG_COLOR", "YARN_ENABLE_COLORS", "MOCHA_COLORS", "DEBUG_COLORS",
	"SYSTEMD_COLORS", "BUILDKIT_COLORS", "LOGURU_COLORIZE", "GCC_COLORS", "GREP_COLOR", "GREP_OPTIONS", "JQ_COLORS", "CMAKE_COLOR_DIAGNOSTICS", "TERM_COLOR",
	"FORCE_TTY", "GH_FORCE_TTY", "FORCE_HYPERLINK", "RICH_FORCE_TERMINAL", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM", "COLOR",
}

// forcesColour reports whether a variable, as NAME=value, forces colours.
func forcesColour(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	name = strings.ToUpper(name)
	return strings.Contains(name, "FORCE_COLOR") || slices.Contains(colourNames, name)
}

// Close ends all running commands, and returns when no process is left. No other call may
// be under way or come later.
func (s *Set) Close() error {
	s.preparing.Wait()
	return s.running.Close()
}

// Sessions returns the table of the commands that run, or whose end nobody has seen yet.
func (s *Set) Sessions() *session.Table { return s.running }

// ExecCommand is a call of exec_command. Zero values ask for the defaults.
type ExecCommand struct {
	Cmd             string `json:"cmd" jsonschema:"the shell command"`
	Workdir         string `json:"workdir,omitempty" jsonschema:"the folder to run in, relative to the workspace; default: the workspace"`
	Shell           string `json:"shell,omitempty" jsonschema:"the shell to use; default: the user's"`
	Login           *bool  `json:"login,omitempty" jsonschema:"whether it is a login shell; default: true"`
	TTY             bool   `json:"tty,omitempty" jsonschema:"true gives the command a terminal, so that it can be typed at; default: pipes, with nothing to read"`
	YieldTimeMS     int    `json:"yield_time_ms,omitempty" jsonschema:"how long to wait for the command's end before answering, in milliseconds; 250 to 30000, default 10000"`
	MaxOutputTokens int    `json:"max_output_tokens,omitempty" jsonschema:"how much output to answer with; default 10000. The beginning and the end are kept"`
	Escalation
}

// WriteStdin is a call of write_stdin. Zero values ask for the defaults.
type WriteStdin struct {
	SessionID       int    `json:"session_id" jsonschema:"the session that exec_command answered with"`
	Chars           string `json:"chars,omitempty" jsonschema:"what to type, control characters as they are (code 3, ^C, interrupts); empty only looks"`
	YieldTimeMS     int    `json:"yield_time_ms,omitempty" jsonschema:"how long to wait before answering, in milliseconds; with chars 250 to 30000, default 250; else 5000 to 300000, default 5000"`
	MaxOutputTokens int    `json:"max_output_tokens,omitempty" jsonschema:"how much output to answer with; default 10000"`
}

// Exec starts a shell command, if need be after asking. Exec answers at the command's
// end, or after the caller's wait; then the command runs on in a session. If ctx ends
// first, the command ends too: nobody would know the session. The error is a
// *refusal.Error if the command was not started.
func (s *Set) Exec(ctx context.Context, c ExecCommand, by Caller) (Answer, error) {
	if c.Cmd == "" {
		return Answer{}, fmt.Errorf("exec_command: cmd is empty")
	}
	r := lockstile.Request{Channel: s.channel, Policy: s.policy, Env: s.environ, Dir: s.dir(c.Workdir)}
	if c.TTY {
		r.Policy, r.Terminal = s.terminal, &lockstile.Size{Rows: 24, Cols: 80}
	}
	shell, why := userShell(s.environ)
	if c.Shell != "" || s.told.Swap(why != "") {
		why = ""
	}
	r.Argv = commandLine(cmp.Or(c.Shell, shell), c)
	q := Question{Command: c.Cmd}
	looks := func() bool { return c.Shell == "" && approve.Script(shell, c.Cmd) } // any program could be the shell
	if c.Shell != "" {
		q.Command = Words(r.Argv)
	}
	b, err := s.start(ctx, r, by, q, looks, c.Escalation)
	if err != nil {
		return Answer{}, err
	}
	defer s.running.Left(b.ID)
	out := b.Poll(ctx, yield(c.YieldTimeMS, 10*time.Second, 250*time.Millisecond, 30*time.Second))
	if err := ctx.Err(); err != nil {
		s.running.Remove(b.ID)
		_ = b.End()
		return Answer{}, err
	}
	a, err := s.answer(b, out, c.MaxOutputTokens)
	a.Shell, a.Others, a.LeftOut = why, s.others(c.Cmd, a), s.leftOut()
	return a, err
}

// killers are programs that end processes by number, name or port.
var killers = regexp.MustCompile(`(^|[\s;&|(/])(kill|pkill|killall|fuser|kill-port)([\s;&|)]|$)`)

// others returns the mend for a command that failed to end processes while other sessions
// run: each session has processes of its own, and write_stdin reaches a session.
func (s *Set) others(cmd string, a Answer) string {
	if a.Exit == nil || *a.Exit == 0 || !killers.MatchString(cmd) {
		return ""
	}
	var running []string
	for _, e := range s.running.List() {
		if _, over, _ := e.Exit(); !over {
			running = append(running, fmt.Sprintf("%d (%s)", e.ID, shorten(e.Command)))
		}
	}
	if len(running) == 0 {
		return ""
	}
	return "A command can't see the processes of other sessions. Running sessions: " + strings.Join(running, ", ") + ". To end the command of a session, call write_stdin with the session's ID and ^C (\\u0003) as chars"
}

// Write types into a session, or only looks at the session, and answers like Exec.
func (s *Set) Write(ctx context.Context, w WriteStdin) (Answer, error) {
	live, err := s.running.Get(w.SessionID)
	if err != nil {
		return Answer{}, fmt.Errorf("write_stdin failed: %w", err)
	}
	defer s.running.Left(w.SessionID)
	b := begun{Entry: live, at: time.Now()}
	wait := yield(w.YieldTimeMS, 5*time.Second, 5*time.Second, 5*time.Minute)
	if w.Chars != "" {
		wait = yield(w.YieldTimeMS, 250*time.Millisecond, 250*time.Millisecond, 30*time.Second)
		if err := b.Type(w.Chars); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return Answer{}, fmt.Errorf("write_stdin failed: %w", err)
		}
	}
	out := b.Poll(ctx, wait)
	if err := ctx.Err(); err != nil {
		return Answer{}, err
	}
	return s.answer(b, out, w.MaxOutputTokens)
}

// defaultTokens is the size of an answer's output without max_output_tokens.
const defaultTokens = 10_000

// answer describes a session, and removes an ended session.
func (s *Set) answer(b begun, out session.Output, budget int) (Answer, error) {
	if budget <= 0 {
		budget = defaultTokens
	}
	a := Answer{Chunk: chunk(), Wall: time.Since(b.at), Session: b.ID, Evicted: b.evicted}
	exit, ended, err := b.Exit()
	if ended {
		status := exit.Status()
		a.Exit, a.Session, a.Traces = &status, 0, tracesOf(b)
		s.running.Remove(b.ID)
		out = out.Then(b.Poll(context.Background(), 0)) // what came between the two
	}
	a.Output, a.Tokens = cut(out, budget)
	a.Sandbox = s.obstacles(b, a.Output, ended)
	return a, err
}

// dir returns the folder of a command: within the workspace, unless workdir is a full
// path.
func (s *Set) dir(workdir string) string {
	if workdir == "" {
		return ""
	}
	if !filepath.IsAbs(workdir) {
		workdir = filepath.Join(s.policy.Workspace, workdir)
	}
	if real, err := filepath.EvalSymlinks(workdir); err == nil {
		return real
	}
	return filepath.Clean(workdir) // the folder may exist only inside the sandbox
}

func yield(ms int, usual, least, most time.Duration) time.Duration {
	if ms == 0 {
		return usual
	}
	return min(max(time.Duration(ms)*time.Millisecond, least), most)
}

func chunk() string {
	var b [3]byte
	_, _ = rand.Read(b[:]) // never fails, crypto/rand
	return hex.EncodeToString(b[:])
}

// Edit starts the user's own editor with a file, on a terminal of the editor's own. The
// user asked at the keyboard, so the start is an approved one outside the sandbox, with a
// record. editor may have arguments, as the variable EDITOR may.
func (s *Set) Edit(editor, file string) (session.Entry, error) {
	r := lockstile.Request{Channel: s.channel, Policy: s.terminal, Argv: append(strings.Fields(editor), file), Env: s.environ, Terminal: &lockstile.Size{Rows: 24, Cols: 80},
		Approval: &lockstile.Approval{By: "the user, who opened the editor", Escalate: true}}
	e := session.Entry{Command: Words(r.Argv), Escalated: true, Begun: time.Now()}
	var err error
	if e.Session, err = session.Start(s.gate, r); err != nil {
		return e, err
	}
	e.ID, _ = s.running.Add(e)
	s.running.Left(e.ID)
	return e, nil
}
