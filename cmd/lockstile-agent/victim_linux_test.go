package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/emulated"
	"github.com/lockstile/lockstile/internal/model/standin"
)

// The phases of a turn, as a rollout and the log show them.
const (
	phaseBefore   = "before a line was written"
	phaseTorn     = "a line of the rollout was being written"
	phaseOpening  = "the opening, or the head of a turn"
	phaseAsked    = "the first answer came"
	phaseAnswer   = "the first answer was being written"
	phaseCalled   = "called, and nothing started yet"
	phaseRun      = "commands ran"
	phaseRan      = "commands had ended, without outputs"
	phaseOutputs  = "outputs were being written"
	phaseSecond   = "the second answer came"
	phaseSecondly = "the second answer's command ran"
	phaseThird    = "the last answer came"
	phaseEnd      = "the last answer was written"
)

var phases = []string{phaseBefore, phaseTorn, phaseOpening, phaseAsked, phaseAnswer, phaseCalled, phaseRun, phaseRan, phaseOutputs, phaseSecond, phaseSecondly, phaseThird, phaseEnd}

// aside counts files that a patch had set aside, and that nobody was left to remove.
const aside = "files set aside by a patch were left"

// callsOfWork is how many calls the first answer holds.
const callsOfWork = 5

// workLines is about how many lines a turn adds to a rollout.
const workLines = 32

// lastWords end a turn with work.
const lastWords = "The work is done, and this is the last message."

// work begins a prompt that answerWork answers with calls. The name of a file to patch
// follows.
const work = "work on "

// answerWork is the script of the turns: big output, a session that lives on, commands side
// by side, a patch, and one more command.
func answerWork(r standin.Request) standin.Answer {
	file, outputs := lastTurn(r)
	slow := standin.Answer{Piece: 8, Pause: time.Millisecond, Silence: 5 * time.Millisecond}
	switch {
	case file == "":
		return standin.Say("done")
	case outputs == 0:
		slow.Items = []standin.Item{standin.Reasoning("I have to think about this for a while."), standin.Message("I begin with the work."),
			calls("seq 1 100000"),
			calls("trap '' HUP TERM INT; echo up; (setsid sleep 1007 & sleep 1007) & exec sleep 1007", "yield_time_ms", 250),
			calls("echo short; mkdir -p made; sleep 0.05; rmdir made", "tty", true),
			standin.Custom("apply_patch", "*** Begin Patch\n*** Update File: "+file+"\n@@\n-old\n+new\n*** Add File: "+file+".more\n+"+strings.Repeat("x", 5000)+"\n*** End Patch"),
			calls("cat " + file)}
		return slow
	case outputs == callsOfWork:
		slow.Items = []standin.Item{standin.Reasoning("One more."), calls("sleep 0.05; echo more")}
		return slow
	}
	slow.Items = []standin.Item{standin.Message(lastWords)}
	return slow
}

// lastTurn returns the file of the last prompt, "" if the prompt asks for no work, and how
// many outputs follow.
func lastTurn(r standin.Request) (file string, outputs int) {
	for _, item := range r.Input {
		kind, _ := item["type"].(string)
		switch {
		case strings.HasSuffix(kind, "_output"):
			outputs++
		case item["role"] == "user":
			raw, _ := json.Marshal(item["content"])
			var parts []struct{ Text string }
			_ = json.Unmarshal(raw, &parts)
			file, outputs = "", 0
			if rest, ok := strings.CutPrefix(parts[0].Text, work); ok {
				file, _, _ = strings.Cut(rest, " ")
			}
		}
	}
	return file, outputs
}

// victim is a run of the session's program that is to be killed.
type victim struct {
	*killer
	kind, file string
	cmd        *exec.Cmd
	died       chan struct{} // closed when the program ended by itself
	big        bool          // writing the prompt takes a while
	known      []string      // the rollouts before
	path       string        // the rollout; "" as long as there is none
	from       int64         // where the run's lines begin
	scanned    int64
	lines      int // of the run, up to scanned
	ends       []func()
}

