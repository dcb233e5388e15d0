package containers

import "strings"

// Engine is the kind of what runs a container, as far as a mend depends on it.
type Engine string

// The engines.
const (
	None       Engine = "" // no container
	Docker     Engine = "docker"
	Podman     Engine = "podman"
	Kubernetes Engine = "kubernetes"
	Other      Engine = "another engine"
)

// Place is where this program runs, as far as a start depends on the place. The zero value
// is a host that forbids nothing known.
type Place struct {
	Engine     Engine
	Filtered   bool   // a seccomp filter stands in front of this program
	Masked     bool   // parts of /proc are masked
	AppArmor   string // the profile that confines this program, "" for none
	Restricted bool   // kernel.apparmor_restrict_unprivileged_userns: new user namespaces have no capabilities
	Forbidden  bool   // kernel.unprivileged_userns_clone is 0
	NoneLeft   bool   // user.max_user_namespaces is 0
	RootMapped bool   // this program is root without CAP_SETFCAP, and can't map itself (user_namespaces(7))
}

// Signs are what a place is read from.
type Signs struct {
	Read func(file string) (text string, there bool)
	Env  func(name string) string
	UID  int
}

// Find reads the signs of a place.
func Find(s Signs) Place {
	text := func(file string) string {
		t, _ := s.Read(file)
		return t
	}
	status := text("/proc/self/status")
	p := Place{
		Engine:     s.engine(),
		Filtered:   field(status, "Seccomp") == "2",
		Masked:     masked(text("/proc/self/mountinfo")),
		AppArmor:   confinedBy(text("/proc/self/attr/apparmor/current")),
		Restricted: number(text("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")) == "1",
		Forbidden:  number(text("/proc/sys/kernel/unprivileged_userns_clone")) == "0",
		NoneLeft:   number(text("/proc/sys/user/max_user_namespaces")) == "0",
	}
	p.RootMapped = s.UID == 0 && lacksSetfcap(field(status, "CapEff"))
	return p
}

// engine prefers the sign that only one engine leaves. A pod may run on Docker or podman.
func (s Signs) engine() Engine {
	has := func(file string) bool {
		_, there := s.Read(file)
		return there
	}
	cgroup, _ := s.Read("/proc/1/cgroup")
	first, _ := s.Read("/proc/1/environ") // ours alone, or root's to read
	given := s.Env("container")
	for variable := range strings.SplitSeq(first, "\x00") {
		if value, ok := strings.CutPrefix(variable, "container="); ok {
			given = value
		}
	}
	switch {
	case s.Env("KUBERNETES_SERVICE_HOST") != "", strings.Contains(cgroup, "kubepods"), has("/var/run/secrets/kubernetes.io/serviceaccount/namespace"):
		return Kubernetes
	case has("/run/.containerenv"), given == "podman":
		return Podman
	case has("/.dockerenv"), given == "docker", strings.Contains(cgroup, "/docker/"), strings.Contains(cgroup, "/docker-"):
		return Docker
	case given != "", strings.Contains(cgroup, "/lxc/"), strings.Contains(cgroup, "/containerd"), strings.Contains(cgroup, "/libpod"):
		return Other
	}
	return None
}

// field returns the value of a line of /proc/PID/status.
func field(status, name string) string {
	for line := range strings.Lines(status) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func number(text string) string { return strings.TrimSpace(text) }

// lacksSetfcap reports whether a capability set, as /proc/PID/status writes it, is known
// and lacks CAP_SETFCAP, number 31: the lowest bit of the eighth digit from the right has
// the value 8.
func lacksSetfcap(set string) bool {
	const digit = 8
	if len(set) < digit {
		return false
	}
	return !strings.ContainsRune("89abcdef", rune(set[len(set)-digit]))
}

// confinedBy returns the name in a label of AppArmor, "" if nothing confines.
func confinedBy(label string) string {
	name, _, _ := strings.Cut(strings.TrimRight(label, "\x00\n"), " (")
	if name == "unconfined" {
		return ""
	}
	return name
}

// masked reports whether a mount lies below /proc: the kernel then mounts no other /proc in
// a user namespace (mount_namespaces(7)). The one exception is a folder that the kernel
// keeps empty.
func masked(mountinfo string) bool {
	const point = 4 // the field with the mount point (proc_pid_mountinfo(5))
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		if len(fields) > point && strings.HasPrefix(fields[point], "/proc/") && fields[point] != "/proc/sys/fs/binfmt_misc" {
			return true
		}
	}
	return false
}

// String describes the place for people, "" for a host that forbids nothing known.
func (p Place) String() string {
	var facts []string
	say := func(holds bool, fact string) {
		if holds {
			facts = append(facts, fact)
		}
	}
	say(p.Filtered, "a seccomp filter")
	say(p.Masked, "parts of /proc masked")
	say(p.AppArmor != "", "the AppArmor profile "+p.AppArmor)
	say(p.AppArmor == "" && p.Restricted, "AppArmor's limit on user namespaces")
	say(p.RootMapped, "root without CAP_SETFCAP")
	where := map[Engine]string{Docker: "Docker", Podman: "podman", Kubernetes: "Kubernetes", Other: "another engine"}[p.Engine]
	switch {
	case where == "":
		return strings.Join(facts, ", ")
	case len(facts) == 0:
		return where + ", with nothing known that limits a start"
	}
	return where + ", with " + strings.Join(facts, ", ")
}
