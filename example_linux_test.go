package lockstile_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// A command that may write its workspace, and nothing else.
func Example() {
	home, _ := os.MkdirTemp("", "lockstile-home-")
	workspace, _ := os.MkdirTemp("", "lockstile-workspace-")
	defer os.RemoveAll(home)
	defer os.RemoveAll(workspace)

	gate, err := lockstile.Open(home)
	if err != nil {
		log.Fatal(err)
	}
	defer gate.Close()
	p, err := lockstile.NewPolicy(policy.ModeWorkspaceWrite, workspace)
	if err != nil {
		log.Fatal(err)
	}
	child, err := gate.Start(lockstile.Request{
		Policy: p,
		Argv:   []string{"sh", "-c", "echo kept > file && cat file; echo lost 2>/dev/null > /etc/file || exit 3"},
		Env:    []string{"PATH=/usr/bin:/bin"},
		Stdin:  os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	})
	if err != nil {
		log.Fatal(err)
	}
	exit, err := child.Wait()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("exit", exit.Code)
	// Output:
	// kept
	// exit 3
}

// A refusal says what was not shown to hold, and what would mend it.
func ExampleGate_Start_refused() {
	home, _ := os.MkdirTemp("", "lockstile-home-")
	defer os.RemoveAll(home)
	gate, err := lockstile.Open(home)
	if err != nil {
		log.Fatal(err)
	}
	defer gate.Close()
	_, err = gate.Start(lockstile.Request{
		Policy: policy.Policy{}, // allows nothing: not even a mode is set
		Argv:   []string{"true"},
		Stdin:  os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	})
	var refused *refusal.Error
	if errors.As(err, &refused) {
		fmt.Println(refused)
		fmt.Println("hint:", refused.Hint)
	}
	// Output:
	// refused at plan: no sandbox mode is set
	// hint: say --sandbox read-only, workspace-write or danger-full-access
}

// A session lives on between looks, and can be typed at.
func ExampleStartSession() {
	home, _ := os.MkdirTemp("", "lockstile-home-")
	workspace, _ := os.MkdirTemp("", "lockstile-workspace-")
	defer os.RemoveAll(home)
	defer os.RemoveAll(workspace)

	gate, err := lockstile.Open(home)
	if err != nil {
		log.Fatal(err)
	}
	defer gate.Close()
	p, err := lockstile.NewPolicy(policy.ModeWorkspaceWrite, workspace)
	if err != nil {
		log.Fatal(err)
	}
	session, err := lockstile.StartSession(gate, lockstile.Request{
		Policy:   p,
		Argv:     []string{"sh", "-c", "stty -echo; read name; echo hello $name; exit 4"},
		Env:      []string{"PATH=/usr/bin:/bin"},
		Terminal: &lockstile.Size{Rows: 24, Cols: 80},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer session.End()
	session.Look(context.Background(), 200*time.Millisecond) // what it prints at first
	if err := session.Type("world\n"); err != nil {
		log.Fatal(err)
	}
	out := session.Look(context.Background(), time.Minute) // until it has ended
	exit, _, err := session.Exit()
	fmt.Println(strings.Contains(string(out.Head), "hello world"), exit.Code, err)
	// Output:
	// true 4 <nil>
}

// Sessions that are kept by numbers, as a front end for agents does it.
func ExampleSessions() {
	home, _ := os.MkdirTemp("", "lockstile-home-")
	workspace, _ := os.MkdirTemp("", "lockstile-workspace-")
	defer os.RemoveAll(home)
	defer os.RemoveAll(workspace)
	gate, err := lockstile.Open(home)
	if err != nil {
		log.Fatal(err)
	}
	defer gate.Close()
	p, err := lockstile.NewPolicy(policy.ModeReadOnly, workspace)
	if err != nil {
		log.Fatal(err)
	}
	sessions := lockstile.NewSessions(64)
	defer sessions.Close() // ends what still runs
	session, err := lockstile.StartSession(gate, lockstile.Request{Policy: p, Argv: []string{"cat"}, Env: []string{"PATH=/usr/bin:/bin"},
		Terminal: &lockstile.Size{Rows: 24, Cols: 80}})
	if err != nil {
		log.Fatal(err)
	}
	id, _ := sessions.Add(lockstile.SessionEntry{Session: session, Command: "cat"})
	sessions.Left(id)
	for _, s := range sessions.List() {
		fmt.Println(s.Command, s.ID == id)
	}
	// Output:
	// cat true
}
