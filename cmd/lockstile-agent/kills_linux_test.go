package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/model/standin"
)

// killsOfWorld is how many kills one world sees: each adds a thread that the check of the
// log reads.
const killsOfWorld = 25

// TestSessionKilledAtAnyMoment kills the session's program at random moments of a turn: exec, a
// resume, and the screen. After each kill no process is left, the log holds, a patch is
// whole or not there, and the thread goes on with a history that a server takes.
// LOCKSTILE_TEST_KILLS is the number of kills, and LOCKSTILE_TEST_SEED repeats the choices
// of a world.
func TestSessionKilledAtAnyMoment(t *testing.T) {
	if testing.Short() {
		t.Skip("takes most of a minute")
	}
	kills := variable(t, "LOCKSTILE_TEST_KILLS", 100)
	seed := variable(t, "LOCKSTILE_TEST_SEED", int(time.Now().UnixNano()%1e9))
	landed := &tally{seen: map[string]int{}}
	t.Run("kills", func(t *testing.T) {
		for first := 0; first < kills; first += killsOfWorld {
			mine := seed + first/killsOfWorld
			t.Run("seed="+strconv.Itoa(mine), func(t *testing.T) {
				t.Parallel()
				newKiller(t, mine, landed).run(min(killsOfWorld, kills-first))
			})
		}
	})
	landed.report(t)
}

