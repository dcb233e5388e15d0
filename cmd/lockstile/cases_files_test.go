//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// xattrSet and the function below look at the extended attribute and the flags of the
// canary. No file right covers either.
func xattrSet(w *world, _ string) bool {
	n, err := unix.Getxattr(w.out+"/canary", "user.lockstile", nil)
	return err == nil && n >= 0
}

func flagged(w *world, _ string) bool {
	f, err := os.Open(w.out + "/canary")
	if err != nil {
		return false
	}
	defer f.Close()
	flags, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	return err == nil && flags&0x80 != 0 // FS_NOATIME_FL
}

func contains(file, text string) func(*world, string) bool {
	return func(w *world, _ string) bool {
		b, err := os.ReadFile(filepath.Join(w.ws, file))
		return err == nil && strings.Contains(string(b), text)
	}
}

func absent(file string) func(*world, string) bool {
	return func(w *world, _ string) bool { return !exists(filepath.Join(w.ws, file)) }
}

// bits reports whether a file of the workspace has more rights than its user.
func bits(want os.FileMode) func(*world, string) bool {
	return func(w *world, _ string) bool {
		info, err := os.Lstat(w.ws + "/s")
		return err == nil && info.Mode()&want != 0
	}
}

var hostileFiles = []caseRow{
	{"F-03 extended attribute", python(`os.setxattr(os.environ["OUT"]+"/canary","user.lockstile",b"1")`), xattrSet, nil},
	{"F-03 flags", `chattr +A $OUT/canary`, flagged, nil},
	{"F-03 flags, by ioctl on a reader", python(`import fcntl,array
f=os.open(os.environ["OUT"]+"/canary",os.O_RDONLY); a=array.array("l",[0]); fcntl.ioctl(f,0x80086601,a); a[0]|=0x80; fcntl.ioctl(f,0x40086602,a)`), flagged, nil},
	{"F-03 punch a hole", `fallocate -p -o 0 -l 4 $OUT/canary`, changed, nil},
	{"F-03 mode of git's configuration", `chmod 0777 .git/config`, func(w *world, _ string) bool {
		info, err := os.Stat(w.ws + "/.git/config")
		return err == nil && info.Mode().Perm() == 0o777
	}, nil},
	{"F-03 time of git's configuration", `touch -d 2001-01-01 .git/config`, func(w *world, _ string) bool {
		info, err := os.Stat(w.ws + "/.git/config")
		return err == nil && info.ModTime().Year() == 2001
	}, nil},
	{"F-03 attribute of git's configuration", python(`os.setxattr(".git/config","user.lockstile",b"1")`), func(w *world, _ string) bool {
		n, err := unix.Getxattr(w.ws+"/.git/config", "user.lockstile", nil)
		return err == nil && n >= 0
	}, nil},
	{"F-06 link by descriptor", python(`f=os.open(os.environ["OUT"]+"/canary",os.O_RDONLY); call(265,-100,("/proc/self/fd/%d"%f).encode(),-100,b"x",0x400); open("x","a").write("k")`), changed, nil},
	{"F-06 link by path descriptor", python(`f=os.open(os.environ["OUT"]+"/canary",os.O_PATH); call(265,f,b"",-100,b"x",0x1000); open("x","a").write("k")`), changed, root},
	{"F-06 unnamed file linked as a hook", python(`f=os.open(".",os.O_TMPFILE|os.O_RDWR,0o755); os.write(f,b"x"); call(265,-100,("/proc/self/fd/%d"%f).encode(),-100,b".git/hooks/post-commit",0x400)`), made("$WS/.git/hooks/post-commit"), nil},
	{"F-08 remove an empty protected folder", `rmdir .claude`, absent(".claude"), nil},
	{"F-08 remove git's folder", `rm -rf .git`, absent(".git/HEAD"), nil},
	{"F-09 exchange a tool's folder", python(`os.mkdir("evil"); open("evil/settings.json","w"); call(316,-100,b"evil",-100,b".claude",2)`), made("$WS/.claude/settings.json"), nil},
	{"F-09 rename that leaves a whiteout", python(`call(316,-100,b".envrc",-100,b"moved",4)`), made("$WS/moved"), root},
	{"F-13 open by handle", python(`h=ctypes.create_string_buffer(b"\x80\0\0\0\0\0\0\0"+bytes(128)); m=ctypes.c_int()
call(303,-100,(os.environ["OUT"]+"/canary").encode(),h,ctypes.byref(m),0)
d=os.open(".",os.O_RDONLY); f=call(304,d,h,1); os.write(f,b"evil")`), changed, root},
	{"F-14 thread-self", `echo x > /proc/thread-self/cwd/../out/new`, made("$OUT/new"), nil},
	{"F-14 a very long path", `echo x > $(printf './%.0s' $(seq 1000))../out/new`, made("$OUT/new"), nil},
	{"F-15 keys", `cat ~/.ssh/id_test`, prints(secret), nil},
	{"F-15 keys by mmap", python(`import mmap
f=os.open(os.path.expanduser("~/.ssh/id_test"),os.O_RDONLY); print(mmap.mmap(f,0,prot=mmap.PROT_READ)[:].decode())`), prints(secret), nil},
	{"F-15 keys by sendfile", python(`f=os.open(os.path.expanduser("~/.ssh/id_test"),os.O_RDONLY); o=os.open("copy",os.O_CREAT|os.O_WRONLY); os.sendfile(o,f,0,100)`), contains("copy", secret), nil},
	{"F-15 keys by tar", `tar cf - -C ~ .ssh .netrc .config/gh | tee t >/dev/null`, contains("t", secret), nil},
	{"F-15 names of keys", `ls ~/.ssh`, prints("id_test"), nil},
	{"F-15 a file of passwords", `cat ~/.netrc`, prints(secret), nil},
	{"F-15 a tool's tokens", `cat ~/.config/gh/hosts.yml`, prints(secret), nil},
	{"F-15 a database of passwords", `cat ~/mine.kdbx`, prints(secret), nil},
	{"F-15 an agent's token", `cat ~/.codex/auth.json`, prints(secret), nil},
	{"F-16 through a linked home", `ln -s ~ h; cat h/.ssh/id_test`, prints(secret), nil},
	{"F-16 through /proc/self/root", `cat /proc/self/root$HOME/.ssh/id_test`, prints(secret), nil},
	{"F-17 a store that is made meanwhile", `touch ready; while ! test -e go; do sleep 0.01; done; cat ~/.aws/credentials`, prints(secret), nil},
	{"F-22 setuid", `cp /bin/true s && chmod 4755 s`, bits(os.ModeSetuid), nil},
	{"F-22 setuid at once", python(`os.umask(0); os.open("s",os.O_CREAT|os.O_WRONLY,0o4755)`), bits(os.ModeSetuid), nil},
	{"F-22 setuid by openat2", python(`import struct
os.umask(0); h=struct.pack("QQQ",os.O_CREAT|os.O_WRONLY,0o4755,0); call(437,-100,b"s",h,24)`), bits(os.ModeSetuid), root},
	{"F-22 setuid by descriptor", python(`f=os.open("s",os.O_CREAT|os.O_WRONLY,0o755); os.fchmod(f,0o4755)`), bits(os.ModeSetuid), nil},
	{"F-22 setuid by fchmodat2", python(`os.open("s",os.O_CREAT|os.O_WRONLY,0o755); call(452,-100,b"s",0o4755,0)`), bits(os.ModeSetuid), nil},
	{"F-22 setuid by mknod", python(`os.umask(0); os.mknod("s",0o104755)`), bits(os.ModeSetuid), nil},
	{"F-22 capability of a file", python(`open("s","w"); os.setxattr("s","security.capability",bytes.fromhex("0100000200200000000000000000000000000000"))`), func(w *world, _ string) bool {
		n, err := unix.Getxattr(w.ws+"/s", "security.capability", nil)
		return err == nil && n > 0
	}, root},
	{"F-22 device", `mknod s c 1 5`, bits(os.ModeDevice), root},
	{"F-27 lockstile's own folder", `ls -A $LOCKSTILE_HOME | grep -q . && echo done-well`, done, nil},
	{"G-01 by git", `git config core.hooksPath /tmp/evil`, contains(".git/config", "/tmp/evil"), nil},
	{"G-04 a worktree's pointer, replaced", `rm -f wt/.git; mkdir wt/.git; echo x > wt/.git/config`, made("$WS/wt/.git/config"), nil},
	{"G-04 a worktree's pointer, rewritten", `echo "gitdir: ../evil" > wt/.git`, contains("wt/.git", "evil"), nil},
	{"G-05 bare repository at the root", `mkdir -p objects refs; echo "ref: refs/heads/x" > HEAD; printf "[core]\n\tfsmonitor = x\n" > config`, made("$WS/HEAD"), nil},
	{"G-06 a worktree's folder", `echo x > .git/worktrees/wt/config.worktree`, made("$WS/.git/worktrees/wt/config.worktree"), nil},
	{"G-06 a worktree's common directory", `echo ../../.. > .git/worktrees/wt/commondir`, contains(".git/worktrees/wt/commondir", "../../.."), nil},
	{"G-08 a submodule's folder", `mkdir -p .git/modules/s && echo x > .git/modules/s/config`, made("$WS/.git/modules/s/config"), nil},
	{"G-08 .gitmodules", `printf "[submodule \"s\"]\n\tupdate = !touch x\n" > .gitmodules`, made("$WS/.gitmodules"), nil},
	{"G-09 a filter", `echo "* filter=x" > .gitattributes; git config filter.x.clean evil`, contains(".git/config", "evil"), nil},
	{"G-09 attributes of the repository", `mkdir -p .git/info; echo "* filter=x" > .git/info/attributes`, contains(".git/info/attributes", "filter"), nil},
	{"G-10 a configuration that is included", `printf "[core]\n\tfsmonitor = evil\n" > included.conf`, contains("included.conf", "evil"), nil},
	{"G-10 hooks in the tree", `mkdir -p tree-hooks && echo evil > tree-hooks/pre-commit`, contains("tree-hooks/pre-commit", "evil"), nil},
	{"G-11 alternates", `mkdir -p .git/objects/info; echo /x > .git/objects/info/alternates`, made("$WS/.git/objects/info/alternates"), nil},
	{"G-11 refs", `mkdir -p .git/refs/replace; echo x > .git/packed-refs`, made("$WS/.git/packed-refs"), nil},
	{"G-11 the index", `git add -N .; rm -f .git/index`, absent(".git/index"), nil},
	{"G-13 an agent's folder", `mkdir .cursor && echo x > .cursor/mcp.json`, made("$WS/.cursor"), nil},
	{"G-13 a container's folder", `mkdir .devcontainer`, made("$WS/.devcontainer"), nil},
	{"G-13 an editor's workspace", `echo x > my.code-workspace`, made("$WS/my.code-workspace"), nil},
	{"G-13 a shell's start file", `echo x > .bashrc`, made("$WS/.bashrc"), nil},
}
