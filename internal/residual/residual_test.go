package residual

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/plan"
)

var update = flag.Bool("update", false, "write the page anew")

const page = "../../docs/residuals.md"

// TestPage checks that docs/residuals.md is the table, and nothing more.
func TestPage(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Residuals\n\nA residual is a gap of a sandbox. The page lists all residuals: nobody should take a gap for a restriction. `lockstile doctor` lists the residuals that can apply to the machine. The start line of a record (`residuals`) lists the residuals of the start. `go test ./internal/residual -update` writes the page from `internal/residual`.\n\n| Name | Gap | Reason | Advice |\n|---|---|---|---|\n")
	for _, r := range Table {
		b.WriteString("| `" + r.ID + "` | " + r.What + " | " + r.Why + " | " + r.Meanwhile + " |\n")
	}
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Skip("no checkout here")
	}
	if strings.ReplaceAll(string(got), "\r\n", "\n") != b.String() {
		t.Error("docs/residuals.md is not the table: go test -update")
	}
}

// TestTable checks that each row is complete, and applies on at least one system.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Table {
		if r.ID == "" || r.What == "" || r.Why == "" || r.Meanwhile == "" || r.applies == nil || seen[r.ID] || strings.Contains(r.What+r.Why+r.Meanwhile, " | ") {
			t.Errorf("%+v", r)
		}
		seen[r.ID] = true
	}
	for _, c := range []struct {
		p         plan.Plan
		has, lack string
	}{
		{plan.Plan{Target: "linux/amd64", Rung: plan.Full}, "reading", "host-seen"},
		{plan.Plan{Target: "linux/amd64", Rung: plan.Full, WriteIn: []string{"/w"}}, "linked", "typed"},
		{plan.Plan{Target: "linux/amd64", Rung: plan.Landlocked}, "host-seen", "network-sockets"},
		{plan.Plan{Target: "linux/amd64", Rung: plan.Landlocked}, "host-seen", "open-names"},
		{plan.Plan{Target: "linux/amd64", Rung: plan.Landlocked, WriteIn: []string{"/ws"}}, "open-names", "network-sockets"},
		{plan.Plan{Target: "linux/amd64", Rung: plan.Full, WriteIn: []string{"/ws"}}, "watching", "open-modes"},
		{plan.Plan{Target: "linux/amd64", Rung: plan.Full}, "memory", "mounts"},
		{plan.Plan{Target: "linux/amd64", Rung: plan.Full, Limits: plan.Limits{Cgroup: "/c"}}, "disk", "memory"},
		{plan.Plan{Target: "linux/amd64", Rung: plan.SharedProc}, "proc-names", "linked"},
		{plan.Plan{Target: "linux/amd64", Rung: plan.Unconfined}, "typed", "reading"},
		{plan.Plan{Target: "windows/amd64", Rung: plan.Token}, "win-unelevated", "reading"},
		{plan.Plan{Target: "windows/amd64", Rung: plan.Account}, "win-lookups", "win-everyone"},
	} {
		if got := Of(&c.p); !slices.Contains(got, c.has) || slices.Contains(got, c.lack) {
			t.Errorf("%+v: %q", c.p, got)
		}
	}
	for _, goos := range []string{"linux", "windows"} {
		if len(On(goos)) < 5 {
			t.Errorf("%s: %v", goos, On(goos))
		}
	}
}
