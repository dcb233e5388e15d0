package policy

import (
	"os"
	"strings"
	"testing"
)

// TestStoresAreInTheDocs keeps docs/reading.md true.
func TestStoresAreInTheDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/reading.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range DefaultDenyRead("/home", "", Origin{}) {
		if name := strings.TrimPrefix(r.Pattern, "/home/"); !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("%s is not in docs/reading.md", name)
		}
	}
}