// variable reads a number from the environment.
func variable(t *testing.T, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// tally counts where kills landed.
type tally struct {
	mu   sync.Mutex
	seen map[string]int // by phase, and by kind of run
	all  int
}

func (c *tally) add(run, phase string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all++
	c.seen[run]++
	c.seen[phase]++
}

// note counts something else.
func (c *tally) note(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[what]++
}

// report says where the kills landed. Kills that all land in the same few phases prove
// little.
func (c *tally) report(t *testing.T) {
	kinds := append(append(slices.Clone(phases), runs...), aside)
	hit := 0
	for _, kind := range kinds {
		t.Logf("%5d  %s", c.seen[kind], kind)
		if slices.Contains(phases, kind) && c.seen[kind] > 0 {
			hit++
		}
	}
	t.Logf("%5d kills, in %d of %d phases", c.all, hit, len(phases))
	if c.all >= 100 && hit < len(phases)/2 {
		t.Errorf("the kills landed in %d phases alone", hit)
	}
}

// The kinds of runs that are killed.
const (
	runExec   = "run: exec"
	runResume = "run: exec resume"
	runScreen = "run: the screen"
	runAgain  = "run: the screen of a resume"
)

var runs = []string{runExec, runResume, runScreen, runAgain}

// killer is a world whose session is killed again and again.
type killer struct {
	*world
	rand   *rand.Rand
	landed *tally
	asked  atomic.Int64 // requests of the run
	turn   time.Duration
	last   string // the ID of the thread that was killed last; "" for none
	seed   int
	number int // of the run
}

func newKiller(t *testing.T, seed int, landed *tally) *killer {
	k := &killer{rand: rand.New(rand.NewPCG(uint64(seed), 0)), landed: landed, turn: time.Second, seed: seed}
	k.world = newWorld(t, func(r standin.Request) standin.Answer {
		k.asked.Add(1)
		return answerWork(r)
	})
	k.env = append(k.env, "TERM=xterm-256color", "LOCKSTILE_TALLY=") // a kill between two counts is no fault
	return k
}

// run makes a number of kills. A run that ended before the kill counts for nothing.
func (k *killer) run(kills int) {
	for done := 0; done < kills && !k.Failed(); k.number++ {
		v := k.begin()
		how, alive := v.waitForMoment()
		_ = v.cmd.Process.Kill()
		_ = v.cmd.Wait()
		v.over()
		if state, _ := v.cmd.ProcessState.Sys().(syscall.WaitStatus); !alive || !state.Signaled() {
			k.turn = max(k.turn*3/4, 100*time.Millisecond) // most moments were too late
			v.leave()
			continue
		}
		done++
		v.find()
		phase := v.phase()
		k.landed.add(v.kind, phase)
		k.check(v)
		if k.Failed() {
			k.Errorf("seed %d, run %d: %s, killed %s; phase: %s", k.seed, k.number, v.kind, how, phase)
		}
	}
}

// check looks at what a kill left.
func (k *killer) check(v *victim) {
	k.gone()
	if _, err := os.Stat(filepath.Join(k.home, "sandbox.log")); err == nil { // the kill may come before the first line
		k.verified()
	}
	v.patched()
	k.goOn(v)
	k.gone()
	k.verified()
	v.leave()
	if v.path != "" && !v.big {
		k.last = v.id()
	}
}

// gone waits until no process of the world is left. What is left is ended, and fails the
// test.
func (k *killer) gone() {
	k.Helper()
	var left map[int]string
	for late := time.Now().Add(patience / 2); time.Now().Before(late); time.Sleep(5 * time.Millisecond) {
		if left = k.left(); len(left) == 0 {
			return
		}
	}
	for pid, what := range left {
		k.Errorf("process %d is left: %s", pid, what)
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// left lists the processes of the world: by folder, root, environment or command line. A
// normal user sees none of the processes that have hardened themselves.
func (w *world) left() map[int]string {
	out := map[int]string{}
	all, _ := os.ReadDir("/proc")
	for _, p := range all {
		pid, err := strconv.Atoi(p.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		dir := filepath.Join("/proc", p.Name())
		cwd, _ := os.Readlink(dir + "/cwd")
		root, _ := os.Readlink(dir + "/root")
		environ, _ := os.ReadFile(dir + "/environ")
		line, _ := os.ReadFile(dir + "/cmdline")
		for _, text := range []string{cwd, root, string(environ), string(line)} {
			if strings.Contains(text, w.dir) {
				out[pid] = fmt.Sprintf("%q in %s, root %s", bytes.ReplaceAll(line, []byte{0}, []byte{' '}), cwd, root)
			}
		}
	}
	return out
}

// goOn goes on with the thread that was killed. The server gets all that is on disk.
func (k *killer) goOn(v *victim) {
	k.Helper()
	if v.path == "" { // killed before the rollout was made
		k.exec("--json", "go on").has(k.TB, 0, `"turn.completed"`)
		return
	}
	name := v.id()
	if k.rand.IntN(2) == 0 && k.newestWithPrompt() == v.path {
		name = "--last"
	}
	was := itemsOf(k.TB, v.path)
	first := len(k.server.Requests())
	r := k.exec("resume", "--json", name, "go on")
	r.has(k.TB, 0, `"thread_id":"`+v.id()+`"`, `"turn.completed"`)
	asked := k.server.Requests()[first:]
	if len(asked) != 1 || !strings.HasSuffix(asked[0].Text("user"), "\ngo on") {
		k.Errorf("the server was asked %d times for the prompt", len(asked))
		return
	}
	got := 0
	for _, item := range asked[0].Input {
		if item["type"] != "reasoning" {
			got++
		}
	}
	if got <= was {
		k.Errorf("the server got %d items of the %d on disk, and the prompt", got, was)
	}
	for _, part := range []string{"You are a coding agent in lockstile", "<environment_context>"} {
		if text := asked[0].Text("developer") + asked[0].Text("user"); strings.Count(text, part) != 1 {
			k.Errorf("%q is %d times in the history", part, strings.Count(text, part))
		}
	}
	for _, fault := range k.server.Faults() {
		k.Errorf("the stand-in was asked wrongly: %s", fault)
	}
}

// newestWithPrompt is the rollout that --last means.
func (k *killer) newestWithPrompt() string {
	all := k.rollouts()
	for _, path := range slices.Backward(all) {
		text, err := os.ReadFile(path)
		k.must(err)
		if at := strings.Index(string(text), `"type":"user_message"`); at >= 0 && bytes.IndexByte(text[at:], '\n') >= 0 {
			return path
		}
	}
	return ""
}

// rollouts lists the rollouts, the newest last.
func (w *world) rollouts() []string {
	all, err := filepath.Glob(filepath.Join(w.home, "sessions/*/*/*/rollout-*.jsonl"))
	w.must(err)
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	return all
}

// hold opens a file for what a program prints.
func (w *world) hold(cmd *exec.Cmd) {
	f, err := os.Create(filepath.Join(w.dir, "printed"))
	w.must(err)
	w.Cleanup(func() { f.Close() })
	cmd.Stdout, cmd.Stderr = f, f
}
