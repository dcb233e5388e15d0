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
	of      map[uint64]string   // THREAD/CALL_ID, by the number of the line
	threads map[string][]uint64 // the numbers of the lines, by thread
}

// joinCalls compares each start that a session shows with the line of the log, and each
// line of a session with the session's calls. A session that was removed is not missed.
func joinCalls(home, logFile string) (joined, error) {
	var j joined
	all, err := rollout.List(home)
	if err != nil || len(all) == 0 {
		return j, err
	}
	logged, err := readCalls(logFile)
	if err != nil {
		return j, err
	}
	for _, info := range all {
		if err := j.session(info, logged); err != nil {
			j.Problems = append(j.Problems, fmt.Sprintf("session %s: %v", info.ID, err))
		}
	}
	return j, nil
}

func readCalls(logFile string) (calls, error) {
	out := calls{map[uint64]string{}, map[string][]uint64{}}
	f, err := os.Open(logFile)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	defer f.Close()
	for r := bufio.NewReaderSize(f, 1<<16); ; {
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
			out.of[l.Seq], out.threads[thread] = l.Call, append(out.threads[thread], l.Seq)
		}
	}
}

// session compares one session.
func (j *joined) session(info rollout.Info, logged calls) error {
	lines, err := rollout.Read(info.Path)
	if err != nil {
		return err
	}
	known := map[string]bool{info.ID + "/user": true}
	for _, l := range lines {
		var p struct {
			CallID string `json:"call_id"`
			Item   struct {
				CallID  string `json:"call_id"`
				Sandbox struct{ Seq uint64 }
			}
		}
		if json.Unmarshal(l.Payload, &p) != nil {
			continue
		}
		switch {
		case l.Type == rollout.Item && p.CallID != "":
			known[info.ID+"/"+p.CallID] = true
		case l.Type == rollout.Event && p.Item.Sandbox.Seq != 0:
			j.shown(info.ID, p.Item.CallID, p.Item.Sandbox.Seq, logged)
		}
	}
	for _, seq := range logged.threads[info.ID] {
		if call := logged.of[seq]; !known[call] {
			j.Problems = append(j.Problems, fmt.Sprintf("line %d of the log answers the call %s, which the session doesn't have", seq, call))
		}
	}
	return nil
}

// shown compares a start that a session shows.
func (j *joined) shown(thread, id string, seq uint64, logged calls) {
	if logged.of[seq] == thread+"/"+id {
		j.Starts++
		return
	}
	j.Problems = append(j.Problems, fmt.Sprintf("session %s shows line %d for the call %s, and the log's line is another", thread, seq, id))
}
