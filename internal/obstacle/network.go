package obstacle

import (
	"os"
	"strings"

	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
)

// servers explains servers that the rules keep out.
func (s Seen) servers() []Obstacle {
	var out []Obstacle
	if s.ServersError != "" && s.Failed {
		out = append(out, Obstacle{Kind: Observed, Cause: s.ServersError, Instead: "lockstile log has the refusal of lockstile-net; ask the user"})
	}
	for _, d := range s.Servers {
		if !s.Failed || len(out) == mostInferred {
			break
		}
		target := d.Host
		if d.Port != 0 {
			target = netrules.Join(d.Host, d.Port)
		}
		o := Obstacle{Kind: Observed, What: target, Cause: target + " may not be reached: " + d.Reason}
		o.propose(s.server(target))
		out = append(out, o)
	}
	return out
}

// server proposes a rule for a server.
func (s Seen) server(target string) proposal {
	if _, err := netrules.Parse(target); err != nil {
		return none("no rule can allow it; ask the user")
	}
	at := target
	if !strings.Contains(strings.TrimLeft(target, "["), ":") {
		at += ":443"
	}
	return s.set(serversKey, list(append(s.listed(serversKey), target)), func(p policy.Policy) bool { return p.DecideConnect(at).Allowed })
}

// unreached explains a server that was asked for, "" for an unknown one: with rules, that none
// names it.
func (s Seen) unreached(server, cause string) Obstacle {
	o := Obstacle{What: server, Cause: cause}
	if s.Policy.NetworkByName() && server != "" {
		o.Cause = "no rule of [network] names " + server
		o.propose(s.server(server))
	} else {
		o.propose(s.network())
	}
	return o
}

// byRules reports whether the rules of [network] decide, and the gate has seen what they keep
// out: the output says no more.
func (s Seen) byRules() bool {
	return s.Policy.NetworkByName() && (len(s.Servers) > 0 || s.ServersError != "")
}

// refusedConnect is for ECONNREFUSED of the loopback and of sockets, with the network off.
func (s Seen) refusedConnect(h hit) (Obstacle, bool) {
	if s.Policy.NetworkOpen() || s.byRules() {
		return Obstacle{}, false
	}
	host := hostOf(h)
	low := lowered(host)
	o := Obstacle{What: host, Cause: "the network is off: " + host + " is the command's own loopback, and servers of the host can't be reached"}
	switch {
	case host == "":
		return s.refusedSomewhere(h)
	case strings.Contains(h.lower, "lookup "):
		o.Cause = "the network is off: commands have only a loopback of their own"
	case low != "localhost" && low != "::1" && !strings.HasPrefix(low, "127."):
		return Obstacle{}, false
	}
	o.propose(s.network())
	return o, true
}

// refusedSomewhere is for lines that name a socket's path, or nothing.
func (s Seen) refusedSomewhere(h hit) (Obstacle, bool) {
	for _, name := range append(h.quoted(), fullPaths(h.line)...) {
		if path, whole, ok := s.full(name); ok && whole {
			return s.socket(path)
		}
	}
	if !s.Failed || !h.reports() {
		return Obstacle{}, false
	}
	o := Obstacle{Cause: "the network is off: only servers and sockets of the command's own can be reached"}
	o.propose(s.network())
	return o, true
}

// socket is for a Unix socket that can't be reached.
func (s Seen) socket(path string) (Obstacle, bool) {
	real := s.real(path)
	if trail.Within(real, "/run") || trail.Within(real, "/var/run") {
		return s.ownFolders(path)
	}
	info, err := os.Lstat(real)
	if s.Policy.NetworkOpen() || s.unseen(real) || err != nil || info.Mode()&os.ModeSocket == 0 {
		return Obstacle{}, false
	}
	o := Obstacle{What: path, Cause: "the network is off: " + path + " is a socket of the host, and only sockets of the command's own can be reached"}
	o.propose(s.network())
	return o, true
}

// service is for programs that miss a service of the host: a socket or a port, if the
// line names one, and otherwise a socket below /run.
func (s Seen) service(h hit) (Obstacle, bool) {
	if strings.Contains(h.lower, "tcp://") {
		return s.refusedConnect(h)
	}
	n := namesOf(h)
	for _, name := range append(n.placed, n.loose...) {
		if path, whole, ok := s.full(strings.TrimRight(name, ".")); ok && whole {
			return s.socket(path)
		}
	}
	return Obstacle{Cause: "services of the host (systemd, D-Bus, agents, the screen) can't be reached: commands have a /run of their own",
		Instead: "no setting shows the host's /run; ask the user"}, s.Failed
}

// ownFolders is for a path in a folder of which each command has its own.
func (s Seen) ownFolders(path string) (Obstacle, bool) {
	rest, process := strings.CutPrefix(path, "/proc/")
	switch {
	case process && rest != "" && rest[0] >= '1' && rest[0] <= '9':
		return always[signProcess], true
	case (trail.Within(path, "/run") || trail.Within(path, "/var/run")) && strings.Contains(path, "sock"):
		return Obstacle{What: path, Cause: path + " can't be reached: commands have a /run of their own, without the host's sockets",
			Instead: "no setting shows the host's /run; ask the user"}, true
	case trail.Within(path, "/dev") && path != "/dev" && !trail.Within(path, "/dev/shm") && !trail.Within(path, "/dev/tcp"):
		return Obstacle{What: path, Cause: path + " isn't there: " + always[signDevice].Cause, Instead: always[signDevice].Instead}, true
	}
	return Obstacle{}, false
}

// always has the obstacles that need no name.
var always = map[sign]Obstacle{
	signForbidden: {Cause: "the call is one that the sandbox forbids (privileges, mounts, namespaces, other processes), or that this user may not make at all",
		Instead: "no setting allows it; ask the user to run the command outside the sandbox"},
	signProcess: {Cause: "a command sees and signals only its own processes, and not the processes of the host and of other commands",
		Instead: "no setting allows it; end a process where it was started, or ask the user"},
	signRoot: {Cause: "the act needs root's rights, and no program gains rights in the sandbox (sudo, su, crontab and other set-user-ID programs)",
		Instead: "no setting allows it; ask the user to run the command outside the sandbox"},
	signFamily: {Cause: "the sandbox has no sockets of that kind (Unix datagrams, raw sockets, packets, netlink)",
		Instead: "no setting allows it; use a stream socket, or ask the user to run the command outside the sandbox"},
	signDevice: {Cause: "commands have a /dev of their own, without the host's devices",
		Instead: "no setting allows it; ask the user to run the command outside the sandbox"},
}
