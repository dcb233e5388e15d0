// Command sbom writes the list of the modules in Go programs, as CycloneDX JSON (SBOM). The
// list comes from the programs alone: Go writes the modules into each program. The command
// must never look at go.mod, which also has the modules of tests.
package main

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/plain"
)

const usage = "usage: sbom OUT NAME VERSION TIME PROGRAM...\n"

func main() {
	if len(os.Args) < 6 {
		plain.ErrText(usage)
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5:]); err != nil {
		plain.Err("sbom: %v\n", err)
		os.Exit(1)
	}
}

func write(out, name, version, time string, programs []string) error {
	parts, err := modules(programs)
	if err != nil {
		return err
	}
	// The list is read by people too: no < for a smaller sign.
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(list(name, version, time, parts)); err != nil {
		return err
	}
	return os.WriteFile(out, text.Bytes(), 0o644)
}

// modules returns the modules that the programs contain, each once, with Go's own library.
// All programs must be of the same main module.
func modules(programs []string) ([]debug.Module, error) {
	seen := map[debug.Module]bool{}
	for _, program := range programs {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", program, err)
		}
		seen[debug.Module{Path: "stdlib", Version: strings.TrimPrefix(info.GoVersion, "go")}] = true
		for _, m := range info.Deps {
			if m.Replace != nil {
				return nil, fmt.Errorf("%s: %s is replaced: a list can't name it", program, m.Path)
			}
			seen[*m] = true
		}
	}
	var parts []debug.Module
	for m := range seen {
		parts = append(parts, m)
	}
	slices.SortFunc(parts, func(a, b debug.Module) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Version, b.Version))
	})
	return parts, nil
}
