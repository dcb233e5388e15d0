package survey

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/glob"
	"github.com/lockstile/lockstile/internal/trail"
)

// starters are the variables of the environment whose words name programs, or files that
// programs run at their start. The names are patterns of package glob.
var starters = []string{
	"GIT_*", "*EDITOR", "*PAGER", "*ASKPASS", "VISUAL", "BROWSER", "SHELL", "LESSOPEN", "LESSCLOSE",
	"BASH_ENV", "ENV", "PROMPT_COMMAND", "INPUTRC", "PYTHONSTARTUP", "LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES",
	"NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "PERL5OPT", "RUBYOPT", "GOFLAGS", "MAKEFLAGS",
	"RUSTC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER",
}

// storeVariables are the variables with folders of git that hold content of another repository.
var storeVariables = []string{"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"}

// shellFiles are the files that zsh runs in the folder ZDOTDIR (zsh(1)).
var shellFiles = []string{".zshenv", ".zprofile", ".zshrc", ".zlogin", ".zlogout"}

// environment follows what the variables of our environment name: programs of the host have
// most variables too.
func (p *pins) environment(environ []string) error {
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if value == "" {
			continue
		}
		if err := p.variable(name, value); err != nil {
			return err
		}
	}
	return nil
}

func (p *pins) variable(name, value string) error {
	from := "the variable " + name
	switch {
	case name == "ZDOTDIR":
		for _, file := range shellFiles {
			if err := p.follow(lead{from: from, to: trail.Join(trail.Join(p.here, value), file)}); err != nil {
				return err
			}
		}
		return nil
	case name == "GIT_DIR", name == "GIT_COMMON_DIR":
		dir := trail.Join(p.here, value)
		if err := p.follow(lead{from: from, to: dir, deep: entriesDeep, inRoot: bareNames}); err != nil {
			return err
		}
		return p.gitDirectory(dir, p.here)
	case name == "GIT_EXEC_PATH", name == "GIT_TEMPLATE_DIR":
		return p.follow(lead{from: from, to: trail.Join(p.here, value), deep: entriesDeep})
	case slices.Contains(storeVariables, name):
		for _, dir := range filepath.SplitList(value) {
			if err := p.follow(lead{from: from, to: trail.Join(p.here, dir)}); err != nil {
				return err
			}
		}
		return nil
	case !slices.ContainsFunc(starters, func(pattern string) bool { return glob.MatchName(pattern, name) }):
		return nil
	}
	for _, word := range append(wordsOf(value), value) {
		if err := p.follow(lead{from: from, to: trail.Join(p.here, word), file: true}); err != nil {
			return err
		}
	}
	return nil
}

// wordsOf returns the parts of a value that may be paths, whoever splits the value.
func wordsOf(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t\n\r;&|<>()`'\"{}=,:$!@", r) })
}

// homeFolders are the folders of the home folder whose links are followed. The programs'
// folders in .config come too.
var homeFolders = []string{"", ".config", ".config/systemd/user", ".local/bin", ".local/share/applications", ".ssh", ".gnupg", ".vim", ".emacs.d", "bin"}

// home follows the links of the home folder that lead into a root, as those to a repository
// with the user's settings. A name without a dot is for people, who call the name
// themselves.
func (p *pins) home() error {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	dirs := slices.Clone(homeFolders)
	for _, at := range folders(filepath.Join(home, ".config")) {
		dirs = append(dirs, ".config/"+filepath.Base(at))
	}
	left := mostEntries
	for _, dir := range dirs {
		more, err := p.homeFolder(filepath.Join(home, dir), dir == "", &left)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// homeFolder follows at most left links of a folder, and reports whether there is room for more.
func (p *pins) homeFolder(at string, top bool, left *int) (more bool, err error) {
	entries, err := list(at)
	if err != nil {
		return true, nil // the folder isn't there
	}
	for _, e := range entries {
		if e.Type()&os.ModeSymlink == 0 || top && e.Name()[0] != '.' && e.Name() != "bin" {
			continue
		}
		if *left == 0 {
			p.t.Unseen++
			return false, nil
		}
		*left--
		if err := p.follow(lead{from: filepath.Join(at, e.Name()), to: filepath.Join(at, e.Name())}); err != nil {
			return false, err
		}
	}
	return true, nil
}

// ownConfiguration follows the files that our own configuration mentions, such as the
// programs of MCP servers: what the user's session starts is the user's program.
func (p *pins) ownConfiguration(own []string) error {
	for _, path := range own {
		if !strings.HasSuffix(path, ".toml") {
			continue
		}
		for _, word := range wordsOf(firstBytes(path, mostWords)) {
			if !strings.Contains(word, "/") {
				continue
			}
			if err := p.follow(lead{from: path, to: trail.Join(p.here, word), file: true}); err != nil {
				return err
			}
		}
	}
	return nil
}
