// Package socks is SOCKS 5 as far as a client may use it: CONNECT, without a password (RFC
// 1928). Package socks must never connect to anything, and never take more bytes than the
// client's messages: what follows is for the server.
package socks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
)

// Version is the first byte of a client.
const Version = 5

// The replies to a request (RFC 1928, 6).
const (
	Succeeded   = 0
	Failed      = 1
	NotAllowed  = 2
	Unreachable = 4
	NoCommand   = 7
	NoAddress   = 8
)

const (
	withoutPassword = 0
	noMethod        = 0xff
	commandConnect  = 1
	addressIPv4     = 1
	addressName     = 3
	addressIPv6     = 4
)

// errVersion is the error of a client of another version, or of another protocol.
var errVersion = errors.New("no SOCKS 5")

// Greet answers the greeting of a client, whose first byte is still to be read. A client
// that offers only passwords is refused.
func Greet(c io.ReadWriter) error {
	head, err := take(c, 2)
	if err != nil {
		return err
	}
	if head[0] != Version {
		return errVersion
	}
	methods, err := take(c, int(head[1]))
	if err != nil {
		return err
	}
	for _, m := range methods {
		if m == withoutPassword {
			_, err = c.Write([]byte{Version, withoutPassword})
			return err
		}
	}
	_, _ = c.Write([]byte{Version, noMethod})
	return errors.New("the client knows only ways with a password")
}

// Request reads a request to connect, and returns the host as the client wrote it. After a
// request that can't be served the client has the reply, and the error says why.
func Request(c io.ReadWriter) (host string, port uint16, err error) {
	head, err := take(c, 4)
	if err != nil {
		return "", 0, err
	}
	if head[0] != Version || head[2] != 0 {
		return "", 0, errVersion
	}
	if host, err = address(c, head[3]); err != nil {
		if errors.Is(err, errKind) {
			_ = Reply(c, NoAddress)
		}
		return "", 0, err
	}
	number, err := take(c, 2)
	if err != nil {
		return "", 0, err
	}
	if head[1] != commandConnect {
		_ = Reply(c, NoCommand)
		return "", 0, fmt.Errorf("the command %d: only CONNECT is served", head[1])
	}
	return host, binary.BigEndian.Uint16(number), nil
}

var errKind = errors.New("an address of an unknown kind")

// address reads the address of a request.
func address(c io.Reader, kind byte) (string, error) {
	switch kind {
	case addressIPv4, addressIPv6:
		length := 4
		if kind == addressIPv6 {
			length = 16
		}
		b, err := take(c, length)
		if err != nil {
			return "", err
		}
		a, _ := netip.AddrFromSlice(b)
		return a.String(), nil
	case addressName:
		length, err := take(c, 1)
		if err != nil {
			return "", err
		}
		name, err := take(c, int(length[0]))
		return string(name), err
	}
	return "", errKind
}

// Reply answers a request. The address of the reply is empty: it would tell the client an
// address of the host.
func Reply(c io.Writer, code byte) error {
	_, err := c.Write([]byte{Version, code, 0, addressIPv4, 0, 0, 0, 0, 0, 0})
	return err
}

// take reads just n bytes.
func take(r io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, fmt.Errorf("the client went away: %w", err)
	}
	return b, nil
}
