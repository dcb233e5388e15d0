//go:build unix

package gitconf

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notable are parts of names that say that a value may be a path or a program.
var notable = []string{"askpass", "attributes", "browser", "cainfo", "capath", "cert", "clean", "cmd", "command", "config", "cookie", "dir", "driver", "editor", "exec", "external", "file", "filter", "folder", "helper", "hook", "httpd", "insteadof", "key", "list", "location", "mailmap", "pack", "pager", "path", "process", "prog", "program", "proxy", "pushdefault", "remote", "repo", "root", "script", "server", "signers", "smudge", "socket", "ssh", "storage", "store", "target", "template", "textconv", "tool", "transfer", "tunnel", "update", "uri", "url", "vcs", "viewer", "worktree"}

// harmlessSections are the beginnings of switches, colours and levels, but for keys of the
// table.
var harmlessSections = regexp.MustCompile(`^(advice|color|column|gitweb|pretty|fsck|(receive|fetch)\.fsck)\.`)

// harmlessKeys are the keys of git that sound like a path or a program, and whose values are
// something else.
var harmlessKeys = strings.Fields(`
	blame.showroot branch.name.description bundle.heuristic checkout.defaultremote clone.defaultremotename
	clone.filtersubmodules commit.cleanup commitgraph.changedpaths commitgraph.changedpathsversion
	commitgraph.maxnewfilters commitgraph.readchangedpaths completion.commands core.bigfilethreshold
	core.configlocktimeout core.filemode core.filesreflocktimeout core.fsmonitorhookversion core.fsyncobjectfiles
	core.hidedotfiles core.lockfilepid core.logallrefupdates core.multipackindex core.packedgitlimit
	core.packedgitwindowsize core.packedrefstimeout core.quotepath core.repositoryformatversion
	core.sharedrepository credential.usehttppath diff.dirstat diff.driver.cachetextconv diff.guitool
	diff.indentheuristic diff.tool extensions.worktreeconfig fastimport.unpacklimit feature.manyfiles
	fetch.followremotehead fetch.showforcedupdates fetch.unpacklimit format.commitlistformat
	format.coverfromdescription format.filenamemaxlength fsmonitor.allowremote gc.autopacklimit
	gc.bigpackthreshold gc.cruftpacks gc.packrefs gc.repackfilter gc.worktreepruneexpire gitcvs.dbdriver
	gui.newbranchtemplate gui.pruneduringfetch guitool.name.needsfile hasconfig:remote.*.url http.curloptresolve
	http.followredirects http.getanyfile http.proxy http.proxyauthmethod http.proxysslcertpasswordprotected
	http.receivepack http.savecookies http.schannelusesslcainfo http.sslcertpasswordprotected http.sslcerttype
	http.sslcipherlist http.sslkeytype http.uploadpack imap.folder init.defaultsubmodulepathconfig
	interactive.singlekey log.mailmap log.showroot man.viewer merge.directoryrenames merge.guitool merge.tool
	notes.rewrite.command pack.allowpackreuse pack.packsizelimit pack.usepathwalk promisor.acceptfromserver
	promisor.acceptfromserverurl promisor.storefields push.autosetupremote rebase.abbreviatecommands
	rebase.reschedulefailedexec rebase.updaterefs receive.certnonceseed receive.certnonceslop
	receive.shallowupdate receive.unpacklimit receive.updateserverinfo remote.name.followremotehead
	remote.name.partialclonefilter remote.name.proxy remote.name.proxyauthmethod remote.name.serveroption
	remote.name.skipdefaultupdate repack.packkeptobjects repack.updateserverinfo rerere.autoupdate
	safe.barerepository safe.directory sendemail.aliasfiletype sendemail.identity.config sendemail.imapsentfolder
	sendemail.mailmap sendemail.smtpserveroption sendemail.smtpserverport sendemail.transferencoding
	sparse.expectfilesoutsideofpatterns status.relativepaths status.showuntrackedfiles
	submodule.alternatelocation svn.pathnameencoding tar.format.remote trace2.configparams trace2.maxfiles
	trailer.key-alias.key trailer.keyalias.key trailer.token.key transfer.bundleuri transfer.credentialsinurl
	transfer.unpacklimit uploadpack.allowfilter user.useconfigonly worktree.guessremote worktree.userelativepaths
`)

func TestKeysOfGit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, errs, ok := runGit(t, dir, nil, "help", "--config")
	if !ok {
		t.Fatal(errs)
	}
	asked := 0
	for key := range strings.Lines(out) {
		key = strings.ToLower(strings.TrimSpace(strings.NewReplacer("<", "", ">", "").Replace(key)))
		first, last := strings.IndexByte(key, '.'), strings.LastIndexByte(key, '.')
		if first < 0 || strings.Contains(key, " ") || key[last+1:] == "*" {
			continue
		}
		asked++
		if _, ok := known(key); ok || !slices.ContainsFunc(notable, func(part string) bool { return strings.Contains(key[last+1:], part) }) {
			continue
		}
		if !slices.Contains(harmlessKeys, key) && !harmlessSections.MatchString(key) {
			t.Errorf("%s is neither in the table nor known to be harmless", key)
		}
	}
	if asked < 300 {
		t.Errorf("git listed only %d keys", asked)
	}
}
