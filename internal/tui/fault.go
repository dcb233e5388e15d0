package tui

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// faultPlace names the line of the module that caused the present panic.
func faultPlace() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	panicked := false
	for {
		f, more := frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime.") && strings.Contains(f.Function, "panic"):
			panicked = true
		case panicked && !strings.HasPrefix(f.Function, "runtime."):
			return fmt.Sprintf("%s:%d", path.Base(f.File), f.Line)
		}
		if !more {
			return "place unknown"
		}
	}
}
