package survey

import (
	"reflect"
	"slices"
	"testing"
)

func FuzzDecode(f *testing.F) {
	t0 := &tree{root: "/r", at: 5, folders: map[string]*folder{"": {changed: 1, dirs: []string{"a"}, finds: []find{{kindTrusted, ".git"}, {kindBare, ""}}}, "a": {changed: 2}}, order: []string{"", "a"}}
	f.Add(string(t0.encode()))
	f.Add("")
	f.Add(knownFormat + "\x00/r\x005\x00")
	f.Add(knownFormat + "\x00/r\x005\x00=\x001\x00d../x\x00")
	if got := decode(string(t0.encode()), "/r"); !reflect.DeepEqual(got, t0) {
		f.Errorf("%+v", got)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := decode(text, "/r")
		if got == nil {
			return
		}
		if again := decode(string(got.encode()), "/r"); !reflect.DeepEqual(got, again) {
			t.Errorf("%q\n%+v\n%+v", text, got, again)
		}
		for _, rel := range got.order {
			if got.folders[rel] == nil || slices.ContainsFunc(got.folders[rel].dirs, func(d string) bool { return d == "/" }) {
				t.Errorf("%q: %+v", text, got)
			}
		}
	})
}
