// Package caches lists the caches that build tools write, as one table of data: the tool,
// the variable that names the place, and the place below the home. Package caches is
// pure: package survey looks at the places, and package cachesets keeps the private
// folders. Package caches must never name a folder whose programs the host runs without
// a question, such as a folder of PATH.
package caches

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
	"strings"
)

// Cache is a row of the table. A place on the host is the lower folder of an overlay: the
// command reads the host's cache, and all that the command writes goes to a private
// folder.
type Cache struct {
	Name     string
	Tool     string // for docs/caches.md
	Variable string // names the place, "" if the tool has no variable
	Below    string // the place below the value of the variable, "" for the value itself
	Home     string // the place below the home if the variable is unset; "" for none
	Own      bool   // without a usable place the variable leads to a private folder of ours
}

// table lists outer places before the places inside them.
var table = [...]Cache{
	{"xdg", "every program that follows XDG: Go, pip, uv, Poetry, yarn, pnpm, ccache, Bazel, Deno, Composer, node-gyp, Playwright", "XDG_CACHE_HOME", "", ".cache", true},
	{"go-build", "Go: results of builds and tests", "GOCACHE", "", "", false},
	{"go-mod", "Go: modules", "GOMODCACHE", "", "go/pkg/mod", true},
	{"npm", "npm and npx", "npm_config_cache", "", ".npm", true},
	{"pnpm", "pnpm: the store", "", "", ".local/share/pnpm/store", false},
	{"yarn", "yarn 1", "YARN_CACHE_FOLDER", "", "", false},
	{"yarn-berry", "yarn 2 and later", "YARN_GLOBAL_FOLDER", "", ".yarn/berry", true},
	{"bun", "Bun", "BUN_INSTALL_CACHE_DIR", "", ".bun/install/cache", true},
	{"deno", "Deno", "DENO_DIR", "", "", false},
	{"pip", "pip", "PIP_CACHE_DIR", "", "", false},
	{"uv", "uv", "UV_CACHE_DIR", "", "", false},
	{"cargo-registry", "cargo: crates", "CARGO_HOME", "registry", ".cargo/registry", false},
	{"cargo-git", "cargo: repositories", "CARGO_HOME", "git", ".cargo/git", false},
	{"ccache", "ccache", "CCACHE_DIR", "", ".ccache", false},
	{"sccache", "sccache", "SCCACHE_DIR", "", "", false},
	{"gradle", "Gradle", "GRADLE_USER_HOME", "", ".gradle", true},
	{"maven", "Maven", "", "", ".m2/repository", false},
	{"maven-wrapper", "Maven's wrapper", "", "", ".m2/wrapper", false},
	{"ivy", "Ivy and sbt", "", "", ".ivy2/cache", false},
	{"sbt", "sbt", "", "", ".sbt/boot", false},
	{"nuget", "NuGet", "NUGET_PACKAGES", "", ".nuget/packages", true},
	{"nuget-http", "NuGet: answers of servers", "NUGET_HTTP_CACHE_PATH", "", ".local/share/NuGet/http-cache", true},
	{"composer", "Composer", "COMPOSER_CACHE_DIR", "", "", false},
	{"gem", "RubyGems: indexes", "GEM_SPEC_CACHE", "", ".gem/specs", true},
	{"bundler", "Bundler", "BUNDLE_USER_CACHE", "", ".bundle/cache", true},
	{"cabal", "cabal: packages", "", "", ".cabal/packages", false},
	{"pub", "Dart and Flutter", "PUB_CACHE", "hosted", ".pub-cache/hosted", false},
	{"emacs", "Emacs: state", "", "", ".emacs.d", false},
	{"ipython", "IPython: state", "IPYTHONDIR", "", ".ipython", true},
	{"jupyter", "Jupyter: state", "JUPYTER_DATA_DIR", "", ".local/share/jupyter", true},
	{"jupyter-runtime", "Jupyter: sockets and keys", "JUPYTER_RUNTIME_DIR", "", "", true},
	{"chromium", "Chromium: profile", "CHROME_USER_DATA_DIR", "", "", true},
}

// Table returns the rows in order.
func Table() []Cache { return slices.Clone(table[:]) }

// OwnAt is the folder in the view with the private folders that have no place on the host.
const OwnAt = "/run/caches"

// Place is where a tool looks for a cache.
type Place struct {
	Cache
	Path string // clean and absolute; "" if the cache has no place on the host
	Set  bool   // a variable of the caller names the place
}

// Places returns the place of each cache, in the order of the table. home is absolute, ""
// for no home. variable returns the value of a variable, "" if unset.
func Places(home string, variable func(string) string) []Place {
	out := make([]Place, 0, len(table))
	for _, c := range table {
		p := Place{Cache: c}
		if c.Home != "" && home != "" {
			p.Path = filepath.Join(home, c.Home)
		}
		if c.Name == "go-mod" {
			if first, _, _ := strings.Cut(variable("GOPATH"), string(filepath.ListSeparator)); filepath.IsAbs(first) {
				p.Path, p.Set = filepath.Join(first, "pkg", "mod"), true
			}
		}
		if value := variable(c.Variable); c.Variable != "" && value != "" {
			p.Path, p.Set = "", true // a value that is no path, such as GOCACHE=off, is the caller's choice
			if filepath.IsAbs(value) {
				p.Path = filepath.Join(value, c.Below)
			}
		}
		out = append(out, p)
	}
	return out
}

// Store returns the name of the private folder for a cache at a place. The same tool at
// another place has another folder.
func Store(name, place string) string {
	sum := sha256.Sum256([]byte(place))
	return name + "-" + hex.EncodeToString(sum[:4])
}
