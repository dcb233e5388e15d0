package model

import "testing"

// TestImageType checks that the bytes decide.
func TestImageType(t *testing.T) {
	for image, want := range map[string]string{
		"\x89PNG\r\n\x1a\nrest": "image/png", "\xff\xd8\xffrest": "image/jpeg", "GIF89arest": "image/gif", "RIFF....WEBPVP8 ": "image/webp",
		"BM....": "", "<svg/>": "", "": "", "text": "",
	} {
		if got := ImageType([]byte(image)); got != want {
			t.Errorf("%q: %q, want %q", image, got, want)
		}
	}
}
