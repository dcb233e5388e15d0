package containers

import "strings"

// The options of docker and podman, and the lines of a pod, that remove an obstacle.
// scripts/container-tests.sh tries the options of both engines.
const (
	seccompOption  = "--security-opt seccomp=lockstile.json"
	apparmorOption = "--security-opt apparmor=lockstile"
	setfcapOption  = "--cap-add SETFCAP"

	seccompLine  = "seccompProfile: {type: Localhost, localhostProfile: lockstile.json}"
	apparmorLine = "appArmorProfile: {type: Localhost, localhostProfile: lockstile}"
	setfcapLine  = "capabilities: {add: [SETFCAP]}"
	procLine     = "procMount: Unmasked"
)

// The origin of the files in the lines.
const (
	seccompFile  = "lockstile doctor --seccomp-profile prints lockstile.json"
	apparmorFile = "lockstile doctor --apparmor-profile prints the AppArmor profile for the host"
	seeContainer = " (docs/containers.md)"
)

// LoadAppArmor are the lines that give a program of the host capabilities in user
// namespaces.
const LoadAppArmor = "lockstile doctor --apparmor-profile | sudo tee /etc/apparmor.d/lockstile && sudo apparmor_parser -r /etc/apparmor.d/lockstile"

// AllowNamespaces returns the mend for a place where a start can't have user namespaces, or
// has no capabilities in its user namespace.
func (p Place) AllowNamespaces() string {
	host := ""
	if p.Engine != None {
		host = ", on the container's host"
	}
	switch {
	case p.Forbidden: // no option of an engine helps here
		return "allow user namespaces" + host + ": sudo sysctl kernel.unprivileged_userns_clone=1"
	case p.NoneLeft:
		return "allow user namespaces" + host + ": sudo sysctl user.max_user_namespaces=10000"
	case p.Engine != None && p.limited():
		return p.start() + seeContainer
	case p.Restricted:
		return "let lockstile alone have user namespaces: " + LoadAppArmor + seeContainer
	case p.Filtered:
		return "start lockstile outside of the program whose seccomp filter stands in front of it"
	}
	return "allow user namespaces: sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns; in a container the engine's seccomp profile" + seeContainer
}

// limited reports whether the engine limits this program in a known way.
func (p Place) limited() bool { return p.Filtered || p.mediated() || p.RootMapped }

// mediated reports whether AppArmor may keep this program from namespaces or mounts.
func (p Place) mediated() bool {
	return p.AppArmor != "" && p.AppArmor != ownProfile || p.AppArmor == "" && p.Restricted
}

// ownProfile is the name of the profile that AppArmorProfile returns.
const ownProfile = "lockstile"

// start returns the line that starts the container without the known limits.
func (p Place) start() string {
	options, lines, files := p.needs()
	from := "; " + strings.Join(files, "; ")
	if len(files) == 0 {
		from = ""
	}
	switch p.Engine {
	case Docker, Podman:
		return string(p.Engine) + " run " + strings.Join(options, " ") + " …" + from
	case Kubernetes:
		return "in the container's securityContext: " + strings.Join(lines, ", ") + from + "; the files lie on each node"
	}
	return "start the container with the like of docker run " + strings.Join(options, " ") + " …" + from
}

// needs lists what removes the known limits, and where the files come from.
func (p Place) needs() (options, lines, files []string) {
	if p.Filtered {
		options, lines, files = append(options, seccompOption), append(lines, seccompLine), append(files, seccompFile)
	}
	if p.mediated() {
		options, lines, files = append(options, apparmorOption), append(lines, apparmorLine), append(files, apparmorFile)
	}
	if p.RootMapped {
		options, lines = append(options, setfcapOption), append(lines, setfcapLine)
	}
	return options, lines, files
}

// UnmaskProc returns the mend for a place where no fresh /proc can be mounted. Without the
// masks, root of a container may change the machine through /proc: the mend is for other
// users.
func (p Place) UnmaskProc() string {
	const why = "a start works without, and its commands see the names of the container's processes; where the container's user is not root: "
	switch p.Engine {
	case Podman:
		return why + "podman run --security-opt unmask=ALL …"
	case Kubernetes:
		return procLine + " in the container's securityContext, with hostUsers: false in the pod; a start works without, and its commands see the names of the container's processes"
	case Docker:
		return why + "docker run --security-opt systempaths=unconfined …"
	}
	return "start where nothing is mounted below /proc (docker run --security-opt systempaths=unconfined …)"
}
