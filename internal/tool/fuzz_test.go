package tool

import (
	"cmp"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/approve"
	"github.com/lockstile/lockstile/policy"
)

// FuzzArguments checks, for any arguments of a model, that the command line holds the
// text as a single word, that the folder is a full path or refused, and that waits and
// budgets stay in range.
func FuzzArguments(f *testing.F) {
	f.Add([]byte(`{"cmd":"ls","workdir":"../x","yield_time_ms":-1}`))
	f.Add([]byte(`{"cmd":"a\u0000b","shell":"/bin/sh","login":null,"sandbox_permissions":"require_escalated"}`))
	f.Add([]byte(`{"command":["rm","-rf",""],"timeout_ms":9223372036854775807,"session_id":1e9,"chars":"\ud800"}`))
	nowhere, err := filepath.Abs("/nowhere/at/all")
	if err != nil {
		f.Fatal(err)
	}
	s := &Set{policy: policy.Policy{Workspace: nowhere}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var c ExecCommand
		if json.Unmarshal(raw, &c) == nil {
			shell, _ := userShell(nil)
			argv := commandLine(cmp.Or(c.Shell, shell), c)
			if len(argv) < 3 || argv[len(argv)-1] != c.Cmd {
				t.Errorf("%q becomes %q", c.Cmd, argv)
			}
			if dir := s.dir(c.Workdir); dir != "" && (!filepath.IsAbs(dir) || filepath.Clean(dir) != dir) {
				t.Errorf("workdir %q becomes %q", c.Workdir, dir)
			}
			if d := yield(c.YieldTimeMS, 10*time.Second, 250*time.Millisecond, 30*time.Second); d < 250*time.Millisecond || d > 30*time.Second {
				t.Errorf("yield %d becomes %v", c.YieldTimeMS, d)
			}
			approve.Script("bash", c.Cmd)
		}
		var w Shell
		if json.Unmarshal(raw, &w) == nil {
			Words(w.Command)
			if approve.Argv(w.Command) && len(w.Command) == 0 {
				t.Error("nothing is taken for looking")
			}
		}
	})
}
