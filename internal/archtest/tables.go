package archtest

// Lockstile returns the tables of this module. Widen one only with a reason
// that belongs in docs/decisions, never to mend a build.
func Lockstile() Tables {
	return Tables{
		Order: []Row{
			{"refusal", ""},
			{"policy", ""},
			{"cmd/lockstile", "internal/cli"},
			{"internal/archtest", ""},
			{"internal/audit", "refusal"},
			{"internal/cli", ""},
			{"internal/config", "policy refusal"},
			{"internal/pty", ""},
		},
		Dependencies: []Dependency{
			{"golang.org/x/sys", StartsCan, "internal/audit internal/pty",
				"the system calls themselves; each name that can start a process is forbidden on its own"},
			{"github.com/pelletier/go-toml/v2", StartsNever, "internal/config",
				"parses text"},
			{"go.uber.org/goleak", StartsNever, "", "watches goroutines in tests"},
			{"pgregory.net/rapid", StartsNever, "", "makes up inputs in tests"},
			{"charm.land/bubbletea", StartsCan, "", "Exec and ExecProcess run a command in place of the screen"},
			{"github.com/charmbracelet/bubbletea", StartsCan, "", "Exec and ExecProcess run a command in place of the screen"},
			{"github.com/modelcontextprotocol/go-sdk", StartsCan, "", "CommandTransport starts a server"},
			{"github.com/mark3labs/mcp-go", StartsCan, "", "its stdio client starts a server"},
			{"github.com/creack/pty", StartsCan, "", "Start runs a command on a new terminal"},
			{"github.com/aymanbagabas/go-pty", StartsCan, "", "starts commands on a terminal"},
			{"github.com/UserExistsError/conpty", StartsCan, "", "Start creates a process on a pseudo console"},
			{"github.com/Microsoft/hcsshim", StartsCan, "", "creates processes in Windows containers and on the host"},
			{"github.com/opencontainers/runc", StartsCan, "", "libcontainer starts containers"},
			{"github.com/moby/sys/reexec", StartsCan, "", "starts its own binary again"},
			{"mvdan.cc/sh", StartsCan, "", "interp runs shell scripts"},
			{"github.com/rogpeppe/go-internal", StartsCan, "", "testscript runs commands; for tests only"},
			{"golang.org/x/tools", StartsCan, "", "go/packages runs the go command"},
		},
		Exceptions: []Exception{
			{"internal/pty/files_linux.go", ruleRawSyscall, "asks kcmp(2) whether two descriptors are one; x/sys has no function for it"},
		},
	}
}
