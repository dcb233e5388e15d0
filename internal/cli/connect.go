package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
)

// connectServer joins its streams with a server, for programs that take a command in place of a
// proxy. It runs inside, and the listener for servers by name decides.
func connectServer(args []string) int {
	set := settings.NewFlagSet("connect")
	if err := set.Parse(args); err != nil {
		return usage.Say(set, err, args)
	}
	target, err := connectTarget(set.Args())
	if err != nil {
		return usage.Say(set, err, args)
	}
	proxy, err := listenerHere()
	if err != nil {
		plain.Err("lockstile: %v\nhint: lockstile connect is for commands whose config.toml has rules: [network] allow = [%q]\n", err, target)
		return exitFail
	}
	server, err := openTunnel(proxy, target)
	if err != nil {
		plain.Err("%v\n", err)
		return exitFail
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, os.Stdin) // the server's end ends the program
		endWriting(server)
	}()
	if _, err := io.Copy(os.Stdout, server); err != nil {
		plain.Err("lockstile: %v\n", err)
		return exitFail
	}
	return exitOK
}

// connectTarget reads HOST PORT, or HOST:PORT.
func connectTarget(args []string) (string, error) {
	switch len(args) {
	case 1:
		return args[0], nil
	case 2:
		port, err := strconv.ParseUint(args[1], 10, 16)
		if err != nil || port == 0 {
			return "", fmt.Errorf("%q is no port", args[1])
		}
		return netrules.Join(strings.Trim(args[0], "[]"), uint16(port)), nil
	}
	return "", errors.New("say HOST PORT")
}

// listenerHere returns the listener for servers by name, as the gate has named it.
func listenerHere() (netip.AddrPort, error) {
	text, ok := strings.CutPrefix(os.Getenv("HTTPS_PROXY"), "http://")
	at, err := netip.ParseAddrPort(strings.TrimSuffix(text, "/"))
	if !ok || err != nil || !at.Addr().IsLoopback() {
		return at, errors.New("HTTPS_PROXY names no listener of lockstile")
	}
	return at, nil
}

// mostAnswer is the most bytes of the listener's answer.
const mostAnswer = 16 << 10

// openTunnel connects to the listener and asks for a server. The error has the listener's
// reason, with its hint.
func openTunnel(proxy netip.AddrPort, target string) (*os.File, error) {
	server, err := dialLoopback(proxy)
	if err != nil {
		return nil, fmt.Errorf("lockstile: the listener for servers can't be reached: %w", err)
	}
	_, err = fmt.Fprintf(server, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target)
	var header []byte
	for b := make([]byte, 1); err == nil && !bytes.HasSuffix(header, []byte("\r\n\r\n")) && len(header) < mostAnswer; {
		if _, err = io.ReadFull(server, b); err == nil { // what follows is the server's
			header = append(header, b...)
		}
	}
	if err == nil && !bytes.HasPrefix(header, []byte("HTTP/1.1 200 ")) {
		body, _ := io.ReadAll(io.LimitReader(server, mostAnswer))
		status, _, _ := strings.Cut(string(header), "\r\n")
		if err = errors.New(strings.TrimSpace(string(body))); len(body) == 0 {
			err = errors.New("lockstile: " + status)
		}
	}
	if err != nil {
		server.Close()
		return nil, err
	}
	return server, nil
}
