//go:build linux

package launcher

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/gitdir"
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/linux/gitfs"
	"github.com/lockstile/lockstile/internal/linux/tape"
	"github.com/lockstile/lockstile/refusal"
)

// fuseFD is the number of the file system's device while the device is sent out: the mount
// options and the message contain the number, and therefore the number must be known before.
// No other descriptor can have the number yet: the sources of mounts are opened later.
const fuseFD = 33

// openFUSE opens the device of the file system. Only a device that was opened in the
// sandbox's user namespace can be mounted there, and the view's /dev has no such device.
func (w *writer) openFUSE() {
	at := w.restrict(refusal.GitDirectory)
	fd := at.Save("open /dev/fuse", tape.OK, unix.SYS_OPENAT, cwd, "/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	at.Do("put the device in its place", fuseFD, unix.SYS_DUP3, fd, fuseFD, unix.O_CLOEXEC)
}

// gitDirectory mounts the file system, and sends the device to us. Only processes of the
// sandbox's user namespace may use the file system (fuse(4), without allow_other).
func (w *writer) gitDirectory(path string) {
	at := w.restrict(refusal.GitDirectory)
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=%d,default_permissions", fuseFD, w.plan.UID, w.plan.GID)
	mount(at, "fuse", path, unix.MS_NOSUID|unix.MS_NODEV, options)
	message, _ := w.message(messageGit, unix.UnixRights(fuseFD))
	at.Do("send the device", 1, unix.SYS_SENDMSG, lifeFD, message, 0)
}

// takeDevice takes the device of the git directory's file system.
func (l *Launch) takeDevice(oob []byte) error {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return os.NewSyscallError("recvmsg", err)
	}
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		switch {
		case err != nil:
		case len(fds) == 1 && l.git == nil && l.plan != nil:
			return l.serveGit(fds[0])
		default:
			for _, fd := range fds {
				unix.Close(fd)
			}
		}
	}
	return nil
}

// NoMount reports whether a launch failed because the machine mounts no file system of
// ours.
func NoMount(f *launch.Fault) bool {
	var failed *tape.Failure
	return f.Restriction == refusal.GitDirectory && errors.As(f.Step, &failed)
}

// CheckGit returns why a git directory can't be served, or nil.
func CheckGit(workspace, dir, own string) error {
	folder, err := gitfs.Look(workspace, dir, own, nil)
	if err == nil {
		folder.Close()
	}
	return err
}

// serveGit begins to serve the git directory. The sender is the init.
func (l *Launch) serveGit(device int) error {
	folder, err := l.lookAtGit()
	if err != nil {
		unix.Close(device)
		return &launch.Fault{Who: "init", Restriction: refusal.GitDirectory, Step: err}
	}
	l.git = gitfs.New(device, folder, l.kept)
	l.git.Serve()
	return nil
}

func (l *Launch) lookAtGit() (*gitfs.Folder, error) {
	git := l.plan.Git()
	return gitfs.Look(l.plan.Workspace, git.Path, git.Own, l.plan.GivenUp)
}

// renewGit has the server look at the git directory again, for a command: the processes may
// have waited.
func (l *Launch) renewGit(kept string) error {
	if l.kept = kept; l.git == nil {
		return nil
	}
	folder, err := l.lookAtGit()
	if err != nil {
		return &launch.Fault{Who: "init", Restriction: refusal.GitDirectory, Step: err}
	}
	l.git.Begin(folder, kept)
	return nil
}

// GitRefusals is how many acts at the git directory the server has refused.
func (l *Launch) GitRefusals() int {
	if l.git == nil {
		return 0
	}
	return l.git.Refusals()
}

// gitTrials try what git on the host would obey.
func (w *writer) gitTrials() {
	git := w.plan.Git().Path
	if git == "" {
		return
	}
	const anew = unix.O_CREAT | unix.O_EXCL | unix.O_WRONLY
	w.tryOpen("ask the server of the git directory", git+"/"+gitfs.ProbeName, anew)
	w.tryOpen("make a commondir", git+"/commondir", anew)
	w.try("make a link in the git directory", unix.SYS_SYMLINKAT, "lockstile", cwd, git+"/.lockstile-link")
}

// finishGit ends the file system after the end of the tree.
func (l *Launch) finishGit() *launch.Git {
	if l.git == nil {
		return nil
	}
	report, err := l.git.Finish()
	l.git = nil
	out := &launch.Git{Kept: report.Kept, Err: err}
	for _, m := range report.Moves {
		out.Moves = append(out.Moves, launch.Move(m))
	}
	for _, d := range report.Denied {
		out.Denied = append(out.Denied, launch.Denied(d))
	}
	return out
}

// RestoreGit puts the refs of a git directory back as they were before the moves.
func RestoreGit(workspace, dir string, moves []launch.Move, kept string) (skipped map[string]string, err error) {
	folder, err := gitfs.Look(workspace, dir, "", nil)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	refs := make([]gitdir.Move, len(moves))
	for i, m := range moves {
		refs[i] = gitdir.Move(m)
	}
	return folder.Restore(refs, kept)
}
