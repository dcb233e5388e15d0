package containers

import (
	"strings"
	"testing"
)

// The capabilities of root in a container of Docker, and with all but CAP_SETFCAP.
const (
	dockerCaps  = "00000000a80425fb"
	withoutFcap = "000001ff7fffffff"
)

// made is a made-up machine: the content of files.
type made map[string]string

func (m made) place(uid int, env ...string) Place {
	return Find(Signs{UID: uid, Read: func(file string) (string, bool) { text, there := m[file]; return text, there },
		Env: func(name string) string {
			for _, e := range env {
				if value, ok := strings.CutPrefix(e, name+"="); ok {
					return value
				}
			}
			return ""
		}})
}

func status(seccomp, caps string) string {
	return "Name:\tlockstile\nCapEff:\t" + caps + "\nSeccomp:\t" + seccomp + "\nSeccomp_filters:\t1\n"
}

const (
	plainProc   = "24 1 0:22 / / rw - overlay overlay rw\n25 24 0:23 / /proc rw,nosuid - proc proc rw\n26 25 0:30 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n"
	maskedProc  = plainProc + "27 25 0:23 /bus /proc/bus ro,nosuid - proc proc rw\n"
	userns      = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
	label       = "/proc/self/attr/apparmor/current"
	cloneSwitch = "/proc/sys/kernel/unprivileged_userns_clone"
	most        = "/proc/sys/user/max_user_namespaces"
)

