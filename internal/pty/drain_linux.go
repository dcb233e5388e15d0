//go:build linux

package pty

import "golang.org/x/sys/unix"

// drain moves a command's output into the caller's pipe.
type drain struct {
	from  int   // the reading end of the command's pipe
	to    int   // the caller's pipe
	ended *bell // after the ring: stop when no more output waits
	abort *bell // after the ring: stop
	done  chan struct{}
	err   error
}

// run moves output until the command's ends are closed, the caller's reader goes, or a bell
// rings. When the reader goes, run closes the command's pipe: the command gets SIGPIPE, as
// if it wrote into the caller's pipe itself.
func (d *drain) run() {
	defer close(d.done)
	defer d.close()
	for {
		over, err := d.await()
		if over || err != nil {
			d.err = err
			return
		}
		n, err := unix.Splice(d.from, nil, d.to, nil, pipeSize, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN: // the caller's pipe is full
			if _, err := await(d.to, unix.POLLOUT, d.abort, -1); err != nil {
				d.err = ErrCutOff
				return
			}
		case err == unix.EPIPE, err == nil && n == 0:
			return
		case err != nil:
			d.err = err
			return
		}
	}
}

// await waits for output. over is true when no more output will be moved.
func (d *drain) await() (over bool, err error) {
	fds := []unix.PollFd{{Fd: int32(d.abort.fd), Events: unix.POLLIN}, {Fd: int32(d.ended.fd), Events: unix.POLLIN},
		{Fd: int32(d.from), Events: unix.POLLIN}, {Fd: int32(d.to)}}
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return true, err
		case fds[0].Revents != 0:
			return true, ErrCutOff
		case fds[2].Revents != 0:
			return false, nil
		default: // nothing waits, and the command has ended or nobody reads the caller's pipe
			return true, nil
		}
	}
}

func (d *drain) close() {
	_ = unix.Close(d.from)
	_ = unix.Close(d.to)
}
