package session

import (
	"errors"
	"strings"
	"testing"
)

// TestTable checks which sessions are listed and found, and the reasons for missing
// sessions.
func TestTable(t *testing.T) {
	table := NewTable(9)
	first, evicted := table.Add(Entry{Session: started(t, false, "exec sleep 1007"), Command: "first"})
	if evicted != nil {
		t.Fatalf("%+v had to go for the first", evicted)
	}
	table.Left(first)
	for range 8 {
		id, _ := table.Add(Entry{Session: started(t, false, "exec sleep 1007"), Command: "later"})
		table.Left(id)
	}
	list := table.List()
	if len(list) != 9 || list[0].ID != first || list[0].Command != "first" {
		t.Errorf("%+v", list)
	}
	if e, err := table.Get(first); err != nil || e.Command != "first" {
		t.Errorf("%+v %v", e, err)
	}
	table.Left(first)
	// The first session was used last, but the newest always stay.
	_, evicted = table.Add(Entry{Session: started(t, true, "exec sleep 1007"), Command: "last"})
	if evicted == nil || evicted.ID != first {
		t.Fatalf("%+v had to go", evicted)
	}
	if _, over, _ := evicted.Exit(); !over {
		t.Error("it goes on")
	}
	second := list[1].ID
	table.Remove(second)
	for id, why := range map[int]string{first: "make room", second: "has ended", 1: "never was"} {
		_, err := table.Get(id)
		var unknown *UnknownError
		if !errors.As(err, &unknown) || unknown.ID != id || !strings.Contains(unknown.Why, why) {
			t.Errorf("%v, want %q", err, why)
		}
	}
	if err := table.Close(); err != nil {
		t.Error(err)
	}
	for _, e := range list[2:] {
		if _, over, _ := e.Exit(); !over {
			t.Errorf("%d goes on", e.ID)
		}
	}
	if len(table.List()) != 0 || NewTable(0).Most() != 64 {
		t.Errorf("%+v", table.List())
	}
}
