package mcp

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// progressPause lies between two notices of a waiting call. Clients that ask for notices
// give up on a silent call.
const progressPause = time.Second

// waiting sends notices for a waiting call until stop is called, if the client asked for
// notices.
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
				// A client that misses the notice loses nothing more.
				_ = r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
					ProgressToken: token, Progress: time.Since(begun).Seconds(), Message: "the command runs",
				})
			}
		}
	}()
	return func() { cancel(); <-over } // no notice comes after the answer
}
