package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
)

// inWords says what a command may, from the policy: five lines behind the head.
func inWords(x *lockstile.Explanation, p policy.Policy, argv []string) string {
	lines := [][2]string{
		{"may write  ", mayWrite(p)}, {"may read   ", mayRead(p)}, {"may reach  ", mayReach(p)}, {"runs as    ", runsAs(p)}, {"ends when  ", endsWhen(p)},
	}
	out := hang("", fmt.Sprintf("%s in %s: %s", x.Mode, x.Dir, strings.Join(argv, " ")))
	for _, l := range lines {
		out += hang(l[0], l[1])
	}
	return out
}

func mayWrite(p policy.Policy) string {
	switch p.Mode {
	case policy.ModeReadOnly:
		return "nothing but devices such as /dev/null"
	case policy.ModeDangerFullAccess:
		return "all that you may write"
	}
	roots := []string{}
	for _, r := range p.Roots() {
		roots = append(roots, r.Path)
	}
	text := strings.Join(roots, ", ") + ", without .git and other names that programs of this machine trust"
	private := []string{}
	if !p.ExcludeSlashTmp {
		private = append(private, "/tmp")
	}
	if !p.ExcludeTmpdirEnvVar {
		private = append(private, "TMPDIR")
	}
	if len(private) > 0 {
		text += "; a private " + strings.Join(private, " and ")
	}
	return text
}

func mayRead(p policy.Policy) string {
	if p.Mode == policy.ModeDangerFullAccess {
		return "all that you may read"
	}
	own := 0
	for _, r := range p.Read {
		if !r.Allow && r.From.File != "" {
			own++
		}
	}
	text := "all that you may read, but for the credential stores (~/.ssh, ~/.aws and the like)"
	if own > 0 {
		text += fmt.Sprintf(" and %d patterns of filesystem.deny_read", own)
	}
	return text
}

func mayReach(p policy.Policy) string {
	switch {
	case p.Mode == policy.ModeDangerFullAccess:
		return "all that you may reach"
	case p.NetworkOpen():
		return "the network, and no Unix sockets of this machine below /run and /tmp"
	}
	if p.NetworkByName() {
		return fmt.Sprintf("the servers of %d rules of [network], a loopback of its own, and only sockets that it makes", len(p.Network.Allow)+len(p.Network.Private))
	}
	return "nothing: a loopback of its own, and only sockets that it makes"
}

func runsAs(p policy.Policy) string {
	who := "you"
	if os.Geteuid() == 0 {
		who = "root"
	}
	if p.Mode == policy.ModeDangerFullAccess {
		return who + ", with all rights, beside all processes of the machine"
	}
	return who + ", without special rights, and sees only its own processes"
}

func endsWhen(p policy.Policy) string {
	text := "it exits; what it leaves behind ends a second later at most, and all ends with lockstile"
	if p.Limits.WallSeconds > 0 {
		text += fmt.Sprintf("; after %d s by force", p.Limits.WallSeconds)
	}
	return text
}
