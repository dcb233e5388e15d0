package beside

import (
	"runtime/debug"
	"testing"
)

func TestFetch(t *testing.T) {
	const path = "github.com/lockstile/lockstile"
	for _, c := range []struct {
		front       string
		main        debug.Module
		where, line string
	}{
		{"/a/bin/lockstile-agent", debug.Module{Path: path, Version: "v0.2.0", Sum: "h1:x"}, "",
			"GOBIN=/a/bin CGO_ENABLED=0 go install github.com/lockstile/lockstile/cmd/lockstile-agent@v0.2.0"},
		{"/a b/lockstile-mcp", debug.Module{Path: path, Version: "v0.2.0"}, "",
			"GOBIN='/a b' CGO_ENABLED=0 go install github.com/lockstile/lockstile/cmd/lockstile-mcp@v0.2.0"},
		{"/a/lockstile-mcp", debug.Module{Path: path, Version: "v0.2.1-0.20260101000000-0123456789ab", Sum: "h1:x"}, "",
			"GOBIN=/a CGO_ENABLED=0 go install github.com/lockstile/lockstile/cmd/lockstile-mcp@v0.2.1-0.20260101000000-0123456789ab"},
		// Nobody but the owner of the checkout may have the commit.
		{"/a/lockstile-mcp", debug.Module{Path: path, Version: "v0.2.1-0.20260101000000-0123456789ab+dirty"}, "in a checkout of lockstile: ",
			"CGO_ENABLED=0 go build -o /a/ ./cmd/lockstile-mcp"},
		{"/it's/lockstile-mcp", debug.Module{Path: path, Version: "(devel)"}, "in a checkout of lockstile: ",
			`CGO_ENABLED=0 go build -o '/it'\''s/' ./cmd/lockstile-mcp`},
		{"/a/lockstile-mcp", debug.Module{}, "in a checkout of lockstile: ", "CGO_ENABLED=0 go build -o /a/ ./cmd/lockstile-mcp"},
	} {
		if line := fetch(c.front, c.main); line != c.where+c.line {
			t.Errorf("%s of %+v: %q", c.front, c.main, line)
		}
	}
}
