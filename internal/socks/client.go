package socks

import (
	"encoding/binary"
	"net/netip"
)

// Ask returns the messages of a client that asks for an address, without a password: a server
// may get them at once.
func Ask(to netip.AddrPort) []byte {
	kind := byte(addressIPv4)
	if to.Addr().Is6() {
		kind = addressIPv6
	}
	b := append([]byte{Version, 1, withoutPassword, Version, commandConnect, 0, kind}, to.Addr().AsSlice()...)
	return binary.BigEndian.AppendUint16(b, to.Port())
}

// AnswerSize is how many bytes Greet and Reply write in answer to Ask.
const AnswerSize = 2 + 10

// Answered returns the reply in an answer to Ask.
func Answered(answer [AnswerSize]byte) byte { return answer[2+1] }
