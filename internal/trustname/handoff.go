package trustname

import (
	"strings"
	"sync"

	"github.com/lockstile/lockstile/internal/glob"
)

// handOffNames are names that a command may write, since builds and clones do, although a
// program on the host will later trust or run the files.
var handOffNames = [...]Name{
	{".git", false, "a new nested repository: git run inside it obeys its config and hooks"},
	{"HEAD", false, "a bare repository, when objects and refs lie beside it"},
	{gitModules, false, "tells git which submodules to update, and how"},
	{".gitattributes", false, "chooses filters and diff drivers"},
	{".gitconfig", false, "may be included from the user's own git configuration"},
	{".githooks", false, "a usual target of core.hooksPath"},
	{".pre-commit-config.yaml", false, "pre-commit runs it on commit"},
	{"lefthook.yml", false, "lefthook runs it on commit"},
	{".lefthook.yml", false, "lefthook runs it on commit"},
	{"lefthook-local.yml", false, "lefthook runs it on commit"},
	{".overcommit.yml", false, "overcommit runs it on commit"},

	{".mise.toml", false, "mise sets the shell's environment and tasks from it"},
	{"mise.toml", false, "mise sets the shell's environment and tasks from it"},
	{"mise.local.toml", false, "mise sets the shell's environment and tasks from it"},
	{".tool-versions", false, "chooses the tools that run"},
	{".env", false, "loaded into the environment by many tools"},
	{"devbox.json", false, "shell hooks"},
	{"flake.nix", false, "evaluated by nix develop and by direnv"},
	{"shell.nix", false, "evaluated by nix-shell and by direnv"},

	{".npmrc", false, "chooses registry and script shell of npm"},
	{".yarnrc", false, "chooses the yarn that runs"},
	{".yarnrc.yml", false, "chooses the yarn that runs, and its plugins"},
	{".pnpmfile.cjs", false, "code that pnpm runs on install"},
	{"bunfig.toml", false, "preloads code in bun"},
	{".cargo/config.toml", false, "runners, linkers and wrappers of cargo"},
	{".cargo/config", false, "runners, linkers and wrappers of cargo"},
	{"rust-toolchain.toml", false, "chooses the Rust tools that run"},
	{"rust-toolchain", false, "chooses the Rust tools that run"},
	{"pip.conf", false, "chooses the index of pip"},
	{"conftest.py", false, "pytest runs it on collection"},
	{"sitecustomize.py", false, "python runs it on start"},
	{"usercustomize.py", false, "python runs it on start"},
	{"*.pth", false, "python runs its import lines on start"},
	{"tools/bazel", false, "bazel starts it in its own place"},
	{".run", false, "run configurations of an editor start programs"},
	{".bazelrc", false, "options of bazel, which can name programs"},
	{"gradle-wrapper.properties", false, "chooses the gradle that is fetched and run"},
	{".mvn", false, "extensions and options of maven"},
	{".bundle/config", false, "options of bundler"},
	{".gdbinit", false, "gdb runs it"},
	{".lldbinit", false, "lldb runs it"},
	{".vimrc", false, "vim runs it where exrc is set"},
	{".exrc", false, "vi runs it where exrc is set"},
	{".nvim.lua", false, "neovim runs it where exrc is set"},
	{".dir-locals.el", false, "emacs evaluates it"},
	{"bin/activate", false, "a virtual environment's script that a shell sources"},
	{"bin/python", false, "a virtual environment's program that editors start"},

	{"AGENTS.md", false, "instructions that coding agents obey"},
	{"AGENTS.override.md", false, "instructions that coding agents obey"},
	{"CLAUDE.md", false, "instructions that coding agents obey"},
	{"CLAUDE.local.md", false, "instructions that coding agents obey"},
	{"GEMINI.md", false, "instructions that coding agents obey"},
	{".cursorrules", false, "instructions that coding agents obey"},
	{".cursor", false, "configuration of a coding agent"},
	{".gemini", false, "configuration of a coding agent"},
	{".opencode", false, "configuration and plugins of a coding agent"},
	{"opencode.json", false, "configuration of a coding agent, which names tool servers"},
	{".windsurf", false, "configuration and workflows of a coding agent"},
	{".kiro", false, "configuration and hooks of a coding agent"},
	{".amazonq", false, "configuration of a coding agent"},
	{".clinerules", false, "instructions that coding agents obey"},
	{".windsurfrules", false, "instructions that coding agents obey"},
	{"copilot-instructions.md", false, "instructions that coding agents obey"},
	{".aider.conf.yml", false, "options of a coding agent, which can name programs"},
	{".continue", false, "configuration of a coding agent"},
	{".roo", false, "configuration of a coding agent"},
	{".zed", false, "editor tasks and settings start programs"},
	{".devcontainer", false, "commands that an editor runs on the host"},
	{".devcontainer.json", false, "commands that an editor runs on the host"},
	{".github/workflows", false, "run by the forge once pushed"},
	{".gitlab-ci.yml", false, "run by the forge once pushed"},
	{"*.code-workspace", false, "editor tasks and settings start programs"},
}

// lastComponents are the possible last components of hand-off paths, without patterns.
var lastComponents = sync.OnceValue(func() map[string]bool {
	out := make(map[string]bool, len(handOffNames))
	for _, n := range handOffNames {
		if !glob.IsPattern(n.Pattern) {
			out[strings.ToLower(n.Pattern[strings.LastIndexByte(n.Pattern, '/')+1:])] = true
		}
	}
	return out
})

// MayHandOff is a quick look at the last component of a path: after false, HandOff finds
// nothing.
func MayHandOff(base string) bool {
	low := strings.ToLower(base)
	return lastComponents()[low] || strings.HasSuffix(low, ".pth") || strings.HasSuffix(low, ".code-workspace") ||
		strings.ContainsFunc(base, func(r rune) bool { return r >= 0x80 })
}

// HandOff returns the entry for the end of a path. rel is slash-separated and relative to
// the writable root. Only the last components count, and the caller may pass a part of
// the path. HEAD alone is no finding: ask IsBareRepository about its folder.
func HandOff(rel string) (Name, bool) {
	rel = Fold(rel)
	base := rel[strings.LastIndexByte(rel, '/')+1:]
	for i := range handOffNames {
		n := &handOffNames[i]
		pattern := strings.ToLower(n.Pattern)
		if strings.Contains(pattern, "/") {
			if rel == pattern || strings.HasSuffix(rel, "/"+pattern) {
				return *n, true
			}
			continue
		}
		if pattern != "head" && glob.MatchName(pattern, base) {
			return *n, true
		}
	}
	return Name{}, false
}

// IsBareRepository reports whether git takes a folder with the entries for a repository:
// the folder holds HEAD, and either objects and refs, under any name, or commondir, which
// names the folder with the two.
func IsBareRepository(entries []string) bool {
	var head, objects, refs, common bool
	for _, e := range entries {
		switch Fold(e) {
		case "head":
			head = true
		case "objects":
			objects = true
		case "refs":
			refs = true
		case "commondir":
			common = true
		}
	}
	return head && (objects && refs || common)
}
