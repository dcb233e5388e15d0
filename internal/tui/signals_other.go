//go:build !unix

package tui

import "os"

// notified returns no signals: there is no screen on this operating system.
func notified() chan os.Signal { return make(chan os.Signal) }

func (*Screen) signalled(os.Signal) {}
