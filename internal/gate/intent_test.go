package gate

import (
	"slices"
	"testing"
)

func TestWithTemp(t *testing.T) {
	got := withTemp([]string{"Temp=x", "A=1", "tmp=y", "TMPFOO=z"}, `C:\t`)
	if want := []string{"A=1", `TEMP=C:\t`, `TMP=C:\t`, `TMPDIR=C:\t`, "TMPFOO=z"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