// bigPrompt is the size of a big prompt, in bytes: a write(2) of it can be torn.
const bigPrompt = 3 << 20

// begin starts a run.
func (k *killer) begin() *victim {
	v := &victim{killer: k, kind: runs[[]int{0, 0, 0, 0, 1, 1, 2, 2, 3}[k.rand.IntN(9)]], file: fmt.Sprintf("file%d", k.number), known: k.rollouts(), died: make(chan struct{})}
	if k.last == "" && v.kind == runResume {
		v.kind = runExec
	}
	if k.last == "" && v.kind == runAgain {
		v.kind = runScreen
	}
	v.big = v.kind == runExec && k.rand.IntN(4) == 0
	k.must(os.WriteFile(filepath.Join(k.ws, v.file), []byte(textWith("old")), 0o600))
	prompt := work + v.file + " now"
	args := map[string][]string{runExec: {"exec", "--json", prompt}, runResume: {"exec", "resume", "--json", k.last, prompt}, runScreen: {prompt}, runAgain: {"resume", k.last, prompt}}[v.kind]
	if v.kind == runResume || v.kind == runAgain {
		v.follow(k.last)
	}
	if v.big {
		args[2] = "-"
	}
	v.cmd = k.command(program, args...)
	k.hold(v.cmd)
	if v.big {
		f, err := os.Create(filepath.Join(k.dir, "prompt"))
		k.must(err)
		v.ends = append(v.ends, func() { f.Close() })
		_, err = f.WriteString(prompt + strings.Repeat(" and on", bigPrompt/7))
		k.must(err)
		_, err = f.Seek(0, io.SeekStart)
		k.must(err)
		v.cmd.Stdin = f
	}
	if v.kind == runScreen || v.kind == runAgain {
		v.onTerminal()
	}
	k.asked.Store(0)
	k.must(v.cmd.Start())
	go v.watch()
	return v
}

// watch notices the end of the program, and leaves the program for Wait.
func (v *victim) watch() {
	for {
		err := unix.Waitid(unix.P_PID, v.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			close(v.died)
			return
		}
	}
}

// textWith is a file with a word in the middle.
func textWith(word string) string {
	lines := strings.Repeat("a line\n", 500)
	return lines + word + "\n" + lines
}

// follow takes the rollout of a thread that goes on.
func (v *victim) follow(id string) {
	at := slices.IndexFunc(v.known, func(p string) bool { return strings.HasSuffix(p, "-"+id+".jsonl") })
	v.path = v.known[at]
	info, err := os.Stat(v.path)
	v.must(err)
	v.from, v.scanned = info.Size(), info.Size()
}

// find looks for the rollout that the run has made.
func (v *victim) find() {
	if v.path != "" {
		return
	}
	for _, path := range v.rollouts() {
		if !slices.Contains(v.known, path) {
			v.path = path
		}
	}
}

// id is the thread's ID.
func (v *victim) id() string {
	name := strings.TrimSuffix(filepath.Base(v.path), ".jsonl")
	return name[strings.LastIndex(name, "-")+1:]
}

// over frees what the run had.
func (v *victim) over() {
	for _, end := range slices.Backward(v.ends) {
		end()
	}
}

// onTerminal gives the program a terminal of its own.
func (v *victim) onTerminal() {
	s, err := emulated.Open(100, 30, nil)
	v.must(err)
	v.cmd.Stdin, v.cmd.Stdout, v.cmd.Stderr = s.Slave, s.Slave, s.Slave
	v.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	v.ends = append(v.ends, s.Close)
}

