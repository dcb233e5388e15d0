package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
)

// TestOwn lists the modules of this test's program.
func TestOwn(t *testing.T) {
	out := filepath.Join(t.TempDir(), "own.json")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := write(out, "example.com/own", "1.0.0", "2026-01-02T03:04:05Z", []string{self, self}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var b bom
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	if n := len(b.Components); n == 0 || len(b.Dependencies[0].On) != n || !slices.ContainsFunc(b.Components, func(c component) bool { return c.Name == "stdlib" }) {
		t.Errorf("%s", text)
	}
}

func TestNoProgram(t *testing.T) {
	out := filepath.Join(t.TempDir(), "none.json")
	if err := write(out, "example.com/own", "1.0.0", "2026-01-02T03:04:05Z", []string{"main.go"}); err == nil {
		t.Error("a list of a file that is no program")
	}
}

func TestList(t *testing.T) {
	b := list("example.com/own", "1.0.0-dev", "2026-01-02T03:04:05Z", []debug.Module{{Path: "github.com/B/x", Version: "v1.2.3+incompatible", Sum: "h1:x"}, {Path: "stdlib", Version: "1.26.8"}})
	got, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"metadata":{"timestamp":"2026-01-02T03:04:05Z",` +
		`"component":{"bom-ref":"pkg:golang/example.com/own@v1.0.0-dev","type":"application","name":"example.com/own","version":"1.0.0-dev","purl":"pkg:golang/example.com/own@v1.0.0-dev"}},` +
		`"components":[{"bom-ref":"pkg:golang/github.com/b/x@v1.2.3%2Bincompatible","type":"library","name":"github.com/B/x","version":"v1.2.3+incompatible",` +
		`"purl":"pkg:golang/github.com/b/x@v1.2.3%2Bincompatible","properties":[{"name":"go.sum","value":"h1:x"}]},` +
		`{"bom-ref":"pkg:golang/stdlib@1.26.8","type":"library","name":"stdlib","version":"1.26.8","purl":"pkg:golang/stdlib@1.26.8"}],` +
		`"dependencies":[{"ref":"pkg:golang/example.com/own@v1.0.0-dev","dependsOn":["pkg:golang/github.com/b/x@v1.2.3%2Bincompatible","pkg:golang/stdlib@1.26.8"]}]}`
	if string(got) != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
