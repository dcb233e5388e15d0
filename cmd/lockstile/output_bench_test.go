//go:build linux

package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkOutput prints 100 MiB of lines on a terminal, and ten times as much on a pipe,
// bare and confined in turn, with the start. BenchmarkOutput reports the medians and the
// speed of confined relative to bare (1 is as fast). The reader is the same for both:
// cat, to nowhere.
func BenchmarkOutput(b *testing.B) {
	const size = 100 << 20
	dir := b.TempDir()
	if err := os.Mkdir(dir+"/ws", 0o755); err != nil {
		b.Fatal(err)
	}
	line := "a line of the usual length, as compilers and tests print them\n"
	if err := os.WriteFile(dir+"/ws/lines", []byte(strings.Repeat(line, size/len(line)+1)), 0o644); err != nil {
		b.Fatal(err)
	}
	for way, times := range map[string]int{"pipe": 10, "terminal": 1} {
		b.Run(way, func(b *testing.B) {
			cat := append([]string{"cat"}, slices.Repeat([]string{"lines"}, times)...)
			var bare, confined []time.Duration
			for b.Loop() {
				bare = append(bare, printed(b, way, dir, cat[0], cat[1:]...))
				confined = append(confined, printed(b, way, dir, program, append([]string{"run", "--"}, cat...)...))
			}
			x, y := median(bare), median(confined)
			b.ReportMetric(x.Seconds()*1e3, "bare-ms")
			b.ReportMetric(y.Seconds()*1e3, "confined-ms")
			b.ReportMetric(x.Seconds()/y.Seconds(), "of-bare-speed")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// printed returns the time of a program and the reader of its output.
func printed(b *testing.B, way, dir, name string, args ...string) time.Duration {
	b.Helper()
	read, write := outputEnds(b, way)
	reader := exec.Command("sh", "-c", "exec cat >/dev/null 2>&1")
	reader.Stdin = read
	if err := reader.Start(); err != nil {
		b.Fatal(err)
	}
	read.Close()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir + "/ws"
	cmd.Env = append(os.Environ(), "LOCKSTILE_HOME="+dir+"/home")
	cmd.Stdout, cmd.Stderr = write, write
	if way == "terminal" {
		cmd.Stdin = write
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	write.Close()
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	_ = reader.Wait() // EIO, if the end is a terminal's
	return time.Since(begin)
}

func outputEnds(b *testing.B, way string) (read, write *os.File) {
	b.Helper()
	if way == "terminal" {
		return openTerminal(b)
	}
	read, write, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	return read, write
}
