package approve

import (
	"slices"
	"strings"
)

// findLooks knows the words of find for testing and printing files. Other words may start
// programs, write or delete. A number may have a leading -.
func findLooks(args []string) bool {
	return !slices.ContainsFunc(args, func(arg string) bool {
		word, dashed := strings.CutPrefix(arg, "-")
		return dashed && !slices.Contains(findWords, word) && !number(strings.TrimRight(word, "bcwkMG"))
	})
}

var findWords = strings.Fields(`
	H L P O1 O2 O3 E X d s x a and not o or true false print print0 printf ls quit prune depth daystart follow mount xdev noleaf
	maxdepth mindepth regextype ignore_readdir_race noignore_readdir_race warn nowarn
	name iname path ipath wholename iwholename lname ilname regex iregex type xtype fstype size empty links inum samefile used
	user group uid gid nouser nogroup perm readable writable executable
	amin atime anewer cmin ctime cnewer mmin mtime newer newermt newerat newerct newermm
`)

// rgLooks knows the options of ripgrep. -z, --pre and --hostname-bin start programs.
func rgLooks(arg string) bool {
	long, isLong := strings.CutPrefix(arg, "--")
	if !isLong {
		return !strings.HasPrefix(arg, "-") || !strings.Contains(arg, "z")
	}
	long, _, _ = strings.Cut(long, "=")
	return long == "" || slices.Contains(rgOptions, long)
}

var rgOptions = strings.Fields(`
	after-context before-context binary byte-offset case-sensitive color colors column context context-separator count count-matches crlf
	encoding engine field-context-separator field-match-separator file files files-with-matches files-without-match fixed-strings follow
	glob glob-case-insensitive heading hidden iglob ignore-case ignore-file include-zero invert-match json
	line-buffered line-number line-regexp max-columns max-columns-preview max-count max-depth max-filesize mmap multiline multiline-dotall
	no-binary no-config no-filename no-follow no-heading no-hidden no-ignore no-ignore-dot no-ignore-exclude no-ignore-files no-ignore-global
	no-ignore-messages no-ignore-parent no-ignore-vcs no-line-number no-messages no-mmap no-require-git null null-data one-file-system
	only-matching passthru path-separator pcre2 pcre2-version pretty quiet regexp replace smart-case sort sortr stats stop-on-nonmatch
	text threads trim type type-add type-clear type-list type-not unrestricted version vimgrep with-filename word-regexp
`)

// sedPrints accepts sed -n Np and -n N,Mp, with one file.
func sedPrints(args []string) bool {
	if len(args) < 2 || len(args) > 3 || args[0] != "-n" || !strings.HasSuffix(args[1], "p") {
		return false
	}
	lines := strings.TrimSuffix(args[1], "p")
	from, to, ranged := strings.Cut(lines, ",")
	return number(from) && (!ranged || number(to)) && (len(args) == 2 || !strings.HasPrefix(args[2], "-"))
}

func number(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// gitLooks knows the reading subcommands. Options before the subcommand are refused (-c
// sets programs for git to run). A long option after the subcommand must be known by the
// whole name: other options write (--output), show help in a pager (--help), or start
// further programs of the repository's configuration (--ext-diff, --remerge-diff). The
// short options are harmless. A format with %G starts gpg.
func gitLooks(args []string) bool {
	if len(args) == 0 {
		return false
	}
	switch args[0] {
	case "status", "log", "diff", "show", "blame", "rev-parse", "ls-files":
	default:
		return false
	}
	return !slices.ContainsFunc(args[1:], func(arg string) bool {
		long, isLong := strings.CutPrefix(arg, "--")
		name, _, _ := strings.Cut(long, "=")
		return strings.Contains(arg, "%G") || isLong && name != "" && !slices.Contains(gitOptions, name)
	})
}

var gitOptions = strings.Fields(`
	abbrev abbrev-commit abbrev-ref absolute-git-dir after ahead-behind all all-match ancestry-path anchored author author-date-order
	basic-regexp before binary boundary branch branches cached cc check cherry cherry-mark cherry-pick clear-decorations color color-moved
	color-words column combined-all-paths committer compact-summary count cumulative date date-order decorate decorate-refs
	decorate-refs-exclude default deleted diff-algorithm diff-filter directory dirstat do-walk encode-email-headers eol error-unmatch exclude
	exclude-per-directory exclude-standard exit-code expand-tabs extended-regexp find-copies find-copies-harder find-renames first-parent
	fixed-strings follow format full-diff full-history full-index full-name function-context git-common-dir git-dir git-path glob graph grep
	histogram ignore-all-space ignore-blank-lines ignore-case ignore-cr-at-eol ignore-matching-lines ignore-rev ignore-revs-file
	ignore-space-at-eol ignore-space-change ignore-submodules ignored incremental indent-heuristic inter-hunk-context invert-grep
	is-bare-repository is-inside-git-dir is-inside-work-tree is-shallow-repository killed left-only left-right line-porcelain line-prefix
	local-env-vars log-size long mailmap max-count max-depth max-parents merge-base merges min-parents minimal modified
	name-only name-status no-abbrev no-abbrev-commit no-ahead-behind no-color no-color-moved no-column no-decorate no-expand-tabs
	no-ext-diff no-indent-heuristic no-index no-mailmap no-merges no-notes no-patch no-prefix no-relative no-renames no-textconv no-walk not notes null
	numstat oneline others output-indicator-context output-indicator-new output-indicator-old parents patch patch-with-raw patch-with-stat
	patience path-format perl-regexp pickaxe-all pickaxe-regex porcelain pretty progress quiet raw ref-format reflog regexp-ignore-case
	relative relative-date remotes remove-empty renames reverse revs-only right-only root score-debug shared-index-path shortstat
	short show-cdup show-email show-name show-notes show-number show-object-format show-prefix show-pulls show-ref-format show-root show-stash
	show-superproject-working-tree show-toplevel shift simplify-by-decoration simplify-merges since skip skip-to rotate-to sparse src-prefix
	dst-prefix stage staged stat stat-count stat-name-width stat-width summary symbolic symbolic-full-name tags text topo-order
	unified unmerged until untracked untracked-files verbose verify walk-reflogs word-diff word-diff-regex ws-error-highlight
`)
