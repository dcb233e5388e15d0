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
	Repository      // enters a repository: the folder, its .git, or either with ".git" after its name
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

// base says from which folders git resolves a relative path.
type base int

const (
	anywhere     base = iota // the top of the tree, and the git directory where hooks of a push run
	inGitDir                 // the git directory
	folderOfFile             // the folder of the configuration
)

// use is how git uses a key.
type use struct {
	pattern string // section and name in lower case, "*" for any subsection
	kind    Kind
	shape   Shape
	base    base
}

// uses are the keys of git, of the programs that come with git, and of git-lfs, sorted. A
// pattern that ends in "*" has any key of the section.
var uses = []use{
	{"alias.*", Bang, RegularFile, anywhere},
	{"blame.ignorerevsfile", Path, Anything, anywhere},
	{"branch.*.pushremote", Repository, Folder, anywhere},
	{"branch.*.remote", Repository, Folder, anywhere},
	{"browser.*.cmd", Command, RegularFile, anywhere},
	{"browser.*.path", Program, RegularFile, anywhere},
	{"bundle.*.uri", Repository, Anything, anywhere},
	{"cinnabar.helper", Program, RegularFile, anywhere},
	{"commit.template", Path, Anything, anywhere},
	{"core.alternaterefscommand", Command, RegularFile, anywhere},
	{"core.askpass", Program, RegularFile, anywhere},
	{"core.attributesfile", Path, Anything, anywhere},
	{"core.editor", Command, RegularFile, anywhere},
	{"core.excludesfile", Path, Anything, anywhere},
	{"core.fsmonitor", Command, RegularFile, anywhere},
	{"core.gitproxy", Command, RegularFile, anywhere},
	{"core.hookspath", Path, FolderOfHooks, anywhere},
	{"core.pager", Command, RegularFile, anywhere},
	{"core.sshcommand", Command, RegularFile, anywhere},
	{"core.virtualfilesystem", Command, RegularFile, anywhere},
	{"core.worktree", Path, Folder, inGitDir},
	{"credential.*.helper", Command, RegularFile, anywhere},
	{"credential.helper", Command, RegularFile, anywhere},
	{"cvsexportcommit.cvsdir", Path, Folder, anywhere},
	{"diff.*.command", Command, RegularFile, anywhere},
	{"diff.*.textconv", Command, RegularFile, anywhere},
	{"diff.external", Command, RegularFile, anywhere},
	{"diff.orderfile", Path, Anything, anywhere},
	{"difftool.*.cmd", Command, RegularFile, anywhere},
	{"difftool.*.path", Program, RegularFile, anywhere},
	{"extensions.refstorage", Path, Folder, inGitDir},
	{"fetch.bundleuri", Repository, Anything, anywhere},
	{"fetch.fsck.skiplist", Path, Anything, anywhere},
	{"filter.*.clean", Command, RegularFile, anywhere},
	{"filter.*.process", Command, RegularFile, anywhere},
	{"filter.*.smudge", Command, RegularFile, anywhere},
	{"format.outputdirectory", Writes, Folder, anywhere},
	{"format.signaturefile", Path, Anything, anywhere},
	{"fsck.skiplist", Path, Anything, anywhere},
	{"fsmonitor.socketdir", Writes, Folder, anywhere},
	{"gc.recentobjectshook", Command, RegularFile, anywhere},
	{"gc.repackfilterto", Writes, Anything, anywhere},
	{"gitcvs.dbname", Writes, Anything, anywhere},
	{"gitcvs.logfile", Writes, Anything, anywhere},
	{"gitflow.path.hooks", Path, FolderOfHooks, anywhere},
	{"gpg.*.program", Program, RegularFile, anywhere},
	{"gpg.program", Program, RegularFile, anywhere},
	{"gpg.ssh.allowedsignersfile", Path, Anything, anywhere},
	{"gpg.ssh.defaultkeycommand", Command, RegularFile, anywhere},
	{"gpg.ssh.revocationfile", Path, Anything, anywhere},
	{"guitool.*.cmd", Command, RegularFile, anywhere},
	{"help.browser", Program, RegularFile, anywhere},
	{"help.htmlpath", Path, Folder, anywhere},
	{"hook.*.command", Command, RegularFile, anywhere},
	{"http.*.cookiefile", Path, Anything, anywhere},
	{"http.*.pinnedpubkey", Path, RegularFile, anywhere},
	{"http.*.proxysslcainfo", Path, Anything, anywhere},
	{"http.*.proxysslcert", Path, Anything, anywhere},
	{"http.*.proxysslkey", Path, Anything, anywhere},
	{"http.*.sslcainfo", Path, Anything, anywhere},
	{"http.*.sslcapath", Path, Folder, anywhere},
	{"http.*.sslcert", Path, Anything, anywhere},
	{"http.*.sslkey", Path, Anything, anywhere},
	{"http.cookiefile", Path, Anything, anywhere},
	{"http.pinnedpubkey", Path, RegularFile, anywhere},
	{"http.proxysslcainfo", Path, Anything, anywhere},
	{"http.proxysslcert", Path, Anything, anywhere},
	{"http.proxysslkey", Path, Anything, anywhere},
	{"http.sslcainfo", Path, Anything, anywhere},
	{"http.sslcapath", Path, Folder, anywhere},
	{"http.sslcert", Path, Anything, anywhere},
	{"http.sslkey", Path, Anything, anywhere},
	{"imap.tunnel", Command, RegularFile, anywhere},
	{"include.path", Path, Anything, folderOfFile},
	{"includeif.*.path", Path, Anything, folderOfFile},
	{"init.templatedir", Path, Folder, anywhere},
	{"instaweb.browser", Program, RegularFile, anywhere},
	{"instaweb.gitwebdir", Path, Folder, anywhere},
	{"instaweb.httpd", Command, RegularFile, anywhere},
	{"instaweb.modulepath", Path, Folder, anywhere},
	{"interactive.difffilter", Command, RegularFile, anywhere},
	{"jump.grepcmd", Command, RegularFile, anywhere},
	{"lfs.*.url", Repository, Anything, anywhere},
	{"lfs.customtransfer.*.args", Command, RegularFile, anywhere},
	{"lfs.customtransfer.*.path", Program, RegularFile, anywhere},
	{"lfs.extension.*.clean", Command, RegularFile, anywhere},
	{"lfs.extension.*.smudge", Command, RegularFile, anywhere},
	{"lfs.pushurl", Repository, Anything, anywhere},
	{"lfs.storage", Writes, Folder, inGitDir},
	{"lfs.url", Repository, Anything, anywhere},
	{"mailmap.file", Path, Anything, anywhere},
	{"maintenance.repo", Repository, Folder, anywhere},
	{"man.*.cmd", Command, RegularFile, anywhere},
	{"man.*.path", Program, RegularFile, anywhere},
	{"merge.*.driver", Command, RegularFile, anywhere},
	{"mergetool.*.cmd", Command, RegularFile, anywhere},
	{"mergetool.*.path", Program, RegularFile, anywhere},
	{"pager.*", Command, RegularFile, anywhere},
	{"receive.fsck.skiplist", Path, Anything, anywhere},
	{"remote.*.lfspushurl", Repository, Anything, anywhere},
	{"remote.*.lfsurl", Repository, Anything, anywhere},
	{"remote.*.pushurl", Repository, Anything, anywhere},
	{"remote.*.receivepack", Command, RegularFile, anywhere},
	{"remote.*.uploadpack", Command, RegularFile, anywhere},
	{"remote.*.url", Repository, Anything, anywhere},
	{"remote.*.vcs", Program, RegularFile, anywhere},
	{"remote.pushdefault", Repository, Folder, anywhere},
	{"scalar.repo", Repository, Folder, anywhere},
	{"secrets.providers", Command, RegularFile, anywhere},
	{"sendemail.*.aliasesfile", Path, Anything, anywhere},
	{"sendemail.*.cccmd", Command, RegularFile, anywhere},
	{"sendemail.*.headercmd", Command, RegularFile, anywhere},
	{"sendemail.*.mailmap.file", Path, Anything, anywhere},
	{"sendemail.*.sendmailcmd", Command, RegularFile, anywhere},
	{"sendemail.*.smtpserver", Command, RegularFile, anywhere},
	{"sendemail.*.smtpsslcertpath", Path, Anything, anywhere},
	{"sendemail.*.smtpsslclientcert", Path, Anything, anywhere},
	{"sendemail.*.smtpsslclientkey", Path, Anything, anywhere},
	{"sendemail.*.tocmd", Command, RegularFile, anywhere},
	{"sendemail.aliasesfile", Path, Anything, anywhere},
	{"sendemail.cccmd", Command, RegularFile, anywhere},
	{"sendemail.headercmd", Command, RegularFile, anywhere},
	{"sendemail.mailmap.file", Path, Anything, anywhere},
	{"sendemail.sendmailcmd", Command, RegularFile, anywhere},
	{"sendemail.smtpserver", Command, RegularFile, anywhere},
	{"sendemail.smtpsslcertpath", Path, Anything, anywhere},
	{"sendemail.smtpsslclientcert", Path, Anything, anywhere},
	{"sendemail.smtpsslclientkey", Path, Anything, anywhere},
	{"sendemail.tocmd", Command, RegularFile, anywhere},
	{"sequence.editor", Command, RegularFile, anywhere},
	{"submodule.*.gitdir", Repository, Folder, anywhere},
	{"submodule.*.update", Bang, RegularFile, anywhere},
	{"submodule.*.url", Repository, Anything, anywhere},
	{"svn.authorsfile", Path, Anything, anywhere},
	{"svn.authorsprog", Command, RegularFile, anywhere},
	{"tar.*.command", Command, RegularFile, anywhere},
	{"trace2.eventtarget", Writes, Anything, anywhere},
	{"trace2.normaltarget", Writes, Anything, anywhere},
	{"trace2.perftarget", Writes, Anything, anywhere},
	{"trailer.*.cmd", Command, RegularFile, anywhere},
	{"trailer.*.command", Command, RegularFile, anywhere},
	{"uploadpack.packobjectshook", Command, RegularFile, anywhere},
	{"url.*.insteadof", Repository, Anything, anywhere},
	{"url.*.pushinsteadof", Repository, Anything, anywhere},
	{"user.signingkey", Path, RegularFile, anywhere},
	{"web.browser", Program, RegularFile, anywhere},
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
	section := key[:strings.IndexByte(key, '.')+1]
	first, _ := slices.BinarySearchFunc(uses, section, func(u use, section string) int { return strings.Compare(u.pattern, section) })
	for _, u := range uses[first:] {
		if section == "" || !strings.HasPrefix(u.pattern, section) {
			break
		}
		if u.matches(key) {
			return u, true
		}
	}
	return use{}, false
}

// matches reports whether a row is for a key.
func (u use) matches(key string) bool {
	before, after, wild := strings.Cut(u.pattern, "*")
	if !wild {
		return key == u.pattern
	}
	return len(key) >= len(before)+len(after) && strings.HasPrefix(key, before) && strings.HasSuffix(key, after)
}

// The ends of names that say what a key of another program, or of a later git, is for.
var (
	commandNames = []string{"askpass", "cmd", "command", "driver", "editor", "exec", "external", "helper", "hook", "pager", "process", "prog", "program", "script", "textconv"}
	pathNames    = []string{"dir", "file", "hooks", "path", "template"}
)

// guess returns how a key that isn't in the table might be used, by the end of its name. A
// wrong guess costs little: only a regular file counts.
func guess(key string) use {
	last := strings.LastIndexByte(key, '.')
	if last < 0 {
		return use{}
	}
	name := key[last+1:]
	ends := func(end string) bool { return strings.HasSuffix(name, end) }
	switch {
	case slices.ContainsFunc(commandNames, ends):
		return use{kind: Command, shape: RegularFile}
	case slices.ContainsFunc(pathNames, ends):
		return use{kind: Path, shape: RegularFile}
	}
	return use{}
}
