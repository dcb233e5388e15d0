package audit

import (
	"encoding/json"
	"maps"
	"slices"
)

// Unended is a start without an end in the log: the command still runs, or lockstile was
// killed.
type Unended struct {
	Seq  uint64   `json:"seq"`
	By   int      `json:"by"`  // the lockstile process
	PID  int      `json:"pid"` // the command's, on the host
	Argv []string `json:"argv"`
}

// mostUnended bounds the starts that are kept in memory at a time.
const mostUnended = 100_000

// pairing matches the ends of a log with its starts.
type pairing struct {
	open map[uint64]Unended
}

// meet takes the next record.
func (p *pairing) meet(rec record, text []byte) {
	var line struct {
		Event string `json:"event"`
		Start uint64 `json:"start"`
		Unended
	}
	if json.Unmarshal(text, &line) != nil {
		return
	}
	switch line.Event {
	case "start":
		if p.open == nil {
			p.open = map[uint64]Unended{}
		}
		if len(p.open) >= mostUnended {
			return
		}
		line.Unended.Seq = rec.seq
		p.open[rec.seq] = line.Unended
	case "end":
		delete(p.open, line.Start)
	}
}

// list returns the starts without an end, the oldest first.
func (p *pairing) list() []Unended {
	var out []Unended
	for _, seq := range slices.Sorted(maps.Keys(p.open)) {
		out = append(out, p.open[seq])
	}
	return out
}
