//go:build linux

package launch

import (
	"testing"
	"time"
)

func TestWhatWaitsIsLetGo(t *testing.T) {
	defer func(was time.Duration) { mostIdle = was }(mostIdle)
	mostIdle = 10 * time.Millisecond
	l := NewLauncher()
	defer l.Close()
	l.Prepare(thePlan(t))
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		ahead := l.ahead
		l.mu.Unlock()
		if ahead == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("it still waits")
		}
	}
}
