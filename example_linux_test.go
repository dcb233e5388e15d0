package lockstile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"slices"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// A command that may write only its workspace.
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

// A refusal has the restriction without proof, and the mend.
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

// A step of a build: the command runs on pipes, and the record has the proof.
func ExampleGate_Records() {
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
	null, err := os.Open(os.DevNull)
	if err != nil {
		log.Fatal(err)
	}
	defer null.Close()
	child, err := gate.Start(lockstile.Request{Policy: p, Channel: "build", Argv: []string{"sh", "-c", "echo tested"},
		Env: os.Environ(), Stdin: null, Stdout: os.Stdout, Stderr: os.Stderr})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := child.Wait(); err != nil {
		log.Fatal(err)
	}
	records, err := gate.Records(2)
	if err != nil {
		log.Fatal(err)
	}
	for _, record := range records {
		var line struct {
			Event, Mode, Channel string
			Proven               []string
			Exit                 *int
		}
		if err := json.Unmarshal(record, &line); err != nil {
			log.Fatal(err)
		}
		switch line.Event {
		case "start":
			fmt.Println(line.Channel, line.Mode, slices.Contains(line.Proven, "seccomp"))
		case "end":
			fmt.Println("exit", *line.Exit)
		}
	}
	// Output:
	// tested
	// build read-only true
	// exit 0
}

// A policy from settings: asked for decisions, and explained as a start.
func ExampleLoadPolicy() {
	home, _ := os.MkdirTemp("/var/tmp", "lockstile-home-")
	workspace, _ := os.MkdirTemp("/var/tmp", "lockstile-workspace-")
	defer os.RemoveAll(home)
	defer os.RemoveAll(workspace)

	p, err := lockstile.LoadPolicy(lockstile.Settings{
		Home: home, Dir: workspace, Mode: policy.ModeWorkspaceWrite,
		Overrides: []string{`filesystem.deny_read=["` + workspace + `/secret"]`, "limits.processes=400"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("writes the workspace:", p.DecideWrite(workspace+"/file").Allowed)
	fmt.Println("writes its .git:", p.DecideWrite(workspace+"/.git/config").Allowed)
	fmt.Println("reads the secret:", p.DecideRead(workspace+"/secret").Allowed)
	start, err := lockstile.New(home).Explain(lockstile.Request{Policy: p, Argv: []string{"make"}, Env: os.Environ()})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(start.Mode, "in the workspace:", start.Dir == workspace)
	// Output:
	// writes the workspace: true
	// writes its .git: false
	// reads the secret: false
	// workspace-write in the workspace: true
}

// A failed command is explained: by what the gate saw, and by what the caller read.
func ExampleChild_Obstacles() {
	home, _ := os.MkdirTemp("", "lockstile-home-")
	workspace, _ := os.MkdirTemp("", "lockstile-workspace-")
	messages, _ := os.CreateTemp("", "lockstile-messages-")
	defer os.RemoveAll(home)
	defer os.RemoveAll(workspace)
	defer os.Remove(messages.Name())

	gate, err := lockstile.Open(home)
	if err != nil {
		log.Fatal(err)
	}
	defer gate.Close()
	settings := lockstile.Settings{Home: home, Dir: workspace}
	p, err := lockstile.LoadPolicy(settings)
	if err != nil {
		log.Fatal(err)
	}
	explain := lockstile.Explain{
		Output: func() string {
			text, _ := os.ReadFile(messages.Name())
			return string(text)
		},
		Try: func(mode policy.Mode, lines ...string) (policy.Policy, error) {
			settings.Mode, settings.Overrides = mode, lines
			return lockstile.LoadPolicy(settings)
		},
	}
	child, err := gate.Start(lockstile.Request{
		Policy: p, Explain: explain, Argv: []string{"mkdir", "/srv/made"}, Env: []string{"PATH=/usr/bin:/bin", "LC_ALL=C"},
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: messages,
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := child.Wait(); err != nil {
		log.Fatal(err)
	}
	for _, o := range child.Obstacles() {
		fmt.Println(o.Cause) // and o.Flag(), if a setting would allow the act
	}
	// Output:
	// /srv/made may not be written (outside the workspace and every writable root)
}
