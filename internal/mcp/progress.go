package mcp

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// progressPause lies between two notices that a call still waits. Clients that
// ask for them give up on a call from which they hear nothing.
const progressPause = time.Second

// waiting tells the client, where it asked for that, that a call still waits,
// until stop is called.
func waiting(ctx context.Context, r *mcp.CallToolRequest) (stop func()) {
	token := r.Params.GetProgressToken()
	if token == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		begun := time.Now()
		ticker := time.NewTicker(progressPause)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				// A client that doesn't hear it loses nothing but the notice.
				_ = r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
					ProgressToken: token, Progress: time.Since(begun).Seconds(), Message: "the command runs",
				})
			}
		}
	}()
	return func() { cancel(); <-over } // no notice comes after the answer
}
