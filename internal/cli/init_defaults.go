package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
)

// meanings has a line about each key, for a new config.toml.
var meanings = map[string]string{
	"sandbox_mode":                                     "read-only, workspace-write or danger-full-access",
	"approval_policy":                                  "when an agent's tools ask: untrusted, on-request or never",
	"sandbox_workspace_write.network_access":           "the host's network, in workspace-write",
	"sandbox_workspace_write.writable_roots":           "more folders that commands may write",
	"sandbox_workspace_write.create":                   "make writable roots that are not there yet",
	"sandbox_workspace_write.dangerous_system_folders": "folders like /etc that commands may write all the same",
	"sandbox_workspace_write.exclude_slash_tmp":        "no private /tmp that can be written",
	"sandbox_workspace_write.exclude_tmpdir_env_var":   "no private TMPDIR that can be written",
	"filesystem.deny_read":                             "what may not be read, beside the credential stores",
	"filesystem.allow_read":                            "exceptions from what may not be read",
	"windows.sandbox":                                  "elevated or unelevated",
	"features.unified_exec":                            "whether agents get the session tools",
	"shell_environment_policy.inherit":                 "your variables to begin with: all, core or none",
	"shell_environment_policy.ignore_default_excludes": "hand on variables that look like secrets",
	"shell_environment_policy.exclude":                 "names that are not handed on",
	"shell_environment_policy.include_only":            "when not empty, only these names are handed on",
	"shell_environment_policy.set":                     "variables that are always set",
	"limits.processes":                                 "processes and threads at a time; 0: 4096",
	"limits.memory_mb":                                 "memory, in MiB; 0: three quarters of the machine's",
	"limits.file_size_mb":                              "of each written file, in MiB; 0: as the caller has it",
	"limits.open_files":                                "of each process; 0: as the caller has it",
	"limits.cpu_seconds":                               "of each process; 0: as the caller has it",
	"limits.wall_seconds":                              "from the start to the end by force; 0: none",
	"trust.writable":                                   "protected names that commands may write, like \".vscode\"",
	"git.commit":                                       "whether commands may commit: auto, true or false",
	"caches.mode":                                      "private caches for build tools: private or off",
	"caches.max_mb":                                    "the room of the private caches of all workspaces, in MiB; 0: 10240",
	"network.allow":                                    "servers that commands reach by name, like \"registry.npmjs.org\" or \"127.0.0.1:5432\"",
	"network.deny":                                     "servers that they don't reach all the same",
	"network.private":                                  "names that may lead to addresses of a private network",
	"network.publish":                                  "ports inside that your browser reaches on 127.0.0.1, like \"3000\" or \"8080:80\"",
	"network.unix_sockets":                             "sockets of this machine that commands reach, like \"~/.ssh/agent.sock\"",
	"network.dangerous_unix_sockets":                   "the same, for sockets like docker's, by which a command gets out",
	"linux.without_namespaces":                         "give up protected names where user namespaces are missing: \"container is the boundary\"",
	"sessions.max":                                     "how many sessions are kept",
	"terminal.dangerous_escapes":                       "let output act on your terminal beyond drawing",
}

// sessionExamples has a line about each key of a session with a model. A value that has no
// default is an example.
var sessionExamples = [...]struct{ key, meaning, value string }{
	{"model", "the model of a session; none is chosen by itself", `"gpt-5.5"`},
	{"model_provider", "who is asked: openai, ollama, lmstudio or a table [model_providers.NAME]", `"openai"`},
	{"model_context_window", "how many tokens the model takes; 0: as is known about the model", "0"},
	{"model_reasoning_effort", "how long the model thinks; without the line as long as it likes", `"medium"`},
	{"openai_base_url", "the address of the provider openai", `"https://api.openai.com/v1"`},
	{"tui.notifications", "tell of the end of a long turn, and of questions", "true"},
}

// defaultsText writes each key with its default, as a comment.
func defaultsText(home string) (string, error) {
	dir, err := os.MkdirTemp("", "lockstile-init-")
	if err != nil {
		return "", unwritten(err)
	}
	defer os.Remove(dir)
	p, err := lockstile.LoadPolicyText(lockstile.Settings{Home: home, Dir: dir}, nil)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("# The settings of lockstile, each with its default or an example. docs/config.md says more.\n")
	for _, v := range p.Values {
		fmt.Fprintf(&b, "\n# %s\n# %s = %s\n", meanings[v.Key], v.Key, defaultOf(v))
	}
	for _, e := range sessionExamples {
		fmt.Fprintf(&b, "\n# %s\n# %s = %s\n", e.meaning, e.key, e.value)
	}
	return b.String(), nil
}

func defaultOf(v policy.Value) string {
	if v.Key == "shell_environment_policy.set" {
		return "{}"
	}
	return show(v.Value)
}
