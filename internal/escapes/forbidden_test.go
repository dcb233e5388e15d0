package escapes

import "regexp"

// forbidden finds complete sequences that must never come out of a Filter. forbidden is
// written independently of the parser, over bytes, in the plain forms only.
var forbidden = regexp.MustCompile("(?s)" +
	"\x1b\\](0*52|0*5522|0*5113|0*83)(;[^\x07\x1b\x18\x1a]*)?(\x07|\x1b\\\\)" +
	"|\x1b\\[0*2[01](;[0-9;]*)?t" +
	"|\x1b\\[0*20[01]~" +
	"|\x1b\\]0*1337;(File|MultipartFile|FilePart|Copy)=[^\x07\x1b\x18\x1a]*(\x07|\x1b\\\\)" +
	"|\x1b_G([^\x1b;\x18\x1a]*,)?t=[fts][^\x1b\x18\x1a]*\x1b\\\\" +
	"|\x1bP[0-9;]*\\|[^\x1b\x18\x1a]*\x1b\\\\" +
	"|\x1b\\[\\?([0-9]*;)*0*2(;[0-9;]*)?l" +
	"|\x1b%@")
