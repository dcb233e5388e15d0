package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// headSize is the constant length of sandbox.head, in bytes. Thus each write covers the
// write before and lies within one page, and a kill cannot split the write.
const headSize = 160

// headLine is the content of sandbox.head.
type headLine struct {
	Version uint64 `json:"v"`
	Seq     uint64 `json:"seq"`
	Hash    string `json:"hash"`
	Size    int64  `json:"size"` // size of the log after record seq
}

// writeHead notes m as the record written last.
func writeHead(f *os.File, m mark) error {
	text := fmt.Sprintf(`{"v":%d,"seq":%d,"hash":"%s","size":%d}`, version, m.seq, m.hash, m.end)
	_, err := f.WriteAt([]byte(text+strings.Repeat(" ", headSize-1-len(text))+"\n"), 0)
	return err
}

// readHead returns the mark in the head. ok is false if the head is empty or not in the
// form of writeHead.
func readHead(r io.ReaderAt) (m mark, ok bool) {
	buf := make([]byte, headSize+1)
	n, err := r.ReadAt(buf, 0)
	if err != io.EOF {
		return mark{}, false
	}
	return parseHead(buf[:n])
}

func parseHead(text []byte) (mark, bool) {
	if len(text) != headSize || text[headSize-1] != '\n' {
		return mark{}, false
	}
	var h headLine
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if dec.Decode(&h) != nil || len(bytes.TrimSpace(text[dec.InputOffset():])) != 0 {
		return mark{}, false
	}
	if h.Version != version || h.Seq > maxNumber || !isHash([]byte(h.Hash)) || h.Size < 0 {
		return mark{}, false
	}
	return mark{seq: h.Seq, hash: h.Hash, end: h.Size}, true
}
