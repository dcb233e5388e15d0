package tool

import (
	"fmt"
	"strings"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
)

// Traces is what an ended command leaves besides its output.
type Traces struct {
	Ended   []string           // processes that the command left behind, and that were ended
	Because string             // why lockstile ended the tree for what the command did, "" for not
	Denied  []lockstile.Denied // protected names that the command made, and that were taken back
	Left    []string           // protected names that could not be taken back
	News    []string           // what programs of the host may obey now
}

// over is a command that has ended: a lockstile.Child or a session.Session.
type over interface {
	Ended() []string
	EndedBecause() string
	Denied() []lockstile.Denied
	Left() []string
	NewTrustLines() []string
}

func tracesOf(c over) Traces {
	return Traces{Ended: c.Ended(), Because: c.EndedBecause(), Denied: c.Denied(), Left: c.Left(), News: c.NewTrustLines()}
}

// Bounds of an answer; the log has more.
const (
	mostEnded = 20 // names of ended processes
	mostNews  = 5  // lines about what programs of the host may obey now
)

// keepServers tells a model how a server outlives a call.
const keepServers = "to keep a server running, start it in the foreground: it becomes a session"

// say tells a model about the traces.
func (t Traces) say(b *strings.Builder) {
	switch n := len(t.Ended); {
	case n == 1:
		b.WriteString(plain.Sprintf("1 background process was ended with the command: %s; %s\n", t.Ended[0], keepServers))
	case n > 1:
		b.WriteString(plain.Sprintf("%d background processes were ended with the command: %s; %s\n", n, strings.Join(t.Ended[:min(n, mostEnded)], ", "), keepServers))
	}
	if t.Because != "" {
		b.WriteString(plain.Sprintf("The command was ended: %s\n", t.Because))
	}
	for _, d := range t.Denied {
		if d.Now == "" {
			b.WriteString(plain.Sprintf("Removed: %s. The file system had no room to keep the file. Programs of the user's host trust that name; ask the user to make it\n", d.Path))
			continue
		}
		b.WriteString(plain.Sprintf("Taken back: %s is now %s. Programs of the user's host trust that name; ask the user to make it\n", d.Path, d.Now))
	}
	for _, path := range t.Left {
		b.WriteString(plain.Sprintf("Not taken back: %s is there, and programs of the user's host trust that name; ask the user to remove it: rm -rf %s\n", path, plain.ShellQuote(path)))
	}
	for _, n := range t.News[:min(len(t.News), mostNews)] {
		b.WriteString(plain.Sprintf("New or changed: %s. Programs of the user's host may obey or start it; tell the user\n", n))
	}
	if len(t.News) > mostNews {
		fmt.Fprintf(b, "and %d more such lines\n", len(t.News)-mostNews)
	}
}
