package gitconf

import (
	"slices"
	"strings"
)

// Kind is what git does with the value of a key.
type Kind int

// The kinds of keys. A Bang is a command when it begins with "!"; its leads are commands.
const (
	None       Kind = iota
	Path            // opens the file or folder
	Program         // starts the program that the whole value names
	Command         // gives the value to a shell
	Bang            // gives the value to a shell if "!" stands first
	Writes          // writes there
	Repository      // enters a repository: the folder, its .git, or with ".git" after its name
)

// Shape is what a lead must lead to, to count.
type Shape int

// The shapes of leads.
const (
	Anything      Shape = iota // also a name that isn't there yet
	RegularFile                // a regular file alone: the value may mean something else
	Folder                     // a folder, and all in it
	FolderOfHooks              // a folder whose files git starts
)

// Base is the folder from which git resolves a relative path.
type Base int

// The bases of leads.
const (
	TreeAndGitDir Base = iota // the top of the tree; the git directory, where no tree is
	GitDir                    // the git directory
	FolderOfFile              // the folder of the configuration
)

// use is how git uses a key.
type use struct {
	pattern string // section and name in lower case, "*" for any subsection
	kind    Kind
	shape   Shape
	base    Base
}

// uses are the keys of git, of the programs that come with git, and of git-lfs, sorted. A
// pattern that ends in "*" has any key of the section.
var uses = []use{
	{"alias.*", Bang, RegularFile, TreeAndGitDir},
	{"blame.ignorerevsfile", Path, Anything, TreeAndGitDir},
	{"branch.*.pushremote", Repository, Folder, TreeAndGitDir},
	{"branch.*.remote", Repository, Folder, TreeAndGitDir},
	{"browser.*.cmd", Command, RegularFile, TreeAndGitDir},
	{"browser.*.path", Program, RegularFile, TreeAndGitDir},
	{"bundle.*.uri", Repository, Anything, TreeAndGitDir},
	{"cinnabar.helper", Program, RegularFile, TreeAndGitDir},
	{"commit.template", Path, Anything, TreeAndGitDir},
	{"core.alternaterefscommand", Command, RegularFile, TreeAndGitDir},
	{"core.askpass", Program, RegularFile, TreeAndGitDir},
	{"core.attributesfile", Path, Anything, TreeAndGitDir},
	{"core.editor", Command, RegularFile, TreeAndGitDir},
	{"core.excludesfile", Path, Anything, TreeAndGitDir},
	{"core.fsmonitor", Command, RegularFile, TreeAndGitDir},
	{"core.gitproxy", Command, RegularFile, TreeAndGitDir},
	{"core.hookspath", Path, FolderOfHooks, TreeAndGitDir},
	{"core.pager", Command, RegularFile, TreeAndGitDir},
	{"core.sshcommand", Command, RegularFile, TreeAndGitDir},
	{"core.worktree", Path, Folder, GitDir},
	{"credential.*.helper", Command, RegularFile, TreeAndGitDir},
	{"credential.helper", Command, RegularFile, TreeAndGitDir},
	{"cvsexportcommit.cvsdir", Path, Folder, TreeAndGitDir},
	{"diff.*.command", Command, RegularFile, TreeAndGitDir},
	{"diff.*.textconv", Command, RegularFile, TreeAndGitDir},
	{"diff.external", Command, RegularFile, TreeAndGitDir},
	{"diff.orderfile", Path, Anything, TreeAndGitDir},
	{"difftool.*.cmd", Command, RegularFile, TreeAndGitDir},
	{"difftool.*.path", Program, RegularFile, TreeAndGitDir},
	{"extensions.refstorage", Path, Folder, GitDir},
	{"fetch.bundleuri", Repository, Anything, TreeAndGitDir},
	{"fetch.fsck.skiplist", Path, Anything, TreeAndGitDir},
	{"filter.*.clean", Command, RegularFile, TreeAndGitDir},
	{"filter.*.process", Command, RegularFile, TreeAndGitDir},
	{"filter.*.smudge", Command, RegularFile, TreeAndGitDir},
	{"format.outputdirectory", Writes, Folder, TreeAndGitDir},
	{"format.signaturefile", Path, Anything, TreeAndGitDir},
	{"fsck.skiplist", Path, Anything, TreeAndGitDir},
	{"fsmonitor.socketdir", Writes, Folder, TreeAndGitDir},
	{"gc.recentobjectshook", Command, RegularFile, TreeAndGitDir},
	{"gc.repackfilterto", Writes, Anything, TreeAndGitDir},
	{"gitcvs.dbname", Writes, Anything, TreeAndGitDir},
	{"gitcvs.logfile", Writes, Anything, TreeAndGitDir},
	{"gitflow.path.hooks", Path, FolderOfHooks, TreeAndGitDir},
	{"gpg.*.program", Program, RegularFile, TreeAndGitDir},
	{"gpg.program", Program, RegularFile, TreeAndGitDir},
	{"gpg.ssh.allowedsignersfile", Path, Anything, TreeAndGitDir},
	{"gpg.ssh.defaultkeycommand", Command, RegularFile, TreeAndGitDir},
	{"gpg.ssh.revocationfile", Path, Anything, TreeAndGitDir},
	{"guitool.*.cmd", Command, RegularFile, TreeAndGitDir},
	{"help.browser", Program, RegularFile, TreeAndGitDir},
	{"help.htmlpath", Path, Folder, TreeAndGitDir},
	{"hook.*.command", Command, RegularFile, TreeAndGitDir},
	{"http.*.cookiefile", Path, Anything, TreeAndGitDir},
	{"http.*.pinnedpubkey", Path, RegularFile, TreeAndGitDir},
	{"http.*.proxysslcainfo", Path, Anything, TreeAndGitDir},
	{"http.*.proxysslcert", Path, Anything, TreeAndGitDir},
	{"http.*.proxysslkey", Path, Anything, TreeAndGitDir},
	{"http.*.sslcainfo", Path, Anything, TreeAndGitDir},
	{"http.*.sslcapath", Path, Folder, TreeAndGitDir},
	{"http.*.sslcert", Path, Anything, TreeAndGitDir},
	{"http.*.sslkey", Path, Anything, TreeAndGitDir},
	{"http.cookiefile", Path, Anything, TreeAndGitDir},
	{"http.pinnedpubkey", Path, RegularFile, TreeAndGitDir},
	{"http.proxysslcainfo", Path, Anything, TreeAndGitDir},
	{"http.proxysslcert", Path, Anything, TreeAndGitDir},
	{"http.proxysslkey", Path, Anything, TreeAndGitDir},
	{"http.sslcainfo", Path, Anything, TreeAndGitDir},
	{"http.sslcapath", Path, Folder, TreeAndGitDir},
	{"http.sslcert", Path, Anything, TreeAndGitDir},
	{"http.sslkey", Path, Anything, TreeAndGitDir},
	{"imap.tunnel", Command, RegularFile, TreeAndGitDir},
	{"include.path", Path, Anything, FolderOfFile},
	{"includeif.*.path", Path, Anything, FolderOfFile},
	{"init.templatedir", Path, Folder, TreeAndGitDir},
	{"instaweb.browser", Program, RegularFile, TreeAndGitDir},
	{"instaweb.gitwebdir", Path, Folder, TreeAndGitDir},
	{"instaweb.httpd", Command, RegularFile, TreeAndGitDir},
	{"instaweb.modulepath", Path, Folder, TreeAndGitDir},
	{"interactive.difffilter", Command, RegularFile, TreeAndGitDir},
	{"jump.grepcmd", Command, RegularFile, TreeAndGitDir},
	{"lfs.*.url", Repository, Anything, TreeAndGitDir},
	{"lfs.customtransfer.*.args", Command, RegularFile, TreeAndGitDir},
	{"lfs.customtransfer.*.path", Program, RegularFile, TreeAndGitDir},
	{"lfs.extension.*.clean", Command, RegularFile, TreeAndGitDir},
	{"lfs.extension.*.smudge", Command, RegularFile, TreeAndGitDir},
	{"lfs.pushurl", Repository, Anything, TreeAndGitDir},
	{"lfs.storage", Writes, Folder, GitDir},
	{"lfs.url", Repository, Anything, TreeAndGitDir},
	{"mailmap.file", Path, Anything, TreeAndGitDir},
	{"maintenance.repo", Repository, Folder, TreeAndGitDir},
	{"man.*.cmd", Command, RegularFile, TreeAndGitDir},
	{"man.*.path", Program, RegularFile, TreeAndGitDir},
	{"merge.*.driver", Command, RegularFile, TreeAndGitDir},
	{"mergetool.*.cmd", Command, RegularFile, TreeAndGitDir},
	{"mergetool.*.path", Program, RegularFile, TreeAndGitDir},
	{"pager.*", Command, RegularFile, TreeAndGitDir},
	{"receive.fsck.skiplist", Path, Anything, TreeAndGitDir},
	{"remote.*.lfspushurl", Repository, Anything, TreeAndGitDir},
	{"remote.*.lfsurl", Repository, Anything, TreeAndGitDir},
	{"remote.*.pushurl", Repository, Anything, TreeAndGitDir},
	{"remote.*.receivepack", Command, RegularFile, TreeAndGitDir},
	{"remote.*.uploadpack", Command, RegularFile, TreeAndGitDir},
	{"remote.*.url", Repository, Anything, TreeAndGitDir},
	{"remote.*.vcs", Program, RegularFile, TreeAndGitDir},
	{"remote.pushdefault", Repository, Folder, TreeAndGitDir},
	{"scalar.repo", Repository, Folder, TreeAndGitDir},
	{"secrets.providers", Command, RegularFile, TreeAndGitDir},
	{"sendemail.*.aliasesfile", Path, Anything, TreeAndGitDir},
	{"sendemail.*.cccmd", Command, RegularFile, TreeAndGitDir},
	{"sendemail.*.headercmd", Command, RegularFile, TreeAndGitDir},
	{"sendemail.*.mailmap.file", Path, Anything, TreeAndGitDir},
	{"sendemail.*.sendmailcmd", Command, RegularFile, TreeAndGitDir},
	{"sendemail.*.smtpserver", Command, RegularFile, TreeAndGitDir},
	{"sendemail.*.smtpsslcertpath", Path, Anything, TreeAndGitDir},
	{"sendemail.*.smtpsslclientcert", Path, Anything, TreeAndGitDir},
	{"sendemail.*.smtpsslclientkey", Path, Anything, TreeAndGitDir},
	{"sendemail.*.tocmd", Command, RegularFile, TreeAndGitDir},
	{"sendemail.aliasesfile", Path, Anything, TreeAndGitDir},
	{"sendemail.cccmd", Command, RegularFile, TreeAndGitDir},
	{"sendemail.headercmd", Command, RegularFile, TreeAndGitDir},
	{"sendemail.mailmap.file", Path, Anything, TreeAndGitDir},
	{"sendemail.sendmailcmd", Command, RegularFile, TreeAndGitDir},
	{"sendemail.smtpserver", Command, RegularFile, TreeAndGitDir},
	{"sendemail.smtpsslcertpath", Path, Anything, TreeAndGitDir},
	{"sendemail.smtpsslclientcert", Path, Anything, TreeAndGitDir},
	{"sendemail.smtpsslclientkey", Path, Anything, TreeAndGitDir},
	{"sendemail.tocmd", Command, RegularFile, TreeAndGitDir},
	{"sequence.editor", Command, RegularFile, TreeAndGitDir},
	{"submodule.*.gitdir", Repository, Folder, TreeAndGitDir},
	{"submodule.*.update", Bang, RegularFile, TreeAndGitDir},
	{"submodule.*.url", Repository, Anything, TreeAndGitDir},
	{"svn.authorsfile", Path, Anything, TreeAndGitDir},
	{"svn.authorsprog", Command, RegularFile, TreeAndGitDir},
	{"tar.*.command", Command, RegularFile, TreeAndGitDir},
	{"trace2.eventtarget", Writes, Anything, TreeAndGitDir},
	{"trace2.normaltarget", Writes, Anything, TreeAndGitDir},
	{"trace2.perftarget", Writes, Anything, TreeAndGitDir},
	{"trailer.*.cmd", Command, RegularFile, TreeAndGitDir},
	{"trailer.*.command", Command, RegularFile, TreeAndGitDir},
	{"uploadpack.packobjectshook", Command, RegularFile, TreeAndGitDir},
	{"url.*.insteadof", Repository, Anything, TreeAndGitDir},
	{"url.*.pushinsteadof", Repository, Anything, TreeAndGitDir},
	{"user.signingkey", Path, RegularFile, TreeAndGitDir},
	{"web.browser", Program, RegularFile, TreeAndGitDir},
}

