package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/tui"
	"github.com/lockstile/lockstile/session"
)

// screen shows a thread on the terminal until the user leaves.
func (f *front) screen() int {
	if !isTerminal(os.Stdin) || !isTerminal(os.Stdout) {
		plain.Err("lockstile: the session needs a terminal\nhint: lockstile exec PROMPT needs none\n")
		return exitUsage
	}
	if err := f.askTrust(); err != nil {
		return failed(err, exitFailed)
	}
	var show *tui.Screen
	options := func() agent.Options {
		o := f.options(show.Listen, show.Ask)
		o.GoOn = show.GoOn
		return o
	}
	show = tui.New(tui.Config{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv, Plain: f.lines,
		Version: lockstile.Version, Policy: f.policy, UserHome: host.UserHome(), ModelSet: f.model != "", Prompt: f.prompt(), Notifications: f.config.Notify,
		New: func(context.Context) (tui.Thread, error) {
			err := f.begin(options())
			return f.shown(), err
		},
		Resume: func(_ context.Context, id string) (tui.Thread, []agent.Event, error) {
			shown, err := f.goOn(id, options())
			return f.shown(), shown, err
		},
		Answers: f.answers(), ReadDir: f.readDir, Edit: f.edit,
	})
	var shown []agent.Event
	var err error
	switch f.resume {
	case "":
		err = f.begin(options())
	case chooseThread:
		if f.resume, err = f.choose(os.Stdin, os.Stdout); err == nil {
			shown, err = f.goOn(f.resume, options())
		}
	default:
		shown, err = f.goOn(f.resume, options())
	}
	if err != nil {
		return failed(err, exitFailed)
	}
	return show.Run(f.shown(), shown)
}

// askTrust asks once for each repository whether AGENTS.md is read to the model.
func (f *front) askTrust() error {
	if f.reads || f.model == "" {
		return nil
	}
	if _, err := os.Lstat(filepath.Join(f.root, "AGENTS.md")); err != nil {
		if _, err := os.Lstat(filepath.Join(f.policy.Workspace, "AGENTS.md")); err != nil {
			return nil
		}
	}
	plain.Out("%s has an AGENTS.md. Read it to the model? That changes nothing of what is enforced. [y/N] ", f.root)
	if answer := readLine(os.Stdin); answer != "y" && answer != "Y" && answer != "yes" {
		return nil
	}
	f.reads = true
	return trust(f.home, f.root)
}

// readLine reads a line byte by byte: what is typed behind belongs to the screen.
func readLine(in *os.File) string {
	var line []byte
	for b := make([]byte, 1); ; {
		if n, err := in.Read(b); n == 0 || err != nil || b[0] == '\n' {
			return strings.TrimSpace(string(line))
		}
		if len(line) < 1000 {
			line = append(line, b[0])
		}
	}
}

// mostListed is how many threads a list shows.
const mostListed = 20

// choose lets the user choose a thread from a list.
func (f *front) choose(in, out *os.File) (id string, err error) {
	all, err := f.threads(mostListed)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", errors.New("there is no session to go on with in " + f.policy.Workspace)
	}
	fmt.Fprint(out, listOf(all))
	plain.Out("number, or Enter for 1: ")
	n := 1
	if answer := readLine(in); answer != "" {
		if _, err := fmt.Sscanf(answer, "%d", &n); err != nil || n < 1 || n > len(all) {
			return "", fmt.Errorf("%q is no number of the list", answer)
		}
	}
	return all[n-1].ID, nil
}

// listOf shows threads, a line each.
func listOf(all []description) string {
	var b strings.Builder
	for i, d := range all {
		prompt := []rune(strings.Join(strings.Fields(d.prompt), " "))
		if len(prompt) > 60 {
			prompt = append(prompt[:59], '…')
		}
		b.WriteString(plain.Sprintf("%2d  %s  %s  %s\n", i+1, d.Begun.Format("2006-01-02 15:04"), d.ID, string(prompt)))
	}
	return b.String()
}

// shown is the current thread as the screen uses it.
func (f *front) shown() tui.Thread {
	t := f.thread
	if t == nil {
		return tui.Thread{}
	}
	return tui.Thread{Turn: t.Turn, Run: t.Run, Compact: t.Compact, Used: t.Used, Model: t.Model, SetModel: f.setModel,
		Sessions: func() []tui.Session {
			var out []tui.Session
			for _, e := range t.Sessions().List() {
				out = append(out, living(e))
			}
			return out
		}}
}

// living is a session as the screen uses it.
func living(e session.Entry) tui.Session {
	return tui.Session{ID: e.ID, Command: e.Command, Begun: e.Begun, Over: e.Over(), Tap: e.Tap, Type: e.Type, Resize: e.Resize, End: e.End}
}

// readDir reads a folder of the workspace. os.Root follows no link out of the workspace.
func (f *front) readDir(name string) ([]fs.DirEntry, error) {
	root, err := os.OpenRoot(f.policy.Workspace)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return fs.ReadDir(root.FS(), path.Clean(name))
}

// edit starts the user's editor on a terminal of its own, as the user's own program: the
// user asked, so that the start is an approved one, with a record. The draft lies in the
// product's folder. In another folder a command could put a link in the draft's place, and
// the editor would write where the link leads.
func (f *front) edit(_ context.Context, draft string) (e tui.Session, written func() (string, error), err error) {
	editor := cmp.Or(os.Getenv("VISUAL"), os.Getenv("EDITOR"))
	if editor == "" {
		return e, nil, errors.New("no editor is set; export EDITOR=NAME")
	}
	dir, err := os.MkdirTemp(f.home, "draft-")
	if err != nil {
		return e, nil, err
	}
	file := filepath.Join(dir, "draft.md")
	started := session.Entry{}
	if err = os.WriteFile(file, []byte(draft), 0o600); err == nil {
		started, err = f.tools.Edit(editor, file)
	}
	if err != nil {
		return e, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return living(started), func() (string, error) {
		text, err := os.ReadFile(file)
		return strings.TrimRight(string(text), "\n"), errors.Join(err, os.RemoveAll(dir))
	}, nil
}