// TestMendsByPlace checks, on made-up machines, the place and the line that mends there.
func TestMendsByPlace(t *testing.T) {
	filtered := status("2", dockerCaps)
	for _, c := range []struct {
		name     string
		files    made
		env      []string
		uid      int
		where    string
		mend     []string // parts of the mend
		never    []string
		unmasked string // part of the mend for /proc
	}{
		{"docker", made{"/.dockerenv": "", "/proc/self/status": filtered, "/proc/self/mountinfo": maskedProc}, nil, 0,
			"Docker, with a seccomp filter, parts of /proc masked", []string{"docker run --security-opt seccomp=lockstile.json …", "doctor --seccomp-profile"},
			[]string{"apparmor", "SETFCAP", "sysctl", "unconfined"}, "docker run --security-opt systempaths=unconfined …"},
		{"docker of cgroup version 1 without its file", made{"/proc/1/cgroup": "9:pids:/docker/0123\n", "/proc/self/status": filtered}, nil, 1000,
			"Docker, with a seccomp filter", []string{"docker run --security-opt seccomp=lockstile.json …"}, []string{"SETFCAP"}, "systempaths"},
		{"docker on Ubuntu", made{"/.dockerenv": "", "/proc/self/status": filtered, label: "docker-default (enforce)\n", userns: "1\n"}, nil, 0,
			"Docker, with a seccomp filter, the AppArmor profile docker-default", []string{"docker run --security-opt seccomp=lockstile.json --security-opt apparmor=lockstile …", "doctor --apparmor-profile"},
			[]string{"sysctl"}, "systempaths"},
		{"docker on Ubuntu without AppArmor", made{"/.dockerenv": "", "/proc/self/status": status("0", dockerCaps), label: "unconfined\n", userns: "1\n"}, nil, 0,
			"Docker, with AppArmor's limit on user namespaces", []string{"docker run --security-opt apparmor=lockstile …"}, []string{"seccomp=", "sysctl"}, "systempaths"},
		{"docker that limits nothing", made{"/.dockerenv": "", "/proc/self/status": status("0", dockerCaps)}, nil, 0,
			"Docker, with nothing known that limits a start", []string{"allow user namespaces"}, []string{"docker run"}, "systempaths"},
		{"docker with our profiles", made{"/.dockerenv": "", "/proc/self/status": filtered, label: "lockstile (unconfined)\n", userns: "1\n"}, nil, 0,
			"Docker, with a seccomp filter, the AppArmor profile lockstile", []string{"seccomp=lockstile.json …"}, []string{"apparmor="}, "systempaths"},
		{"docker without capabilities", made{"/.dockerenv": "", "/proc/self/status": status("2", "0000000000000000")}, nil, 0,
			"Docker, with a seccomp filter, root without CAP_SETFCAP", []string{"--security-opt seccomp=lockstile.json --cap-add SETFCAP …"}, nil, "systempaths"},
		{"docker as a user without capabilities", made{"/.dockerenv": "", "/proc/self/status": status("2", "0000000000000000")}, nil, 1000,
			"Docker, with a seccomp filter", nil, []string{"SETFCAP"}, "systempaths"},
		{"docker on a host that forbids", made{"/.dockerenv": "", "/proc/self/status": filtered, cloneSwitch: "0\n"}, nil, 1000,
			"Docker, with a seccomp filter", []string{"on the container's host", "kernel.unprivileged_userns_clone=1"}, []string{"docker run"}, "systempaths"},
		{"podman", made{"/run/.containerenv": "engine=\"podman-4.3.1\"\n", "/.dockerenv": "", "/proc/self/status": filtered, "/proc/self/mountinfo": maskedProc}, nil, 0,
			"podman, with a seccomp filter, parts of /proc masked", []string{"podman run --security-opt seccomp=lockstile.json …"}, []string{"docker"}, "podman run --security-opt unmask=ALL …"},
		{"podman by the first process", made{"/proc/1/environ": "PATH=/bin\x00container=podman\x00", "/proc/self/status": status("0", withoutFcap)}, nil, 0,
			"podman, with root without CAP_SETFCAP", []string{"podman run --cap-add SETFCAP …"}, []string{"seccomp", "; ", "docker"}, "unmask=ALL"},
		{"kubernetes", made{"/.dockerenv": "", "/proc/self/status": filtered}, []string{"KUBERNETES_SERVICE_HOST=10.0.0.1"}, 0,
			"Kubernetes, with a seccomp filter", []string{"securityContext: seccompProfile: {type: Localhost, localhostProfile: lockstile.json}", "on each node"}, []string{"docker run"}, "procMount: Unmasked"},
		{"kubernetes by the cgroup, with AppArmor", made{"/proc/1/cgroup": "0::/kubepods.slice/x\n", "/proc/self/status": filtered, label: "cri-containerd.apparmor.d (enforce)"}, nil, 0,
			"Kubernetes, with a seccomp filter, the AppArmor profile cri-containerd.apparmor.d", []string{"lockstile.json}, appArmorProfile: {type: Localhost, localhostProfile: lockstile}"}, nil, "hostUsers: false"},
		{"another engine", made{"/proc/self/status": filtered}, []string{"container=lxc"}, 0,
			"another engine, with a seccomp filter", []string{"the like of docker run --security-opt seccomp="}, nil, "nothing is mounted below /proc"},
		{"ubuntu host", made{"/proc/self/status": status("0", "0000000000000000"), userns: "1\n", label: "unconfined\n", "/proc/self/mountinfo": plainProc, cloneSwitch: "1\n", most: "96000\n"}, nil, 1000,
			"AppArmor's limit on user namespaces", []string{"doctor --apparmor-profile", "apparmor_parser", "/etc/apparmor.d/lockstile"}, []string{"docker", "sysctl"}, "nothing is mounted"},
		{"debian that forbids", made{cloneSwitch: "0\n"}, nil, 1000, "", []string{"sudo sysctl kernel.unprivileged_userns_clone=1"}, []string{"container"}, ""},
		{"none left", made{most: "0\n"}, nil, 1000, "", []string{"user.max_user_namespaces=10000"}, nil, ""},
		{"a filter on a host", made{"/proc/self/status": filtered}, nil, 1000, "a seccomp filter", []string{"outside of the program"}, []string{"docker"}, ""},
		{"nothing known", made{}, nil, 1000, "", []string{"allow user namespaces", "seccomp profile"}, nil, ""},
	} {
		p := c.files.place(c.uid, c.env...)
		if got := p.String(); got != c.where {
			t.Errorf("%s: %q, want %q", c.name, got, c.where)
		}
		mend := p.AllowNamespaces()
		for _, part := range c.mend {
			if !strings.Contains(mend, part) {
				t.Errorf("%s: no %q in %q", c.name, part, mend)
			}
		}
		for _, part := range c.never {
			if strings.Contains(mend, part) {
				t.Errorf("%s: %q in %q", c.name, part, mend)
			}
		}
		if unmask := p.UnmaskProc(); !strings.Contains(unmask, c.unmasked) {
			t.Errorf("%s: %q", c.name, unmask)
		}
	}
}

// TestAppArmorProfile checks that a folder stays one literal path in the profile.
func TestAppArmorProfile(t *testing.T) {
	text := AppArmorProfile(`/opt/a b/{x}*"/`)
	for _, part := range []string{`profile lockstile "/opt/a b/\{x\}\*\"/lockstile{,-agent,-mcp}" flags=(unconfined) {`, "\n  userns,\n", "abi <abi/4.0>,"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %s in\n%s", part, text)
		}
	}
}
