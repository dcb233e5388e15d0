package stores

import (
	"os"
	"strings"
	"testing"
)

// TestStoresAreInTheDocs keeps docs/reading.md true.
func TestStoresAreInTheDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/reading.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range Patterns("/home") {
		if name := strings.TrimPrefix(pattern, "/home/"); !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("%s is not in docs/reading.md", name)
		}
	}
}
