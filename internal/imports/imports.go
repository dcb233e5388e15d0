// Package imports reads the settings of other sandboxes, and returns the settings of
// config.toml that mean the same or less, with a report of each line. Every result follows
// from the bytes alone: package imports must never open a file, return a setting that
// allows more than the other tool did, or leave a line out of the report.
package imports

import (
	"fmt"
	"slices"
	"strings"
)

// The kinds of a line of the report.
const (
	Carried  = "carried over" // the same holds here
	Stricter = "stricter"     // less is allowed here
	Looser   = "looser"       // a restriction of the other tool doesn't hold here
	Left     = "left out"     // about something else, or for the user to decide
)

// Line reports on a line of the other tool's settings.
type Line struct {
	Key    string `json:"key"` // of the other tool
	Kind   string `json:"kind"`
	To     string `json:"to,omitempty"`      // our line
	Why    string `json:"why,omitempty"`     // the reason, but for what is carried over
	ByHand string `json:"by_hand,omitempty"` // the line that allows as much as there, for the user to add
}

// Setting is a value of config.toml.
type Setting struct {
	Profile string // the name of a profile, "" for the top
	Key     string
	Value   any // string, bool, number, []string, or a table of such values
}

// Result is what a file comes to.
type Result struct {
	Settings []Setting
	Report   []Line
}

// Tools are the names of the other tools.
func Tools() []string { return []string{"claude", "codex", "nono", "srt"} }

// Our keys.
const (
	modeKey     = "sandbox_mode"
	approvalKey = "approval_policy"
	networkKey  = "sandbox_workspace_write.network_access"
	rootsKey    = "sandbox_workspace_write.writable_roots"
	denyKey     = "filesystem.deny_read"
	setKey      = "shell_environment_policy.set"
	gitKey      = "git.commit"
)

// Read reads the settings of a tool.
func Read(tool string, data []byte) (Result, error) {
	if len(data) > mostBytes {
		return Result{}, fmt.Errorf("the file is larger than %d bytes", mostBytes)
	}
	var im importer
	var err error
	switch tool {
	case "codex":
		err = im.codex(data)
	case "claude":
		err = im.claude(data)
	case "srt":
		err = im.srt(data)
	case "nono":
		err = im.nono(data)
	default:
		err = fmt.Errorf("there is no tool %q: claude, codex, nono or srt", tool)
	}
	if err != nil {
		return Result{}, err
	}
	return im.Result, nil
}

// importer collects a result.
type importer struct {
	Result
	profile string // the profile at hand
}

func (im *importer) line(key, kind, to, why, byHand string) {
	im.Report = append(im.Report, Line{im.named(key), kind, to, why, byHand})
}

func (im *importer) named(key string) string {
	if im.profile != "" {
		return "profiles." + im.profile + "." + key
	}
	return key
}

// set puts a value, and returns our line.
func (im *importer) set(key string, value any) string {
	for i, s := range im.Settings {
		if s.Profile == im.profile && s.Key == key {
			im.Settings[i].Value = value
			return Text(key, value)
		}
	}
	im.Settings = append(im.Settings, Setting{im.profile, key, value})
	return Text(key, value)
}

// add adds an item to a list.
func (im *importer) add(key, item string) string {
	for i, s := range im.Settings {
		if list, ok := s.Value.([]string); ok && s.Profile == im.profile && s.Key == key {
			if !slices.Contains(list, item) {
				im.Settings[i].Value = append(list, item)
			}
			return Text(key, []string{item})
		}
	}
	return im.set(key, []string{item})
}

func (im *importer) carry(key, ours string, value any) {
	im.line(key, Carried, im.set(ours, value), "", "")
}

func (im *importer) stricter(key, ours string, value any, why, byHand string) {
	im.line(key, Stricter, im.set(ours, value), why, byHand)
}

func (im *importer) left(key, why, byHand string) { im.line(key, Left, "", why, byHand) }

func (im *importer) looser(key, why, byHand string) { im.line(key, Looser, "", why, byHand) }

// wrong reports a value of an unexpected type.
func (im *importer) wrong(key string) {
	kind := Left
	if strings.Contains(strings.ToLower(key), "deny") {
		kind = Looser
	}
	im.line(key, kind, "", "the value has an unexpected form", "")
}

// Dropped corrects the report about a value that didn't load: a restriction that is missing
// makes the sandbox looser.
func (r *Result) Dropped(s Setting, v any, why string) {
	kind := Left
	switch s.Key {
	case denyKey, "shell_environment_policy.exclude", "shell_environment_policy.include_only":
		kind = Looser
	}
	to := Text(s.Key, v)
	for i, l := range r.Report {
		if l.To == to && strings.HasPrefix(l.Key, "profiles.") == (s.Profile != "") {
			r.Report[i].Kind, r.Report[i].To, r.Report[i].Why = kind, "", why
			return
		}
	}
	r.Report = append(r.Report, Line{Key: s.Key, Kind: kind, Why: why})
}
