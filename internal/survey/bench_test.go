package survey

import (
	"os"
	"testing"
)

func BenchmarkWalkKnown(b *testing.B) {
	root := os.Getenv("BENCH_ROOT")
	if root == "" {
		b.Skip("BENCH_ROOT names no folder")
	}
	known, err := walk(root, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	text := string(known.encode())
	for b.Loop() {
		if t := decode(text, root); t == nil {
			b.Fatal("it is not known")
		} else if _, err := walk(root, nil, t); err != nil {
			b.Fatal(err)
		}
	}
}
