package tui

import "strings"

// look is what the environment says about the terminal.
type look struct {
	plain   bool // NO_COLOR: no styles
	dumb    bool // no cursor movement
	reflows bool // wraps old lines anew at a new width
	toasts  bool // shows OSC 9 as a message of the desktop
}

// lookOf reads the environment through getenv; nil is an empty environment.
func lookOf(getenv func(string) string) look {
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	term, program := getenv("TERM"), getenv("TERM_PROGRAM")
	l := look{
		plain:   getenv("NO_COLOR") != "",
		dumb:    term == "dumb",
		reflows: getenv("XTERM_VERSION") == "" && !strings.HasPrefix(term, "linux") && !strings.HasPrefix(term, "rxvt"),
	}
	switch {
	case getenv("TMUX") != "", strings.HasPrefix(term, "screen"), strings.HasPrefix(term, "tmux"):
	case program == "iTerm.app", program == "WezTerm", program == "ghostty", term == "xterm-kitty", term == "xterm-ghostty":
		l.toasts = true
	}
	return l
}
