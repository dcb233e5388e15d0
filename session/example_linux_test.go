package session_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/session"
)

// A session lives on between looks, and takes typed text.
func ExampleStart() {
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
	shell, err := session.Start(gate, lockstile.Request{
		Policy:   p,
		Argv:     []string{"sh", "-c", "stty -echo; read name; echo hello $name; exit 4"},
		Env:      []string{"PATH=/usr/bin:/bin"},
		Terminal: &lockstile.Size{Rows: 24, Cols: 80},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer shell.End()
	shell.Poll(context.Background(), 200*time.Millisecond) // the first output
	if err := shell.Type("world\n"); err != nil {
		log.Fatal(err)
	}
	out := shell.Poll(context.Background(), time.Minute) // until the end of the command
	exit, _, err := shell.Exit()
	fmt.Println(strings.Contains(string(out.Head), "hello world"), exit.Code, err)
	// Output:
	// true 4 <nil>
}

// Sessions kept by number, as in a front end for agents.
func ExampleTable() {
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
	sessions := session.NewTable(64)
	defer sessions.Close() // ends all running sessions
	cat, err := session.Start(gate, lockstile.Request{Policy: p, Argv: []string{"cat"}, Env: []string{"PATH=/usr/bin:/bin"},
		Terminal: &lockstile.Size{Rows: 24, Cols: 80}})
	if err != nil {
		log.Fatal(err)
	}
	id, _ := sessions.Add(session.Entry{Session: cat, Command: "cat"})
	sessions.Left(id)
	for _, s := range sessions.List() {
		fmt.Println(s.Command, s.ID == id)
	}
	// Output:
	// cat true
}
