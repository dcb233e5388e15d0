//go:build linux

package main

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// servePlainly is the comparison for BenchmarkExec: a server of the same SDK that runs
// the command with os/exec, unconfined and unrecorded.
func servePlainly() {
	s := mcp.NewServer(&mcp.Implementation{Name: "plain"}, nil)
	type in struct {
		Cmd   string `json:"cmd"`
		Shell string `json:"shell"`
		Login bool   `json:"login"`
	}
	mcp.AddTool(s, &mcp.Tool{Name: "exec_command"}, func(_ context.Context, _ *mcp.CallToolRequest, c in) (*mcp.CallToolResult, any, error) {
		out, err := exec.Command(c.Shell, "-c", c.Cmd).CombinedOutput()
		if err != nil {
			return nil, nil, err
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: string(out)}}}, nil, nil
	})
	if err := s.Run(context.Background(), &mcp.StdioTransport{}); err != nil {
		os.Exit(1)
	}
}

// BenchmarkExec measures exec_command of true over MCP, in turn with a server without a
// sandbox, and reports medians, the 99th percentile, and the ratio of the proven start.
func BenchmarkExec(b *testing.B) {
	dir := b.TempDir()
	for _, d := range []string{"ws", "home"} {
		if err := os.Mkdir(dir+"/"+d, 0o700); err != nil {
			b.Fatal(err)
		}
	}
	proven := exec.Command(core, "mcp", "-C", dir+"/ws")
	proven.Env = append(os.Environ(), "LOCKSTILE_HOME="+dir+"/home")
	plain := exec.Command(os.Args[0])
	plain.Env = append(os.Environ(), "LOCKSTILE_TEST_PLAIN_SERVER=1")
	var sessions []*mcp.ClientSession
	for _, cmd := range []*exec.Cmd{plain, proven} {
		c, err := mcp.NewClient(&mcp.Implementation{Name: "bench"}, nil).Connect(b.Context(), &mcp.CommandTransport{Command: cmd}, nil)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		sessions = append(sessions, c)
	}
	took := make([][]time.Duration, len(sessions))
	for b.Loop() {
		for i, c := range sessions {
			begun := time.Now()
			r, err := c.CallTool(b.Context(), &mcp.CallToolParams{Name: "exec_command", Arguments: map[string]any{"cmd": "true", "shell": "/bin/sh", "login": false}})
			took[i] = append(took[i], time.Since(begun))
			if err != nil || r.IsError {
				b.Fatalf("%+v %v", r, err)
			}
		}
	}
	for i, name := range []string{"plain", "proven"} {
		slices.Sort(took[i])
		b.ReportMetric(at(took[i], 50), name+"-p50-ms")
		b.ReportMetric(at(took[i], 99), name+"-p99-ms")
	}
	b.ReportMetric(at(took[1], 50)/at(took[0], 50), "times-plain-p50")
	b.ReportMetric(0, "ns/op")
}

func at(sorted []time.Duration, percent int) float64 {
	return float64(sorted[len(sorted)*percent/100].Microseconds()) / 1000
}
