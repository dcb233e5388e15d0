package model

import (
	"net/http"
	"slices"
)

// ImageTypes are the formats of images that models take.
var ImageTypes = [...]string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// ImageType returns the format of an image by its bytes, "" if no model takes the image.
func ImageType(image []byte) string {
	if kind := http.DetectContentType(image); slices.Contains(ImageTypes[:], kind) {
		return kind
	}
	return ""
}
