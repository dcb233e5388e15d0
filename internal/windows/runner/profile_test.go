package runner

import (
	"slices"
	"testing"
)

func TestWithProfile(t *testing.T) {
	env := []string{"A=1", `Appdata=C:\Users\me\AppData`, `HOME=C:\Users\me`, "HOMEDRIVE=C:", `PATH=C:\Users\me\bin`, `USERPROFILE=C:\Users\me`}
	own := []string{`APPDATA=C:\Users\box\AppData`, `UserProfile=C:\Users\box`, "USERNAME=box"}
	want := []string{"A=1", `Appdata=C:\Users\box\AppData`, `HOME=C:\Users\box`, "HOMEDRIVE=C:", `PATH=C:\Users\me\bin`, `USERPROFILE=C:\Users\box`}
	if got := withProfile(env, own); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
