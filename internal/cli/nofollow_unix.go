//go:build unix

package cli

import "syscall"

// noFollow opens no link, and waits for no FIFO.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
