package usage

import (
	"slices"
	"sync"
)

// policyFlags choose the policy.
var policyFlags = [...]Flag{
	{"sandbox", "MODE", "read-only: nothing is writable; workspace-write: DIR, and a private /tmp and TMPDIR (default); danger-full-access: no restrictions, and the record says so"},
	{"C", "DIR", "the workspace, and the command's working directory (default: here)"},
	{"c", "KEY=VALUE", "set a key of config.toml for once; may be repeated"},
	{"profile", "NAME", "lay [profiles.NAME] of config.toml, or NAME.config.toml, over the rest"},
}

// modelFlags choose the model of a session.
var modelFlags = [...]Flag{
	{"m", "MODEL", "the model to ask"},
	{"provider", "NAME", "the provider to ask: openai, ollama, lmstudio, or a table [model_providers.NAME]"},
	{"oss", "", "ask a model server on this machine (ports 11434, 1234 and 8080 are tried)"},
}

func with(more []Flag, lists ...[]Flag) []Flag { return slices.Concat(slices.Concat(lists...), more) }

func jsonAs(what string) Flag { return Flag{"json", "", "as " + what} }

// All returns the commands in the order of help. The table is made when somebody asks: a
// start does not pay for it.
var All = sync.OnceValue(func() []Command {
	return []Command{
		{Name: "", Args: "[PROMPT]", Does: "a session with a model, on the screen",
			Flags: with([]Flag{
				{"plain", "", "no cursor movement: lines alone"},
				{"trust", "", "have AGENTS.md of this repository read to the model, now and later"},
			}, modelFlags[:], policyFlags[:])},
		{Name: "exec", Args: "PROMPT|-", Does: "one task for a model, without a screen",
			Flags: with([]Flag{
				{"json", "", "events as lines of JSON on standard output"},
				{"o", "FILE", "write the model's last message to FILE"},
				{"output-schema", "FILE", "the last message must be JSON that fits this JSON schema"},
				{"trust", "", "have AGENTS.md of this repository read to the model, now and later"},
			}, modelFlags[:], policyFlags[:]),
			More:  "lockstile exec resume ID|--last PROMPT goes on with a session.",
			Exits: []Exit{{"1", "the turn failed"}, {"3", "an approval is needed"}, {"126", "the gate refused the first command"}, {"130", "interrupted"}}},
		{Name: "resume", Args: "[ID]", Does: "go on with a session",
			Flags: with([]Flag{{"last", "", "the last session of this folder"}}, modelFlags[:], policyFlags[:])},
		{Name: "run", Args: "-- CMD [ARG...]", Does: "start a command inside the sandbox",
			Flags: with([]Flag{
				{"tty", "", "give the command a terminal; --tty=false: pipes (default: a terminal when stdin, stdout and stderr are one)"},
				{"join", "NAME", "share a loopback with other commands of the same NAME, with the network off"},
				{"json", "", "say a refusal, and the exit code, as a JSON object on stderr"},
			}, policyFlags[:]),
			Exits: []Exit{{"N", "the command's own"}, {"128+N", "signal N ended the command"}, {"125", "the command ran, and a name that programs of the host trust could not be taken back"}, {"126", "refused, nothing ran"}, {"127", "no such command"}},
			Tries: [][2]string{{"lockstile run -- ls -la", "in the sandbox, here"}, {"lockstile run -- bash -c 'id | wc -c'", "a line for a shell"}, {"lockstile run --sandbox read-only -- git status", "nothing can be written"}, {"lockstile run -c sandbox_workspace_write.network_access=true -- npm ci", "with the network"}}},
		{Name: "config", Does: "show each setting, and where it came from",
			Flags: with([]Flag{jsonAs("a JSON list")}, modelFlags[:], policyFlags[:])},
		{Name: "doctor", Does: "say what this machine can enforce",
			Flags: with([]Flag{
				{"residuals", "", "list what no machine of this kind holds"},
				{"seccomp-profile", "", "print a seccomp profile for container engines, and nothing else (docs/containers.md)"},
				{"apparmor-profile", "", "print an AppArmor profile for Ubuntu 24.04, and nothing else"},
				jsonAs("a JSON list"),
			}, policyFlags[1:]),
			More:  "DIR is the folder in which whole starts are tried.",
			Exits: []Exit{{"1", "something does not hold"}}},
		{Name: "explain", Args: "start|run|read|write|connect|env ...", Does: "say what a command may do, and by which rule"},
		{Name: "explain start", Args: "[-- CMD [ARG...]]", Does: "show a start as it would happen",
			Flags: with([]Flag{
				{"steps", "", "each step, and each proof"},
				{"time", "", "make the processes several times, let none of them go on, and say what took how long"},
				jsonAs("a JSON object, with each step"),
			}, policyFlags[:])},
		{Name: "explain run", Args: "-- CMD [ARG...]", Does: "say whether a command line would start",
			Flags: with([]Flag{jsonAs("a JSON object")}, policyFlags[:]), Exits: answers},
		{Name: "explain read", Args: "PATH", Does: "say whether a command may read a path",
			Flags: with([]Flag{jsonAs("a JSON object")}, policyFlags[:]), Exits: answers},
		{Name: "explain write", Args: "PATH", Does: "say whether a command may write a path",
			Flags: with([]Flag{jsonAs("a JSON object")}, policyFlags[:]), Exits: answers},
		{Name: "explain connect", Args: "HOST:PORT", Does: "say whether a command may connect",
			Flags: with([]Flag{jsonAs("a JSON object")}, policyFlags[:]), Exits: answers},
		{Name: "explain env", Args: "NAME", Does: "say whether a command gets a variable",
			Flags: with([]Flag{jsonAs("a JSON object")}, policyFlags[:]), Exits: answers},
		{Name: "git", Args: "undo ...", Does: "put refs of git back"},
		{Name: "git undo", Args: "SEQ", Does: "put the refs back as they were before a start",
			Flags: []Flag{{"yes", "", "don't ask"}, {"json", "", "as JSON, which implies --yes"}},
			More:  "SEQ is the number of the start in the log (lockstile log).", Exits: []Exit{{"1", "a ref stays"}}},
		{Name: "init", Does: "write config.toml: defaults, or another sandbox's",
			Flags: []Flag{
				{"from", "TOOL PATH", "carry the settings of codex, claude, srt or nono over, and report each line"},
				{"print", "", "print the file on stdout, and write nothing"},
				{"force", "", "replace the config.toml that is there"},
			},
			Exits: []Exit{{"1", "a config.toml is there, and the difference is shown"}, {"126", "refused"}}},
		{Name: "log", Does: "show the last starts, ends and refusals",
			Flags: []Flag{
				{"n", "N", "how many of the last lines (default: 20)"},
				{"f", "", "go on with new lines, until ^C"},
				{"since", "WHEN", "only lines since then: 10m, 2h, 3d, 2026-11-30, or 2026-11-30T09:00:00Z"},
				{"denied", "", "only refusals, names taken back, and other denials"},
				{"network", "", "only decisions about servers ([network] of config.toml)"},
				{"json", "", "the lines as they are"},
			}},
		{Name: "log verify", Does: "check the log: no line changed, removed or swapped",
			Flags: []Flag{jsonAs("a JSON object")}, Exits: []Exit{{"1", "the log does not hold"}}},
		{Name: "caches", Does: "list the private caches of all workspaces",
			Flags: []Flag{{"size", "", "measure the caches as well"}, jsonAs("a JSON list")}},
		{Name: "caches clear", Args: "[WORKSPACE]", Does: "remove the private caches of a workspace", More: "WORKSPACE is this folder if it is not given.",
			Flags: []Flag{{"all", "", "the caches of every workspace"}}, Exits: []Exit{{"1", "a command uses the caches"}}},
		{Name: "takeback", Does: "list what was taken back from commands",
			Flags: []Flag{jsonAs("a JSON list")},
			More:  "Programs of this machine trust the names of the list. What waits longer than 30 days is removed."},
		{Name: "takeback restore", Args: "NAME", Does: "put what was taken back where it was",
			More: "NAME is a name or a path of the list. From then on the file is yours, and pinned."},
		{Name: "takeback clear", Does: "remove what was taken back, for good",
			Flags: []Flag{{"older", "AGE", "only what is older, such as 24h (default: everything)"}, {"yes", "", "don't ask"}}},
		{Name: "connect", Args: "HOST PORT", Does: "join stdin and stdout with a server, inside",
			More: "For programs that take a command in place of a proxy: ssh -o ProxyCommand='lockstile connect %h %p'.", Exits: []Exit{{"1", "the server may not or can't be reached"}}},
		{Name: "mcp", Does: "serve the tools to an MCP client", Flags: policyFlags[:],
			More: "The tools are exec_command and write_stdin, or shell where features.unified_exec is off."},
		{Name: "setup", Does: "prepare Windows for windows.sandbox = \"elevated\"",
			Flags: []Flag{
				{"check", "", "look at each thing, and change nothing"},
				{"remove", "", "take everything away, and what starts added to access lists"},
				jsonAs("a JSON object"),
			},
			More:  "Makes accounts that commands run as, their passwords, and filters that keep one off the network: once, with an administrator's rights, which it asks for.",
			Exits: []Exit{{"1", "something is not there (with --remove: not gone)"}}},
		{Name: "completion", Args: "bash|zsh|fish|powershell", Does: "print the completion for a shell",
			Tries: [][2]string{
				{`. <(lockstile completion bash)`, "in ~/.bashrc"},
				{`lockstile completion zsh > "${fpath[1]}/_lockstile"`, "once"},
				{`lockstile completion fish > ~/.config/fish/completions/lockstile.fish`, "once"},
				{`lockstile completion powershell | Out-String | Invoke-Expression`, "in $PROFILE"},
			}},
		{Name: "man", Args: "[DIR]", Does: "print the man page, or write all pages to DIR",
			Tries: [][2]string{{"lockstile man | man -l -", "read it"}, {"lockstile man ~/.local/share/man/man1", "install the pages"}}},
		{Name: "version", Does: "say which version this is"},
		{Name: "help", Args: "[COMMAND]", Does: "list the commands, or explain one"},
	}
})

// answers are the exit codes of a question.
var answers = []Exit{{"1", "denied"}, {"126", "refused"}}
