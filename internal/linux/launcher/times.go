//go:build linux

package launcher

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/linux/tape"
)

// Times returns the calls made by the processes, in the order of the tape. The launcher
// must TakeTimes before. The time of the first call includes the clone, and the time of
// the command's first call includes the fork.
func (l *Launch) Times() []launch.StepTime {
	var out []launch.StepTime
	last := map[string]int64{whoBoth: l.cloned}
	for i, s := range stepsOf(l.tape, l.parts) {
		at, ran := l.tape.Returned(tape.Op(i))
		if !ran {
			continue
		}
		if last[s.Process] == 0 {
			last[s.Process] = last[whoBoth]
		}
		out = append(out, launch.StepTime{Step: s, Took: time.Duration(at - last[s.Process])})
		last[s.Process] = at
	}
	return out
}

// now is the time on the clock of tape.Returned.
func now() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // can't fail with this clock, clock_gettime(2)
	return ts.Nano()
}
