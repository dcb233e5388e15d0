package cli

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
)

// logFlags are the flags of log.
type logFlags struct {
	json, follow, denied bool
	network              bool
	n                    int
	since                time.Time // zero for the whole log
}

func parseLog(set *flag.FlagSet, args []string) (f logFlags, err error) {
	set.BoolVar(&f.json, "json", false, "")
	set.BoolVar(&f.follow, "f", false, "")
	set.BoolVar(&f.denied, "denied", false, "")
	set.BoolVar(&f.network, "network", false, "")
	set.IntVar(&f.n, "n", -1, "")
	set.Func("since", "", func(when string) (err error) {
		f.since, err = parseSince(when, time.Now())
		return err
	})
	if err := onlyFlags(set, args); err != nil {
		return f, err
	}
	numbered := false
	set.Visit(func(given *flag.Flag) { numbered = numbered || given.Name == "n" })
	switch {
	case numbered && f.n < 0:
		return f, errors.New("-n is the number of lines, 0 or more")
	case !numbered && f.since.IsZero():
		f.n = 20
	case !numbered:
		f.n = math.MaxInt
	}
	return f, nil
}

// parseSince reads a time, a day, or how long ago.
func parseSince(when string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(when, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return now.AddDate(0, 0, -int(n)), nil
		}
	}
	if ago, err := time.ParseDuration(when); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(form, when, time.Local); err == nil {
			return at, nil
		}
	}
	return time.Time{}, errors.New("say how long ago (10m, 2h, 3d) or when (2026-11-30, 2026-11-30T09:00:00Z)")
}

// log shows the last lines of sandbox.log, or verifies the log.
func log(args []string) int {
	if first(args) == "verify" {
		return logVerify(args[1:])
	}
	if word := first(args); word != "" && word[0] != '-' {
		return badWord("log", word)
	}
	set := settings.NewFlagSet("log")
	f, err := parseLog(set, args)
	if err != nil {
		return usage.Say(set, err, args)
	}
	home, err := lockstile.Home()
	if err != nil {
		return failed(err)
	}
	shown := &shownLog{logFlags: f, gate: lockstile.New(home), columns: columns(), starts: map[uint64]string{}}
	if err := shown.show(); err != nil && !(f.follow && errors.Is(err, os.ErrNotExist)) {
		return failed(err)
	}
	if f.follow {
		return shown.followed()
	}
	return exitOK
}

// logVerify says whether the log is whole, and names the wrong lines.
func logVerify(args []string) int {
	var asJSON bool
	set := settings.NewFlagSet("log verify")
	set.BoolVar(&asJSON, "json", false, "")
	if err := onlyFlags(set, args); err != nil {
		return usage.Say(set, err, args)
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
