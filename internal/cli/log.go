package cli

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
)

const (
	logUse    = "log [--json] [-n N]"
	verifyUse = "log verify [--json]"
)

// log shows the last lines of sandbox.log, or verifies the log.
func log(args []string) int {
	if len(args) > 0 && args[0] == "verify" {
		return logVerify(args[1:])
	}
	var asJSON bool
	var n int
	set := settings.NewFlagSet("log")
	set.BoolVar(&asJSON, "json", false, "")
	set.IntVar(&n, "n", 20, "")
	if err := onlyFlags(set, args); err != nil {
		return badUsage(err, logUse, "  -n N     how many of the last lines (default: 20)\n  --json   the lines as they are\n")
	}
	if n < 0 {
		return badUsage(errors.New("-n is the number of lines, 0 or more"), logUse, "")
	}
	home, err := lockstile.Home()
	if err != nil {
		return failed(err)
	}
	lines, err := lockstile.New(home).Records(n)
	if err != nil {
		return failed(err)
	}
	for _, line := range lines {
		if asJSON {
			plain.OutText(string(line) + "\n")
		} else {
			plain.OutText(logLine(line) + "\n")
		}
	}
	return exitOK
}

// logVerify says whether the log is whole, and names the wrong lines.
func logVerify(args []string) int {
	var asJSON bool
	set := settings.NewFlagSet("log verify")
	set.BoolVar(&asJSON, "json", false, "")
	if err := onlyFlags(set, args); err != nil {
		return badUsage(err, verifyUse, "")
	}
	path, err := logPath()
	if err != nil {
		return failed(err)
	}
	report, err := audit.VerifyFile(path)
	if err != nil {
		return failed(err)
	}
	calls, err := joinCalls(filepath.Dir(path), path)
	if err != nil {
		return failed(err)
	}
	if asJSON {
		plain.OutJSON(struct {
			audit.Report
			Calls joined `json:"calls"`
		}{report, calls})
	} else {
		printReport(path, report)
		printCalls(calls)
	}
	if !report.OK() || len(calls.Problems) > 0 {
		return exitFail
	}
	return exitOK
}

func printReport(path string, r audit.Report) {
	for _, p := range r.Problems {
		plain.Out("%s\n", p)
	}
	for _, u := range r.Unended {
		plain.Out("start %d has no end: %s (pid %d, by %d) runs still, or was ended with its lockstile\n", u.Seq, strings.Join(u.Argv, " "), u.PID, u.By)
	}
	torn := ""
	if n := len(r.TornLines); n > 0 {
		torn = fmt.Sprintf(", %d torn by a killed writer", n)
	}
	verdict := "holds"
	if !r.OK() {
		verdict = "does NOT hold"
	}
	plain.Out("%s %s: %d lines%s, last seq %d\n", path, verdict, r.Lines, torn, r.LastSeq)
}

func printCalls(j joined) {
	for _, p := range j.Problems {
		plain.Out("%s\n", p)
	}
	if j.Starts+len(j.Problems) > 0 {
		plain.Out("sessions: %d starts are shown as the log has them, %d are not\n", j.Starts, len(j.Problems))
	}
}

// onlyFlags parses args that may hold only flags.
func onlyFlags(set *flag.FlagSet, args []string) error {
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.NArg() > 0 {
		return fmt.Errorf("%q is one word too many", set.Arg(0))
	}
	return nil
}

func logPath() (string, error) {
	home, err := lockstile.Home()
	return filepath.Join(home, audit.LogName), err
}

func failed(err error) int {
	plain.Err("lockstile: %v\n", err)
	if errors.Is(err, os.ErrNotExist) {
		plain.Err("hint: nothing was started yet with this LOCKSTILE_HOME\n")
	}
	return exitFail
}

// entry is the part of a line that log shows.
type entry struct {
	Seq         uint64    `json:"seq"`
	Time        time.Time `json:"time"`
	Event       string    `json:"event"`
	Mode        string    `json:"mode"`
	Rung        string    `json:"rung"`
	Argv        []string  `json:"argv"`
	Start       uint64    `json:"start"`
	Exit        *int      `json:"exit"`
	Signal      string    `json:"signal"`
	Error       string    `json:"error"`
	Millis      int64     `json:"ms"`
	Code        string    `json:"code"`
	Stage       string    `json:"stage"`
	Restriction string    `json:"restriction"`
	Reason      string    `json:"reason"`
	Proven      []string  `json:"proven"`
	Denied      []string  `json:"denied"`
}

// logLine returns a line of the log as one line for people. No control character reaches
// the terminal: the command line is the agent's text.
func logLine(line json.RawMessage) string {
	var e entry
	if err := json.Unmarshal(line, &e); err != nil {
		return plain.Text(string(line))
	}
	head := fmt.Sprintf("%5d  %s  %-7s ", e.Seq, e.Time.Local().Format("2006-01-02 15:04:05"), e.Event)
	switch e.Event {
	case "start":
		how := fmt.Sprintf("%d restrictions proven", len(e.Proven))
		if e.Rung == "unconfined" {
			how = "UNCONFINED"
		}
		return head + plain.Sprintf("%s, %s: %s", e.Mode, how, strings.Join(e.Argv, " "))
	case "end":
		return head + plain.Sprintf("of %d: %s after %d ms", e.Start, e.ended(), e.Millis)
	case "recovery":
		return head + plain.Sprintf("taken back from a start that was killed: %s", strings.Join(e.Denied, ", "))
	case "refusal":
		what := e.Restriction
		if what == "" {
			what = e.Code
		}
		return head + plain.Sprintf("%s, at %s (%s): %s: %s", e.Mode, e.Stage, what, e.Reason, strings.Join(e.Argv, " "))
	}
	return head + plain.Text(string(line))
}

func (e entry) ended() string {
	switch {
	case e.Error != "":
		return e.Error
	case e.Signal != "":
		return "ended by " + e.Signal
	case e.Exit != nil:
		return fmt.Sprintf("exit %d", *e.Exit)
	}
	return "ended"
}
