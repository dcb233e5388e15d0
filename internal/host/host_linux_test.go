package host

import "testing"

func TestFromRelease(t *testing.T) {
	for release, want := range map[string]bool{
		"6.14": true, "6.14.0": true, "6.18.44-fc-v669": true, "7.0-rc1": true, "6.14-rc3": true, "10.1": true,
		"6.13.9": false, "6.1.0-41-amd64": false, "5.99": false, "6": false, "": false, "x.y": false, "6.": false,
	} {
		if got := fromRelease(release, 6, 14); got != want {
			t.Errorf("%q: %v", release, got)
		}
	}
}
