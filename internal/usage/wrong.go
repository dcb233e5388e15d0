package usage

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/nearest"
)

// meant returns words of other tools, each with what lockstile has in its place.
func meant() map[string]string {
	return map[string]string{
		"network": network, "net": network, "allow-network": network, "allow-net": network, "share-net": network, "network-access": network,
		"no-network": nothing, "unshare-net": nothing, "offline": nothing,
		"add-dir": roots, "writable-root": roots, "writable-roots": roots, "allow-write": roots,
		"deny-read":       `-c 'filesystem.deny_read=["PATH"]'`,
		"allow-read":      `-c 'filesystem.allow_read=["PATH"]'`,
		"cd":              "-C DIR",
		"cwd":             "-C DIR",
		"chdir":           "-C DIR",
		"dir":             "-C DIR",
		"directory":       "-C DIR",
		"workdir":         "-C DIR",
		"workspace":       "-C DIR",
		"config":          "-c KEY=VALUE",
		"set":             "-c KEY=VALUE",
		"p":               "--profile NAME",
		"s":               "--sandbox MODE",
		"mode":            "--sandbox MODE",
		"policy":          "--sandbox MODE",
		"read-only":       "--sandbox read-only",
		"readonly":        "--sandbox read-only",
		"ro":              "--sandbox read-only",
		"workspace-write": "--sandbox workspace-write",
		"full-auto":       "--sandbox workspace-write",
		"no-sandbox":      open,
		"yolo":            open,
		"dangerously-bypass-approvals-and-sandbox": open,
		"danger-full-access":                       open,
		"pty":                                      "--tty",
		"terminal":                                 "--tty",
		"t":                                        "--tty",
		"it":                                       "--tty",
		"timeout":                                  "-c limits.wall_seconds=N",
		"memory":                                   "-c limits.memory_mb=N",
		"follow":                                   "-f",
		"tail":                                     "-n N",
		"lines":                                    "-n N",
	}
}

const (
	network = "-c sandbox_workspace_write.network_access=true"
	roots   = `-c 'sandbox_workspace_write.writable_roots=["DIR"]'`
	open    = "--sandbox danger-full-access"
	nothing = "leave it out"
)

// Mistake is what is wrong with a command line.
type Mistake struct {
	Said     error
	Proposal string // flags in place of the wrong one; "" without an idea

	name  string // of the wrong flag, without dashes
	value bool   // the flag's value goes too
}

// Wrong says what is wrong with a command line, from the error of a flag set.
func Wrong(set *flag.FlagSet, err error, args []string) Mistake {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		name, _, _ = strings.Cut(strings.TrimPrefix(name, "-"), "=")
		return Mistake{Said: fmt.Errorf("there is no flag %s", Flag{Name: name}.Spelled()), Proposal: instead(set, name, args), name: name}
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return Mistake{Said: fmt.Errorf("%s needs a value", Flag{Name: strings.TrimPrefix(name, "-")}.Spelled())}
	}
	if rest, ok := strings.CutPrefix(text, "invalid value "); ok {
		if value, why, ok := strings.Cut(rest, " for flag -"); ok {
			name, reason, _ := strings.Cut(why, ": ")
			return invalid(name, value, reason)
		}
	}
	if rest, ok := strings.CutPrefix(text, "invalid boolean value "); ok {
		if value, why, ok := strings.Cut(rest, " for -"); ok {
			name, _, _ := strings.Cut(why, ": ")
			return Mistake{Said: fmt.Errorf("%s is true or false, not %s", Flag{Name: name}.Spelled(), value)}
		}
	}
	return Mistake{Said: err}
}

func invalid(name, value, reason string) Mistake {
	if name == "sandbox" {
		m := Mistake{Said: errors.New(reason), name: name, value: true}
		if mode := Mode(strings.Trim(value, `"`)); mode != "" {
			m.Proposal = "--sandbox " + mode
		}
		return m
	}
	if reason == "parse error" {
		reason = "this is no value for it"
	}
	return Mistake{Said: fmt.Errorf("%s %s: %s", Flag{Name: name}.Spelled(), value, reason)}
}

// places are the words of a proposal that stand for the value that was typed.
var places = []string{"KEY=VALUE", "DIR", "PATH", "MODE", "NAME", "N"}

