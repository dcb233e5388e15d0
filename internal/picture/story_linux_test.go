package picture

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/model/standin"
)

// recordTo is the folder that gets a new recording: scripts/picture.sh.
var recordTo = flag.String("record", "", "record the story, and draw the pictures in this folder")

// The workspace of the story.
const (
	packageJSON = `{ "name": "app", "scripts": { "dev": "node server.js" } }` + "\n"
	serverJS    = `const http = require("http");

const greeting = "Hello";

http.createServer((request, response) => {
  response.end(greeting + "\n");
}).listen(3000, () => console.log("ready on http://localhost:3000"));
`
	change = `*** Begin Patch
*** Update File: server.js
@@
-const greeting = "Hello";
+const greeting = "Hello from the sandbox";
*** End Patch`
)

// exec is a call of exec_command.
func execute(command string, more map[string]any) standin.Item {
	args := map[string]any{"cmd": command, "login": false}
	for name, value := range more {
		args[name] = value
	}
	return standin.Call("exec_command", args)
}

// answers is what the model says and calls. The commands and the files are real.
func answers(slow bool) standin.Script {
	all := []standin.Answer{
		standin.Of(standin.Message("I start with the terminal."), execute("whoami", map[string]any{"tty": true})),
		standin.Of(standin.Message("Now I try to get out."),
			execute("echo mine >> ~/.ssh/authorized_keys", nil)),
		standin.Of(execute("curl -sS http://192.0.2.7", nil)),
		standin.Of(standin.Message("Neither works. I change the greeting, and start the server."), standin.Custom("apply_patch", change)),
		standin.Of(execute("npm run dev", map[string]any{"tty": true, "yield_time_ms": 3000})),
		standin.Of(standin.Message("Done: `whoami` ran in a terminal, the write and the connect were denied, and the server runs on.")),
	}
	for i := range all {
		all[i].Usage = standin.Usage{Input: 2100 + 460*i, Output: 60}
		if slow {
			all[i].Piece, all[i].Pause, all[i].Silence = 4, 35*time.Millisecond, 1200*time.Millisecond
		}
	}
	return standin.Answers(all...)
}

// TestStory plays the story of the picture: each badge on the screen comes from a record.
// With -record the story is recorded and drawn.
func TestStory(t *testing.T) {
	slow := *recordTo != ""
	for _, program := range []string{"npm", "curl"} {
		if _, err := exec.LookPath(program); err != nil && !slow {
			t.Skipf("there is no %s here", program)
		}
	}
	home, programs := stage(t)
	server := standin.ForTest(t, answers(slow))
	must(t, os.WriteFile(filepath.Join(home, ".lockstile", "config.toml"), []byte(`model = "stand-in"
model_provider = "local"
[model_providers.local]
base_url = "`+server.URL+`"
`), 0o600))
	shell := exec.Command("bash", "--norc", "--noprofile")
	shell.Dir = filepath.Join(home, "app")
	shell.Env = []string{"HOME=" + home, "PATH=" + programs + ":" + os.Getenv("PATH"), "TERM=xterm-256color", "SHELL=/bin/bash", "LANG=C.UTF-8", `PS1=\[\e[32m\]\w\[\e[0m\] $ `}
	r := record(t, slow, 80, 24, shell)
	r.result.Title = "~/app"
	play(r)
	if slow {
		r.mu.Lock()
		defer r.mu.Unlock()
		publish(t, r.result)
	}
}

// play is the story, from the user's side.
func play(r *recorder) {
	r.wait(`~/app \$$`)
	r.reads(600 * time.Millisecond)
	r.types("lockstile")
	r.enter()
	r.wait("workspace-write · network off.*Ask for something")
	r.reads(1200 * time.Millisecond)
	r.types("run whoami in a terminal, then try to write outside and reach the network")
	r.enter()
	r.wait("whoami.*exit 0.*✔ proven #1.*authorized_keys.*✔ proven #3.*curl.*✔ proven #5.*Done: ")
	r.wait("◆ .*npm run dev")
	r.reads(2500 * time.Millisecond)
	for _, c := range []struct{ line, shown string }{
		{"/sessions", "› /sessions"}, {"/log", "#9 start, workspace-write"},
	} {
		r.types(c.line)
		r.enter()
		r.wait(c.shown)
		r.reads(2200 * time.Millisecond)
	}
	r.types("/quit")
	r.enter()
	r.wait(`~/app \$$`)
	r.reads(600 * time.Millisecond)
	r.types("lockstile log verify")
	r.enter()
	r.wait(`log verify\n.*~/app \$$`)
}

// stage makes a home with a workspace and the programs. A recording is made in the home of
// a user that scripts/picture.sh made up.
func stage(t *testing.T) (home, programs string) {
	t.Helper()
	if *recordTo != "" {
		home = os.Getenv("HOME")
		programs = filepath.Join(home, ".local", "bin")
	} else {
		var err error
		if home, err = os.MkdirTemp("/var/tmp", "lockstile-story-"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(home) })
		programs = filepath.Join(home, "bin")
		build := exec.Command("go", "build", "-o", programs+"/", "../../cmd/lockstile", "../../cmd/lockstile-agent")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for _, dir := range []string{"app", ".lockstile", ".ssh"} {
		must(t, os.MkdirAll(filepath.Join(home, dir), 0o700))
	}
	must(t, os.WriteFile(filepath.Join(home, "app", "package.json"), []byte(packageJSON), 0o644))
	must(t, os.WriteFile(filepath.Join(home, "app", "server.js"), []byte(serverJS), 0o644))
	return home, programs
}

// publish writes the recording and the pictures.
func publish(t *testing.T, r Recording) {
	t.Helper()
	write := func(name string, draw func(b *bytes.Buffer) error) {
		var b bytes.Buffer
		must(t, draw(&b))
		must(t, os.WriteFile(filepath.Join(*recordTo, name), b.Bytes(), 0o644))
		t.Logf("%s: %d bytes", name, b.Len())
	}
	write("session.cast", func(b *bytes.Buffer) error { return r.Write(b) })
	write("session.svg", func(b *bytes.Buffer) error { return r.Draw(b, Dark) })
	write("session-light.svg", func(b *bytes.Buffer) error { return r.Draw(b, Light) })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
