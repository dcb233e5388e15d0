package lockstile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/launch"
)

// TestGitEndHasNoSecrets checks that the end line doesn't repeat a secret that a command
// tried to write into a configuration.
func TestGitEndHasNoSecrets(t *testing.T) {
	const secret = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
	did := &launch.Git{Denied: []launch.Denied{{Name: "refs/x/" + secret, Why: `the section [remote "x"] has the key url = https://u:` + secret + `@github.com/x`, Count: 1}}}
	line, err := json.Marshal(gitEndOf(did, ""))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(line), secret) || !strings.Contains(string(line), "the section [remote") {
		t.Errorf("%s", line)
	}
}
