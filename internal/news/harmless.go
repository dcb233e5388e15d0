package news

import (
	"strings"

	"github.com/lockstile/lockstile/internal/glob"
)

// harmlessNames are names with a dot that programs write by the thousand and that make no
// program start another: caches, lists of what to leave out, formats of text. A gap in this
// list tells too much, never too little. Names with a slash are below the first.
var harmlessNames = [...]string{
	".cache", ".next/cache", ".turbo", ".parcel-cache", ".vite", ".angular/cache", ".astro", ".expo", ".docusaurus",
	".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".coverage", ".coverage.*", ".ipynb_checkpoints", ".eggs",
	".gradle", ".kotlin", ".dart_tool", ".stack-work", ".cpcache", ".sass-cache", ".yarn/cache", ".pnpm-store",
	".nyc_output", ".scannerwork", ".deps", ".libs", ".dirstamp", ".tmp", ".temp", ".*.swp", ".*.swo", ".#*", "._*",
	".DS_Store", ".directory", ".gitignore", ".gitkeep", ".keep", ".nojekyll", ".dockerignore", ".npmignore",
	".eslintignore", ".prettierignore", ".editorconfig",
}

// harmless reports whether a name with a dot is harmless. below is the rest of the path, "/"
// first, or "".
func harmless(name, below string) bool {
	for _, pattern := range harmlessNames {
		folder, sub, _ := strings.Cut(pattern, "/")
		switch {
		case sub == "" && glob.MatchName(folder, name):
			return true
		case sub != "" && folder == name && (below == "/"+sub || strings.HasPrefix(below, "/"+sub+"/")):
			return true
		}
	}
	return false
}