// Mended returns the arguments with the proposal in place of the wrong flag.
func (m Mistake) Mended(args []string) []string {
	for i, a := range args {
		name, value, joined := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if a == "--" {
			break
		}
		if !strings.HasPrefix(a, "-") || name != m.name {
			continue
		}
		rest := args[i+1:]
		if m.Proposal == nothing {
			return slices.Concat(args[:i], rest)
		}
		flags := strings.SplitN(m.Proposal, " ", 2)
		for at, f := range flags {
			flags[at] = strings.Trim(f, "'")
		}
		place := m.place()
		switch {
		case joined && len(flags) == 1:
			flags[0] += "=" + value
		case (m.value || place != "") && !joined && len(rest) > 0 && !strings.HasPrefix(rest[0], "-"):
			value, rest = rest[0], rest[1:]
		}
		if mode := Mode(value); place == "MODE" && mode != "" {
			value = mode
		}
		if place != "" && value != "" {
			flags[1] = strings.Replace(flags[1], place, value, 1)
		}
		return slices.Concat(args[:i], flags, rest)
	}
	return append(slices.Clone(args), m.Proposal)
}

// place returns the word of the proposal that stands for a value, "" for none.
func (m Mistake) place() string {
	_, value, _ := strings.Cut(m.Proposal, " ")
	for _, p := range places {
		if value == p || strings.Contains(value, `"`+p+`"`) || strings.HasSuffix(value, "="+p) {
			return p
		}
	}
	return ""
}

// instead proposes a flag for an unknown name.
func instead(set *flag.FlagSet, name string, args []string) string {
	other, ok := meant()[strings.ToLower(name)]
	if !ok && len(name) > 1 {
		var names []string
		set.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
		if best := nearest.Close(name, names); len(best) > 1 {
			return Flag{Name: best}.Spelled()
		}
		return ""
	}
	if other == network && slices.ContainsFunc(args, func(a string) bool { return switchedOff(name, a) }) {
		other = nothing // the network is off
	}
	if flag, _, _ := strings.Cut(other, " "); other != nothing && set.Lookup(strings.TrimLeft(flag, "-")) == nil {
		return ""
	}
	return other
}

// switchedOff reports whether a word is a flag of a name with a value that means no.
func switchedOff(name, word string) bool {
	typed, value, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	return typed == name && slices.Contains([]string{"none", "off", "false", "no", "0"}, strings.ToLower(value))
}

// modes has other words for each mode.
var modes = [...]struct {
	mode  string
	words []string
}{
	{"read-only", []string{"read-only", "readonly", "ro", "read", "safe", "strict", "locked"}},
	{"workspace-write", []string{"workspace-write", "workspace", "write", "rw", "auto", "default", "full-auto", "on"}},
	{"danger-full-access", []string{"danger-full-access", "danger", "full", "full-access", "none", "off", "yolo", "disabled", "unconfined"}},
}

// Mode returns the mode that a mistyped name may have meant, or "".
func Mode(name string) string {
	best, least := "", len(name)/3+1
	for _, m := range modes {
		for _, word := range m.words {
			if d := nearest.Distance(strings.ReplaceAll(name, "_", "-"), word); d < least {
				best, least = m.mode, d
			}
		}
	}
	return best
}

// Near returns the command whose name is near to a mistyped first word, or "".
func Near(word string) string {
	if other, ok := otherWords()[strings.ToLower(word)]; ok {
		return other
	}
	return nearest.Close(word, Names())
}

// otherWords returns commands of other tools, each with the command of lockstile.
func otherWords() map[string]string {
	return map[string]string{
		"sandbox": "run", "start": "run", "shell": "run", "spawn": "run", "check": "doctor", "status": "doctor", "diagnose": "doctor", "info": "doctor",
		"logs": "log", "history": "log", "audit": "log", "verify": "log verify", "settings": "config", "setting": "config", "why": "explain", "trace": "explain", "can": "explain",
		"setup-config": "init", "undo": "git undo", "restore": "takeback restore", "cache": "caches", "completions": "completion", "serve": "mcp", "server": "mcp", "manual": "man", "-h": "help",
	}
}

// NearBelow returns the second word of a command that a mistyped word may have meant, or "".
func NearBelow(command, word string) string { return nearest.Close(word, Below(command)) }
