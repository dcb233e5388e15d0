package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lockstile/lockstile/internal/plain"
)

// version is the version of the line layout.
const version = 1

// maxNumber is the greatest seq: readers with float64 numbers, such as jq, are exact up
// to here.
const maxNumber = 1 << 53

// reserved are the keys that the log itself writes. A record may not have a reserved key,
// in any case of letters, since several readers (encoding/json among them) fold case.
var reserved = []string{"v", "seq", "time", "prev", "torn"}

// record is the chain's part of a line.
type record struct {
	version uint64
	seq     uint64
	prev    string
	torn    int64
}

// encodeFields returns the members of record's JSON object without the braces.
func encodeFields(record any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // the log is read by people: && stays &&
	if err := enc.Encode(record); err != nil {
		return nil, err
	}
	text := bytes.TrimSpace(buf.Bytes())
	if len(text) < 2 || text[0] != '{' {
		return nil, errors.New("it is not a JSON object")
	}
	if err := checkKeys(text); err != nil {
		return nil, err
	}
	return plain.JSON(text[1 : len(text)-1]), nil
}

// checkKeys looks at the outermost keys of a compact JSON object.
func checkKeys(object []byte) error {
	depth, key := 0, true
	for i := 0; i < len(object); i++ {
		switch object[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			key = depth == 1
		case '"':
			end := i + stringLen(object[i:])
			if depth == 1 && key {
				if err := checkKey(object[i:end]); err != nil {
					return err
				}
				key = false
			}
			i = end - 1
		}
	}
	return nil
}

func checkKey(quoted []byte) error {
	var name string
	if err := json.Unmarshal(quoted, &name); err != nil {
		return err
	}
	for _, r := range reserved {
		if strings.EqualFold(name, r) {
			return fmt.Errorf("its key %q is the log's own", name)
		}
	}
	return nil
}

// stringLen returns the length of the JSON string at the beginning of text, with the
// quotes.
func stringLen(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// appendLine adds the line after last, without a newline.
func appendLine(buf []byte, last mark, torn int64, now time.Time, fields []byte) []byte {
	buf = append(buf, `{"v":`...)
	buf = strconv.AppendUint(buf, version, 10)
	buf = append(buf, `,"seq":`...)
	buf = strconv.AppendUint(buf, last.seq+1, 10)
	buf = append(buf, `,"time":"`...)
	buf = now.UTC().AppendFormat(buf, time.RFC3339Nano)
	buf = append(buf, `","prev":"`...)
	buf = append(buf, last.hash...)
	buf = append(buf, '"')
	if torn > 0 {
		buf = append(buf, `,"torn":`...)
		buf = strconv.AppendInt(buf, torn, 10)
	}
	if len(fields) > 0 {
		buf = append(buf, ',')
		buf = append(buf, fields...)
	}
	return append(buf, '}')
}

// parseRecord reads the chain's part of a line by its exact bytes: no two readers can
// read the part differently.
func parseRecord(line []byte) (record, error) {
	c := cursor{rest: line}
	var r record
	r.version = c.number(`{"v":`)
	r.seq = c.number(`,"seq":`)
	stamp := c.quoted(`,"time":"`)
	r.prev = c.quoted(`,"prev":"`)
	if bytes.HasPrefix(c.rest, []byte(`,"torn":`)) {
		r.torn = int64(c.number(`,"torn":`))
	}
	if !json.Valid(line) {
		return r, errors.New("it is not valid JSON")
	}
	if c.bad != "" {
		return r, fmt.Errorf("it does not have %s in its place", c.bad)
	}
	if _, err := time.Parse(time.RFC3339Nano, stamp); err != nil {
		return r, errors.New("its time is not a time")
	}
	if !isHash([]byte(r.prev)) {
		return r, errors.New("its prev is not a hash")
	}
	if r.seq == 0 {
		return r, errors.New("its seq is 0")
	}
	return r, nil
}

// cursor walks the fixed beginning of a line; bad keeps the first part that was missing.
type cursor struct {
	rest []byte
	bad  string
}

func (c *cursor) number(key string) uint64 {
	digits := c.until(key, ",}")
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || n > maxNumber || strconv.FormatUint(n, 10) != digits {
		c.miss(key)
	}
	return n
}

func (c *cursor) quoted(key string) string {
	s := c.until(key, `"`)
	if len(c.rest) == 0 {
		c.miss(key)
		return s
	}
	c.rest = c.rest[1:]
	return s
}

func (c *cursor) until(key, stop string) string {
	rest, ok := bytes.CutPrefix(c.rest, []byte(key))
	i := bytes.IndexAny(rest, stop)
	if !ok || i < 0 {
		c.miss(key)
		return ""
	}
	c.rest = rest[i:]
	return string(rest[:i])
}

func (c *cursor) miss(key string) {
	if c.bad == "" {
		c.bad = strings.Trim(key, `{,:"`)
	}
}

// looksTorn reports whether text may be the beginning of a line of the log.
func looksTorn(text []byte) bool {
	const begin = `{"v":1,"seq":`
	n := min(len(text), len(begin))
	return n > 0 && string(text[:n]) == begin[:n]
}

func hashLine(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

func isHash(s []byte) bool {
	if len(s) != len(zeroHash) {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
