package main

import (
	"runtime/debug"
	"strings"
)

// The part of CycloneDX 1.6 that says what a program consists of.
type (
	bom struct {
		Format       string       `json:"bomFormat"`
		Spec         string       `json:"specVersion"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	}
	component struct {
		Ref        string     `json:"bom-ref"`
		Type       string     `json:"type"`
		Name       string     `json:"name"`
		Version    string     `json:"version"`
		URL        string     `json:"purl"`
		Properties []property `json:"properties,omitempty"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn"`
	}
)

// list has no serial number: two builds of a commit have the same list.
func list(name, version, time string, parts []debug.Module) bom {
	main := packageURL(name, "v"+version)
	b := bom{Format: "CycloneDX", Spec: "1.6", Version: 1,
		Metadata:     metadata{Timestamp: time, Component: component{Ref: main, Type: "application", Name: name, Version: version, URL: main}},
		Dependencies: []dependency{{Ref: main}}}
	for _, m := range parts {
		c := component{Type: "library", Name: m.Path, Version: m.Version, URL: packageURL(m.Path, m.Version)}
		if m.Sum != "" {
			c.Properties = []property{{"go.sum", m.Sum}}
		}
		c.Ref = c.URL
		b.Components = append(b.Components, c)
		b.Dependencies[0].On = append(b.Dependencies[0].On, c.Ref)
	}
	return b
}

// packageURL names a module as package URLs do, and Go's library as the databases of
// vulnerabilities do.
func packageURL(path, version string) string {
	if path == "stdlib" {
		return "pkg:golang/stdlib@" + version
	}
	return "pkg:golang/" + strings.ToLower(path) + "@" + strings.ReplaceAll(version, "+", "%2B")
}
