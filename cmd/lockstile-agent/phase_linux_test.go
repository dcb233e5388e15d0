package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// entry is a line of a rollout in part.
type entry struct {
	Type    string
	Payload struct {
		Type, Role string
		CallID     string            `json:"call_id"`
		History    []json.RawMessage `json:"replacement_history"`
		Item       struct{ Sandbox *struct{ Seq uint64 } }
	}
}

func entries(t testing.TB, text []byte) (all []entry, torn bool) {
	t.Helper()
	for line := range bytes.Lines(text) {
		if line[len(line)-1] != '\n' {
			return all, true
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v in %.200q", err, line)
		}
		all = append(all, e)
	}
	return all, false
}

// itemsOf is how many items the history of a rollout has, apart from reasoning: reasoning
// without the item that it led to is left out.
func itemsOf(t testing.TB, path string) (n int) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := entries(t, text)
	for _, e := range all {
		switch e.Type {
		case "response_item":
			if e.Payload.Type != "reasoning" {
				n++
			}
		case "compacted":
			n = len(e.Payload.History)
		}
	}
	return n
}

// phase says where the kill landed.
func (v *victim) phase() string {
	all, torn := entries(v.TB, v.text())
	called := map[string]bool{}
	begun, items, outputs, shown, last := false, 0, 0, 0, ""
	for _, e := range all {
		p := e.Payload
		switch {
		case e.Type == "turn_context":
			begun = true
		case !begun:
		case e.Type == "response_item" && strings.HasSuffix(p.Type, "_output"):
			outputs++
		case e.Type == "response_item" && p.Role != "user":
			items++
			if last = p.Type; p.CallID != "" {
				called[v.id()+"/"+p.CallID] = true
			}
		case e.Type == "event_msg" && p.Item.Sandbox != nil:
			shown++
		}
	}
	starts := 0
	for _, l := range v.log() {
		if called[l.Call] {
			starts++
		}
	}
	switch n := len(called); {
	case torn:
		return phaseTorn
	case len(all) == 0:
		return phaseBefore
	case !begun:
		return phaseOpening
	case items == 0:
		return phaseAsked
	case n < callsOfWork:
		return phaseAnswer
	case outputs == 0 && starts == 0:
		return phaseCalled
	case outputs == 0 && shown < callsOfWork:
		return phaseRun
	case outputs == 0:
		return phaseRan
	case outputs < callsOfWork:
		return phaseOutputs
	case n == callsOfWork:
		return phaseSecond
	case outputs == callsOfWork:
		return phaseSecondly
	case last != "message":
		return phaseThird
	}
	return phaseEnd
}
