// Package tlshello reads the name of the server that a TLS client asks for (RFC 8446, 4.1.2;
// RFC 6066, 3), before any byte reaches a server. Package tlshello must never answer a
// client, and never take a message that servers may read otherwise.
package tlshello

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The bounds of what is read, in bytes.
const (
	mostHello  = 16 << 10 // of the message, in one record or several
	mostRecord = 1 << 14  // of a record (RFC 8446, 5.1)
)

const (
	recordHandshake = 22
	messageHello    = 1
	extensionName   = 0
	nameHost        = 0
	headRecord      = 5
	headMessage     = 4
	lengthRandom    = 32
	lengthVersion   = 2
	mostSession     = 32
)

// ErrNone is the error of a client that says something else than a ClientHello.
var ErrNone = errors.New("no TLS ClientHello")

// Read reads the whole ClientHello, and returns all bytes that were read, for the server, and
// the name; "" for a hello without a name. After an error the bytes are of no use.
func Read(r io.Reader) (read []byte, name string, err error) {
	var message []byte
	for whole := headMessage; len(message) < whole; {
		var payload []byte
		if read, payload, err = record(r, read); err != nil {
			return nil, "", err
		}
		message = append(message, payload...)
		if len(message) < headMessage {
			continue
		}
		if message[0] != messageHello {
			return nil, "", ErrNone
		}
		whole = headMessage + int(message[1])<<16 + int(binary.BigEndian.Uint16(message[2:]))
		if whole > mostHello {
			return nil, "", fmt.Errorf("a ClientHello of %d bytes is too long", whole)
		}
		if len(message) > whole {
			return nil, "", errors.New("something follows the ClientHello at once")
		}
	}
	name, err = nameIn(message[headMessage:])
	return read, name, err
}

// record reads a record of a handshake, and appends it to what was read.
func record(r io.Reader, read []byte) (all, payload []byte, err error) {
	at := len(read)
	read = append(read, make([]byte, headRecord)...)
	if _, err := io.ReadFull(r, read[at:]); err != nil {
		return nil, nil, short(err)
	}
	head := read[at:]
	length := int(binary.BigEndian.Uint16(head[3:]))
	if head[0] != recordHandshake || head[1] != 3 || length == 0 || length > mostRecord {
		return nil, nil, ErrNone // an empty record of a handshake is no TLS
	}
	if at+headRecord+length > 2*mostHello { // many small records
		return nil, nil, errors.New("a ClientHello in too many records")
	}
	at = len(read)
	read = append(read, make([]byte, length)...)
	if _, err := io.ReadFull(r, read[at:]); err != nil {
		return nil, nil, short(err)
	}
	return read, read[at:], nil
}

func short(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: the client went away", ErrNone)
	}
	return err
}

var errForm = errors.New("a ClientHello of another form")

// nameIn returns the name in the body of a ClientHello.
func nameIn(body []byte) (name string, err error) {
	b := &fields{rest: body}
	b.skip(lengthVersion + lengthRandom)
	session := b.vector(1)
	ciphers := b.vector(2)
	compression := b.vector(1)
	if b.bad || len(session) > mostSession || len(ciphers) == 0 || len(ciphers)%2 != 0 || len(compression) == 0 {
		return "", errForm
	}
	if len(b.rest) == 0 {
		return "", nil // before TLS 1.2 the extensions may be missing
	}
	extensions := &fields{rest: b.vector(2)}
	if b.bad || len(b.rest) > 0 {
		return "", errForm
	}
	for seen := map[uint16]bool{}; len(extensions.rest) > 0; {
		kind, data := extensions.number(), extensions.vector(2)
		if extensions.bad || seen[kind] { // a server could take the other one
			return "", errForm
		}
		seen[kind] = true
		if kind == extensionName {
			if name, err = nameOf(data); err != nil {
				return "", err
			}
		}
	}
	return name, nil
}

// nameOf returns the one name of an extension server_name.
func nameOf(data []byte) (string, error) {
	b := &fields{rest: data}
	list := &fields{rest: b.vector(2)}
	if b.bad || len(b.rest) > 0 {
		return "", errForm
	}
	kind := list.one()
	name := list.vector(2)
	if list.bad || len(list.rest) > 0 || kind != nameHost || len(name) == 0 {
		return "", errForm
	}
	return string(name), nil
}

// fields reads the presentation language of TLS (RFC 8446, 3).
type fields struct {
	rest []byte
	bad  bool // more was asked for than there is
}

func (b *fields) take(n int) []byte {
	if b.bad || n > len(b.rest) {
		b.bad, b.rest = true, nil
		return nil
	}
	out := b.rest[:n]
	b.rest = b.rest[n:]
	return out
}

func (b *fields) skip(n int) { b.take(n) }

func (b *fields) one() byte {
	if out := b.take(1); out != nil {
		return out[0]
	}
	return 0
}

func (b *fields) number() uint16 {
	if out := b.take(2); out != nil {
		return binary.BigEndian.Uint16(out)
	}
	return 0
}

// vector reads a vector whose length has a number of bytes, 1 or 2.
func (b *fields) vector(length int) []byte {
	if length == 1 {
		return b.take(int(b.one()))
	}
	return b.take(int(b.number()))
}
