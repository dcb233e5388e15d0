package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/lockstile/lockstile/internal/rollout"
)

// joined is the comparison of the log with the sessions of the user.
type joined struct {
	Starts   int      `json:"starts"` // starts and refusals that a session shows, and that the log has
	Problems []string `json:"problems,omitempty"`
}

// calls are the starts and refusals of a log that answer a model's call.
type calls struct {
	path    string
	of      map[uint64]answer   // by seq
	threads map[string][]uint64 // the seqs, by thread
}

// answer is a line of the log that answers a call.
type answer struct {
	call string // THREAD/CALL_ID
	line int    // in the file, from 1
}

// shown is a start or a refusal that a line of a session shows.
type shown struct {
	path string
	line int
	call string // THREAD/CALL_ID
	seq  uint64
}

// joinCalls compares each start that a session shows with the line of the log, and each
// line of a session with the session's calls. A session that was removed is not missed.
//
// A killed lockstile leaves gaps that are no problem: a call without a start, a start that
// no session shows yet, a call without an output, and a torn last line. A start without
// the call is a problem: the call is on disk before the start.
func joinCalls(home, logFile string) (joined, error) {
	var j joined
	all, err := rollout.List(home)
	if err != nil || len(all) == 0 {
		return j, err
	}
	// A session may write meanwhile. Calls come before starts, and shown starts behind: the
	// log is read before the sessions for the first, and again behind them for the rest.
	logged, err := readCalls(logFile)
	if err != nil {
		return j, err
	}
	var late []shown
	for _, info := range all {
		starts, err := j.session(info, logged)
		if err != nil {
			j.Problems = append(j.Problems, err.Error())
		}
		for _, s := range starts {
			if logged.of[s.seq].call == s.call {
				j.Starts++
			} else {
				late = append(late, s)
			}
		}
	}
	if len(late) == 0 {
		return j, nil
	}
	if logged, err = readCalls(logFile); err != nil {
		return j, err
	}
	for _, s := range late {
		j.compare(s, logged)
	}
	return j, nil
}

func readCalls(logFile string) (calls, error) {
	out := calls{logFile, map[uint64]answer{}, map[string][]uint64{}}
	f, err := os.Open(logFile)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<16)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return out, nil // a last line without an end is torn
		}
		var l struct {
			Seq  uint64
			Call string
		}
		if json.Unmarshal(line, &l) == nil && l.Call != "" {
			thread, _, _ := strings.Cut(l.Call, "/")
			out.of[l.Seq], out.threads[thread] = answer{l.Call, n}, append(out.threads[thread], l.Seq)
		}
	}
}

// session compares the log's answers with the calls of one session, and returns the
// starts that the session shows.
func (j *joined) session(info rollout.Info, logged calls) (starts []shown, err error) {
	lines, err := rollout.Read(info.Path)
	if err != nil {
		return nil, err
	}
	j.whole(info.Path, lines)
	known := map[string]bool{info.ID + "/user": true}
	for i, l := range lines {
		var p payload
		if json.Unmarshal(l.Payload, &p) != nil {
			continue
		}
		switch {
		case l.Type == rollout.Item && p.CallID != "" && !strings.HasSuffix(p.Type, "_output"):
			known[info.ID+"/"+p.CallID] = true
		case l.Type == rollout.Event && p.Item.Sandbox.Seq != 0:
			starts = append(starts, shown{info.Path, i + 1, info.ID + "/" + p.Item.CallID, p.Item.Sandbox.Seq})
		case l.Type == rollout.Event && p.ran():
			j.problem("%s:%d: the call %s/%s is shown as started, without a line of the log", info.Path, i+1, info.ID, p.Item.CallID)
		}
	}
	for _, seq := range logged.threads[info.ID] {
		if a := logged.of[seq]; !known[a.call] {
			j.problem("%s:%d: seq %d answers the call %s, which %s doesn't have", logged.path, a.line, seq, a.call, info.Path)
		}
	}
	return starts, nil
}

// payload is a payload of a session's line in part.
type payload struct {
	Type   string
	CallID string `json:"call_id"`
	Item   struct {
		Type, Status string
		CallID       string `json:"call_id"`
		Exit         *int   `json:"exit_code"`
		Sandbox      struct{ Seq uint64 }
	}
}

// ran reports whether an item is a command or a patch that was started.
func (p payload) ran() bool {
	switch p.Item.Type {
	case "command_execution", "file_change":
		return p.Item.Exit != nil || p.Item.Status == "completed" || p.Item.Status == "in_progress"
	}
	return false
}

// whole notices lines that were removed or moved. The first place is enough.
func (j *joined) whole(path string, lines []rollout.Line) {
	for i, l := range lines {
		if l.Number != i+1 {
			j.problem("%s:%d: the line has the number %d: lines were removed, added or moved", path, i+1, l.Number)
			return
		}
	}
}

// compare compares a start that a session shows with the log.
func (j *joined) compare(s shown, logged calls) {
	a, ok := logged.of[s.seq]
	switch {
	case ok && a.call == s.call:
		j.Starts++
	case ok:
		j.problem("%s:%d: the call %s shows seq %d, and %s:%d answers the call %s", s.path, s.line, s.call, s.seq, logged.path, a.line, a.call)
	default:
		j.problem("%s:%d: the call %s shows seq %d, and %s has no such answer to a call", s.path, s.line, s.call, s.seq, logged.path)
	}
}

func (j *joined) problem(format string, args ...any) {
	j.Problems = append(j.Problems, fmt.Sprintf(format, args...))
}
