package agent

import (
	"strings"
	"testing"

	"github.com/lockstile/lockstile/policy"
)

// TestServersWords checks that a model is told which servers it reaches.
func TestServersWords(t *testing.T) {
	p := policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: "/ws"}
	if said := environment(p); !strings.Contains(said, "There is no network.") {
		t.Errorf("without rules: %s", said)
	}
	p.Network = policy.Network{Allow: []string{"registry.npmjs.org"}, Private: []string{"git.intern:22"}}
	if said := environment(p); strings.Contains(said, "There is no network.") || !strings.Contains(said, "registry.npmjs.org, git.intern:22. For another one") {
		t.Errorf("with rules: %s", said)
	}
}
