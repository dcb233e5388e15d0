// Package tui is the screen of lockstile: inline, below the terminal's own scrollback. The
// state of the screen comes from events alone. Package tui must never decide anything,
// start anything, touch a file, or let a text reach the terminal that Safe has not seen.
package tui

import (
	"context"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/policy"
)

// Config says what the screen shows and by which ways the screen acts. Each function may
// be nil: the screen then says that there is no such thing.
type Config struct {
	In, Out *os.File // the terminal
	Err     io.Writer
	Getenv  func(string) string // TERM, NO_COLOR and what names a terminal
	Plain   bool                // lines alone, no cursor movement

	Version       string
	Policy        policy.Policy // shown, never judged
	UserHome      string        // shown as ~
	ModelSet      bool
	Prompt        string // sent at the beginning; "" for none
	Notifications bool   // a bell or a message of the desktop after long turns and for questions

	// New begins another thread, Resume goes on with a thread from disk; shown are the
	// events of the resumed thread. The earlier thread is no longer used.
	New    func(context.Context) (Thread, error)
	Resume func(ctx context.Context, id string) (t Thread, shown []agent.Event, err error)

	// Answers has the text for a command by name: doctor, log, explain, mcp, permissions,
	// and resume without an id. The text goes through Safe.
	Answers map[string]func(ctx context.Context, words []string) (string, error)

	// ReadDir reads a folder of the workspace, by a path below the workspace with slashes;
	// "." is the workspace. ReadDir must not follow a link out of the workspace.
	ReadDir func(path string) ([]fs.DirEntry, error)

	// Edit starts the user's editor with a draft, on a terminal of the editor's own. The
	// screen hands the user's terminal over. When the editor has ended, written returns the
	// new text, once.
	Edit func(ctx context.Context, draft string) (e Session, written func() (string, error), err error)
}

// Thread is a conversation as the screen uses it.
type Thread struct {
	Turn     func(ctx context.Context, prompt string) error
	Run      func(ctx context.Context, script string) error // the user's own command
	Compact  func(context.Context) error
	Used     func() (used, window int) // tokens
	Model    func() string             // "" without a model
	SetModel func(name string) error
	Sessions func() []Session // the running sessions
}

// Session is a command that lives on, as the screen uses it.
type Session struct {
	ID      int
	Command string
	Begun   time.Time
	Over    <-chan struct{} // closed at the end
	Tap     func(w io.Writer) (recent []byte, stop func())
	Type    func(text string) error
	Resize  func(lockstile.Size) error // an error means that the command has no terminal
	End     func() error
}

// over reports whether the session has ended.
func (s Session) over() bool {
	select {
	case <-s.Over:
		return true
	default:
		return false
	}
}