// KindOf returns what git does with the value of a key.
func KindOf(key string) Kind { return useOf(key).kind }

// useOf returns how git uses a key.
func useOf(key string) use {
	if u, ok := known(key); ok {
		return u
	}
	return guess(key)
}

// known returns the row of a key.
func known(key string) (use, bool) {
	section, rest, ok := strings.Cut(key, ".")
	if !ok {
		return use{}, false
	}
	if u, ok := find(key); ok {
		return u, true
	}
	last := strings.LastIndexByte(rest, '.')
	if last < 0 {
		return find(section + ".*")
	}
	if u, ok := find(section + ".*" + rest[last:]); ok {
		return u, true
	}
	if word, more, _ := strings.Cut(rest, "."); len(more) > len(rest)-last {
		if u, ok := find(section + "." + word + ".*" + rest[last:]); ok { // as lfs.extension.NAME.clean
			return u, true
		}
	}
	return find(section + ".*")
}

func find(pattern string) (use, bool) {
	i, ok := slices.BinarySearchFunc(uses, pattern, func(u use, p string) int { return strings.Compare(u.pattern, p) })
	if !ok {
		return use{}, false
	}
	return uses[i], true
}

// The ends of names that say what a key of another program, or of a later git, is for.
var (
	commandNames = []string{"askpass", "cmd", "command", "driver", "editor", "exec", "external", "helper", "hook", "pager", "process", "prog", "program", "script", "textconv"}
	pathNames    = []string{"dir", "file", "hooks", "path", "template"}
)

// guess returns how a key that isn't in the table might be used, by the end of its name. A
// wrong guess costs little: only a regular file counts.
func guess(key string) use {
	name := key[strings.LastIndexByte(key, '.')+1:]
	ends := func(end string) bool { return strings.HasSuffix(name, end) }
	switch {
	case slices.ContainsFunc(commandNames, ends):
		return use{kind: Command, shape: RegularFile}
	case slices.ContainsFunc(pathNames, ends):
		return use{kind: Path, shape: RegularFile}
	}
	return use{}
}
