package config

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/policy"
)

// network returns the rules for servers by name.
func network(in Input, s settings) (policy.Network, error) {
	n := policy.Network{Allow: s.list(allowKey), Deny: s.list(denyKey), Private: s.list(privateKey), Publish: s.list(publishKey)}
	for _, text := range n.Publish {
		if _, err := netrules.ParsePublished(text); err != nil {
			return policy.Network{}, refuse("write PORT, PORT:PORT (the host's first) or ADDRESS:PORT:PORT",
				"%s%s: %s can't be published: %v", at(s.get(publishKey).from), publishKey, quote(text), err)
		}
	}
	for _, key := range [...]string{allowKey, denyKey, privateKey} {
		for _, text := range s.list(key) {
			if _, err := netrules.Parse(text); err != nil {
				return policy.Network{}, refuse("write NAME:PORT, *.DOMAIN:PORT, ADDRESS:PORT or NETWORK/BITS:PORT; without a port it is 443",
					"%s%s: %s can't be obeyed: %v", at(s.get(key).from), key, quote(text), err)
			}
		}
	}
	var err error
	n.Sockets, err = sockets(in, s)
	return n, err
}

// sockets returns the Unix sockets of the host that commands may reach, without links.
func sockets(in Input, s settings) (out []string, err error) {
	for _, key := range [...]string{socketsKey, dangerSocketsKey} {
		for _, item := range s.list(key) {
			path, problem := expand(item, in.UserHome)
			if problem == "" && !filepath.IsAbs(path) {
				problem = "is no absolute path"
			}
			if problem != "" {
				return nil, refuse("give an absolute path, or one with ~", "%s%s: %s %s", at(s.get(key).from), key, quote(item), problem)
			}
			real := canonicalOrClean(path)
			if problem := chosenByCommands(path, real, in); problem != "" {
				return nil, refuse("name a socket where no command may write, without links on the way", "%s%s: %s %s", at(s.get(key).from), key, quote(item), problem)
			}
			if why := dangerousSocket(path, real); key == socketsKey && why != "" {
				return nil, refuse(fmt.Sprintf("if a command may have that: %s = [%q]", dangerSocketsKey, item), "%s%s: %s %s", at(s.get(key).from), key, quote(item), why)
			}
			if !slices.Contains(out, real) {
				out = append(out, real)
			}
		}
	}
	return out, nil
}

// chosenByCommands says how a command of an earlier start could have chosen the socket that a
// path leads to: by a link, or by another socket under the name. "" for neither.
func chosenByCommands(path, real string, in Input) string {
	if in.EarlierRoots == nil {
		return ""
	}
	if problem := replaceable(path, in); problem != "" {
		return problem
	}
	for _, dir := range in.EarlierRoots(in.Home) {
		if contains(dir, real) {
			return fmt.Sprintf("lies in %s, where commands may write", quote(dir))
		}
	}
	return ""
}

// dangerous lists sockets whose servers do what they are asked with other rights than a
// command's: whoever reaches them is out of the sandbox.
var dangerous = []struct{ pattern, why string }{
	{"docker*.sock", rootSocket}, {"podman*.sock", "starts containers with your files"}, {"containerd*", rootSocket}, {"crio.sock", rootSocket}, {"buildkitd.sock", rootSocket},
	{"libvirt*", rootSocket}, {"unix.socket", rootSocket}, {"snapd*.socket", rootSocket}, {"system_bus_socket", "is the bus of the system, whose services run as root"},
	{"bus", "is the bus of your session, which starts programs as you"}, {"private", "starts services of systemd"}, {"io.systemd.*", "starts services of systemd"},
	{"X[0-9]*", "is your screen: whoever reaches it types for you"}, {"wayland-*", "is your screen"}, {"vscode-*.sock", "is your editor, which starts programs as you"},
	{"tmux-*", "is a terminal of yours"}, {"kitty*", "is a terminal of yours"}, {"S.*", "is a terminal of yours, or an agent with all keys"},
}

const rootSocket = "gives whoever reaches it the rights of root"

// dangerousSocket says why a socket is no socket for commands, "" for others. A socket counts
// by the names that lead to it, and by the folder of its real name.
func dangerousSocket(named, real string) string {
	for _, name := range [...]string{filepath.Base(named), filepath.Base(real), filepath.Base(filepath.Dir(real))} {
		for _, d := range dangerous {
			if ok, _ := filepath.Match(d.pattern, name); ok { // the patterns are well-formed
				return d.why
			}
		}
	}
	return ""
}
