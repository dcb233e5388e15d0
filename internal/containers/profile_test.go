package containers

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

type readProfile struct {
	DefaultAction   string
	DefaultErrnoRet int
	Architectures   []string
	Syscalls        []rule
}

func read(t *testing.T, arch string) readProfile {
	t.Helper()
	text, err := SeccompProfile(arch)
	if err != nil {
		t.Fatal(err)
	}
	var p readProfile
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return p
}

// TestProfileDenies checks that the profile allows by name alone, each name once, and none
// of the calls that no ordinary container has.
func TestProfileDenies(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		p := read(t, arch)
		if p.DefaultAction != "SCMP_ACT_ERRNO" || p.DefaultErrnoRet != 1 || len(p.Architectures) < 2 {
			t.Errorf("%s: %+v", arch, p)
		}
		seen := map[string]bool{}
		for _, r := range p.Syscalls {
			if r.Action != "SCMP_ACT_ALLOW" || len(r.Names) == 0 {
				t.Errorf("%+v", r)
			}
			for _, name := range r.Names {
				if seen[name] && len(r.Args) == 0 {
					t.Errorf("%s is there twice", name)
				}
				seen[name] = true
			}
		}
		for _, name := range strings.Fields("add_key keyctl request_key bpf perf_event_open userfaultfd io_uring_setup init_module finit_module delete_module kexec_load kexec_file_load reboot " +
			"open_by_handle_at swapon swapoff acct settimeofday clock_settime syslog quotactl iopl ioperm umount2 pivot_root fsopen sethostname move_pages kcmp lookup_dcookie") {
			if seen[name] {
				t.Errorf("%s: %s is allowed", arch, name)
			}
		}
	}
	if text, err := SeccompProfile("mips"); err == nil {
		t.Errorf("a profile for an unknown processor: %s", text)
	}
}

// TestProfileAddsLittle pins the calls beyond an ordinary container's: each is more for
// every process of the container.
func TestProfileAddsLittle(t *testing.T) {
	var more []string
	for _, g := range forStarts {
		more = append(more, strings.Fields(g.calls)...)
		if g.why == "" {
			t.Errorf("no reason for %s", g.calls)
		}
	}
	slices.Sort(more)
	if got := strings.Join(more, " "); got != "clone clone3 mount mount_setattr move_mount open_tree pidfd_getfd setns unshare" {
		t.Errorf("%s", got)
	}
}

// TestProfileFilters checks the calls that depend on an argument.
func TestProfileFilters(t *testing.T) {
	holds := map[string]func(a, b uint64) bool{
		"SCMP_CMP_LT": func(a, b uint64) bool { return a < b },
		"SCMP_CMP_EQ": func(a, b uint64) bool { return a == b },
		"SCMP_CMP_GT": func(a, b uint64) bool { return a > b },
	}
	allows := func(call string, value uint64) bool {
		return slices.ContainsFunc(read(t, "amd64").Syscalls, func(r rule) bool {
			return r.Names[0] == call && len(r.Args) == 1 && holds[r.Args[0].Op](value, r.Args[0].Value)
		})
	}
	const afUnix, afInet, afNetlink, afALG, afNFC, afVsock, afXDP = 1, 2, 16, 38, 39, 40, 44
	for _, c := range []struct {
		call  string
		value uint64
		want  bool
	}{
		{"socket", afUnix, true}, {"socket", afInet, true}, {"socket", afNetlink, true}, {"socket", afNFC, true}, {"socket", afXDP, true}, {"socket", afALG, false}, {"socket", afVsock, false},
		{"personality", 0, true}, {"personality", 0xffffffff, true}, {"personality", 0x20008, true}, {"personality", 0x0040000, false}, {"personality", 1, false},
	} {
		if got := allows(c.call, c.value); got != c.want {
			t.Errorf("%s(%d): %v", c.call, c.value, got)
		}
	}
}
