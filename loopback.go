package lockstile

import (
	"os"
	"path/filepath"
	"regexp"

	"github.com/lockstile/lockstile/refusal"
)

// loopbackName is the form of a loopback's name: no path, and nothing hidden.
var loopbackName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// JoinLoopback has the gate's commands share a loopback with the commands of other gates of
// the same home that name it, while the network is off. The loopback lives as long as one
// of the gates is open. JoinLoopback comes before the first start. The error is a
// *refusal.Error.
func (g *Gate) JoinLoopback(name string) error {
	if !loopbackName.MatchString(name) {
		return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Restriction: refusal.NetworkNamespace,
			Reason: "the name of a loopback has up to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit", Hint: "choose another name"}
	}
	if err := g.open(); err != nil {
		return err
	}
	if _, err := g.launcher.JoinLoopback(filepath.Join(g.home.real, "loopbacks", name), os.Geteuid(), os.Getegid()); err != nil {
		return &refusal.Error{Code: refusal.CodeUnsupported, Stage: refusal.StagePlan, Restriction: refusal.NetworkNamespace,
			Reason: "the loopback " + name + " can't be shared", Hint: "leave out --join: the command has a loopback of its own", Err: err}
	}
	return nil
}