// waitForMoment waits for a random moment: a time, a number of lines in the rollout, of
// requests, or of starts; in each case a short while longer. alive is false if the program
// ended before.
func (v *victim) waitForMoment() (how string, alive bool) {
	begun, longer := time.Now(), time.Duration(v.rand.Int64N(int64(20*time.Millisecond)))
	nap := 100 * time.Microsecond
	var reached func() bool
	switch way := v.rand.IntN(10); {
	case v.big:
		n := v.rand.Int64N(2*bigPrompt + 1<<20)
		how, longer, nap = fmt.Sprintf("when the rollout had %d bytes", n), 0, 0
		reached = func() bool { return v.size() > n }
	case way < 3:
		wait := time.Duration(v.rand.Int64N(int64(v.turn)))
		if way == 0 { // before the first request: the gate gets ready meanwhile
			wait, longer, nap = wait/6, 0, 0
		}
		how, reached = fmt.Sprintf("after %v", wait), func() bool { return time.Since(begun) > wait }
	case way < 4:
		n := v.rand.Int64N(3) + 1
		how, reached = fmt.Sprintf("with request %d", n), func() bool { return v.asked.Load() >= n }
	default:
		n := v.rand.IntN(workLines)
		if way < 8 {
			longer, nap = 0, 10*time.Microsecond // the next line comes soon
		}
		how, reached = fmt.Sprintf("with line %d", n), func() bool { return v.written() > n }
	}
	for late := begun.Add(patience); time.Now().Before(late); time.Sleep(nap) {
		select {
		case <-v.died:
			return how, false
		default:
		}
		if v.ended() {
			break
		}
		if reached() {
			time.Sleep(longer)
			return fmt.Sprintf("%s and %v", how, longer), true
		}
	}
	return "in the end", true // the screen waits for the next prompt
}

// ended reports whether a screen has nothing more to write.
func (v *victim) ended() bool {
	if v.kind != runScreen && v.kind != runAgain || v.asked.Load() < 3 {
		return false
	}
	return bytes.Count(v.text(), []byte(lastWords)) == 2 // the item, and the event behind it
}

// text is what the run has added to the rollout.
func (v *victim) text() []byte {
	v.find()
	if v.path == "" {
		return nil
	}
	text, err := os.ReadFile(v.path)
	v.must(err)
	return text[v.from:]
}

// size is the size of the rollout.
func (v *victim) size() int64 {
	if v.find(); v.path == "" {
		return 0
	}
	info, err := os.Stat(v.path)
	v.must(err)
	return info.Size()
}

// written is how many lines the run has added to the rollout.
func (v *victim) written() int {
	if v.find(); v.path == "" {
		return 0
	}
	f, err := os.Open(v.path)
	v.must(err)
	defer f.Close()
	_, err = f.Seek(v.scanned, io.SeekStart)
	v.must(err)
	text, err := io.ReadAll(f)
	v.must(err)
	v.scanned += int64(len(text))
	v.lines += bytes.Count(text, []byte("\n"))
	return v.lines
}

// patched checks that the files of the patch are as before or as after, each whole, and
// that nothing else lies in the workspace, except files that the patch had set aside.
func (v *victim) patched() {
	v.Helper()
	allowed := map[string][]string{v.file: {textWith("old"), textWith("new")}, v.file + ".more": {strings.Repeat("x", 5000) + "\n"}}
	all, err := os.ReadDir(v.ws)
	v.must(err)
	for _, e := range all {
		if e.IsDir() && e.Name() == "made" {
			continue
		}
		if strings.HasPrefix(e.Name(), ".patch-") {
			v.landed.note(aside)
			continue
		}
		text, err := os.ReadFile(filepath.Join(v.ws, e.Name()))
		if err != nil || !slices.Contains(allowed[e.Name()], string(text)) {
			v.Errorf("%s in the workspace has %d bytes, %v", e.Name(), len(text), err)
		}
	}
}

// leave empties the workspace. A thread with a big prompt would make all later checks slow.
func (v *victim) leave() {
	v.gone()
	if v.find(); v.big && v.path != "" {
		v.must(os.Remove(v.path))
	}
	all, err := os.ReadDir(v.ws)
	v.must(err)
	for _, e := range all {
		v.must(os.RemoveAll(filepath.Join(v.ws, e.Name())))
	}
}
