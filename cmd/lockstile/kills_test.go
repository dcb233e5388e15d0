//go:build linux

package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// makeNames makes protected names as fast as it can, and a bare repository.
const makeNames = `while :; do
	mkdir -p .vscode/x .Git .git/hooks objects refs sub/.claude; echo x > .envrc; echo x > HEAD; ln -s x .idea; echo x > y.code-workspace; mkdir tools/hooks
done 2>/dev/null`

// TestRandomKills kills lockstile at a random moment of a command, sometimes with the init,
// and checks that after the next start nothing of the command is there that programs of the
// host obey, and that the user's own names are untouched. LOCKSTILE_TEST_KILLS is the number
// of kills.
func TestRandomKills(t *testing.T) {
	kills := 60
	if n, err := strconv.Atoi(os.Getenv("LOCKSTILE_TEST_KILLS")); err == nil {
		kills = n
	}
	p := newPlace(t)
	p.env = append(p.env, "LOCKSTILE_TALLY=", "GIT_CONFIG_GLOBAL="+p.dir+"/gitconfig", "GIT_CONFIG_NOSYSTEM=1") // a killed start has no end
	write(t, p.dir+"/gitconfig", "[core]\n\thooksPath = "+p.ws+"/tools/hooks\n")
	for _, dir := range []string{p.ws + "/sub/.git", p.ws + "/tools"} {
		mkdir(t, dir)
	}
	write(t, p.ws+"/.mcp.json", "the user's")
	random := rand.New(rand.NewPCG(1, 2))
	for i := range kills {
		p.way = ioFlags[i%2]
		cmd := p.command(program, "run", "--", "sh", "-c", makeNames)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.IntN(150_000)) * time.Microsecond)
		victims := []int{cmd.Process.Pid}
		if i%3 == 0 { // stopped first: no process sees another's end
			victims = append(descendants(t, cmd.Process.Pid), cmd.Process.Pid)
			for _, pid := range victims {
				syscall.Kill(pid, syscall.SIGSTOP)
			}
		}
		for _, pid := range victims {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		cmd.Wait()
		r := p.lockstile("run", "--", "true")
		for deadline := time.Now().Add(patience); p.holdsNames() != "" && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			// The init of the killed lockstile ends its tree meanwhile.
			r = p.lockstile("run", "--", "true")
		}
		if name := p.holdsNames(); name != "" || r.code != 0 {
			t.Fatalf("kill %d: %s is there; %+v", i, name, r)
		}
		if b, err := os.ReadFile(p.ws + "/.mcp.json"); err != nil || string(b) != "the user's" {
			t.Fatalf("kill %d: %q %v", i, b, err)
		}
		if i%100 == 99 {
			p.lockstile("takeback", "clear", "--yes")
		}
	}
	p.lockstile("run", "--", "true") // every tree has ended
	if left, err := filepath.Glob(p.ws + "/.*.denied-*"); err != nil || len(left) > 0 {
		t.Errorf("%q %v", left, err)
	}
}

// holdsNames returns a name of the command that programs of the host obey, "" for none.
func (p *place) holdsNames() string {
	for _, name := range []string{".vscode", ".Git", ".git", ".envrc", ".idea", "y.code-workspace", "sub/.claude", "tools/hooks"} {
		if _, err := os.Lstat(filepath.Join(p.ws, name)); err == nil {
			return name
		}
	}
	if exists(p.ws+"/HEAD") && exists(p.ws+"/objects") && exists(p.ws+"/refs") {
		return strings.Join([]string{"HEAD", "objects", "refs"}, ", ")
	}
	return ""
}
