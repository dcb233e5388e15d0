package lockstile

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/linux/launcher"
	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// ports are the published ports of a gate. Commands that share a loopback share its ports.
type ports struct {
	mu sync.Mutex
	by map[portOf]*publication
}

// portOf is a port of a loopback; "" is a loopback of a command's own.
type portOf struct {
	loopback string
	port     netrules.Published
}

// publication shows a port of a command's loopback on the host's.
type publication struct {
	key      portOf
	users    int // under ports.mu
	listener *os.File
	network  *launcher.Network
	places   chan struct{}
}

// mostGuests is how many connections come to a published port at a time; more wait.
const mostGuests = 64

// publish publishes the ports of a command, before its release. end takes them away.
func (g *Gate) publish(p policy.Policy, l *systemLaunch, loopback string) (end func(), err error) {
	network := l.TakeNetwork()
	if network == nil {
		return func() {}, nil
	}
	defer network.Close()
	var held []*publication
	end = func() {
		for _, one := range held {
			g.ports.leave(one)
		}
	}
	for _, text := range p.Network.Publish {
		port, err := netrules.ParsePublished(text)
		if err == nil {
			var one *publication
			if one, err = g.ports.take(portOf{loopback, port}, network); err == nil {
				held = append(held, one)
			}
		}
		if err != nil {
			end()
			return nil, publishRefused(port, err)
		}
	}
	return end, nil
}

func publishRefused(port netrules.Published, err error) error {
	out := &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StageConfine, Restriction: refusal.NetworkNamespace,
		Reason: fmt.Sprintf("port %d of %s, which network.publish names, can't be opened", port.At.Port(), port.At.Addr()), Hint: "publish another port, as HOSTPORT:" + fmt.Sprint(port.Port), Err: err}
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		out.Reason = fmt.Sprintf("port %d of %s, which network.publish names, is taken", port.At.Port(), port.At.Addr())
		out.Hint = fmt.Sprintf("end the program that has it (ss -ltnp 'sport = :%d' names it), or publish another one, as HOSTPORT:%d", port.At.Port(), port.Port)
	case errors.Is(err, unix.EACCES):
		out.Hint = fmt.Sprintf("ports below 1024 are root's: publish another one, as %d:%d", 8000+port.At.Port(), port.Port)
	}
	return out
}

// take returns the publication of a port, and makes it if there is none. A loopback of a
// command's own shares with none.
func (ps *ports) take(key portOf, network *launcher.Network) (*publication, error) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if one := ps.by[key]; one != nil && key.loopback != "" {
		one.users++
		return one, nil
	}
	listener, err := listenOn(key.port.At)
	if err != nil {
		return nil, err
	}
	again, err := network.Again()
	if err != nil {
		listener.Close()
		return nil, err
	}
	one := &publication{key: key, users: 1, listener: listener, network: again, places: make(chan struct{}, mostGuests)}
	if ps.by == nil {
		ps.by = map[portOf]*publication{}
	}
	ps.by[key] = one
	go one.serve()
	return one, nil
}

// leave takes the port away with its last command.
func (ps *ports) leave(one *publication) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if one.users--; one.users > 0 {
		return
	}
	if ps.by[one.key] == one {
		delete(ps.by, one.key)
	}
	one.listener.Close()
}

// listenOn listens on an address of the loopback.
func listenOn(at netip.AddrPort) (*os.File, error) {
	family, address := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: int(at.Port())})
	if at.Addr().Is6() {
		family, address = unix.AF_INET6, &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
	} else {
		address.(*unix.SockaddrInet4).Addr = at.Addr().As4()
	}
	s, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	// A port that a server has just left is free, and one that a server has is not (socket(7)).
	_ = unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err = os.NewSyscallError("bind", unix.Bind(s, address)); err == nil {
		err = os.NewSyscallError("listen", unix.Listen(s, unix.SOMAXCONN))
	}
	if err != nil {
		unix.Close(s)
		return nil, err
	}
	return os.NewFile(uintptr(s), "published port"), nil
}

// serve joins each connection with the port inside, until the port is taken away.
func (one *publication) serve() {
	defer func() {
		for range mostGuests { // the last guests are gone
			one.places <- struct{}{}
		}
		one.network.Close()
	}()
	conn, err := one.listener.SyscallConn()
	if err != nil {
		return
	}
	for {
		guest := -1
		one.places <- struct{}{}
		err := conn.Read(func(fd uintptr) bool {
			var err error
			guest, _, err = unix.Accept4(int(fd), unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
			return err != unix.EAGAIN
		})
		if err != nil {
			<-one.places
			return
		}
		if guest < 0 { // no descriptors are left, or the guest has gone
			<-one.places
			time.Sleep(10 * time.Millisecond)
			continue
		}
		go func() {
			defer func() { <-one.places }()
			one.join(os.NewFile(uintptr(guest), "guest"))
		}()
	}
}

// join passes bytes both ways. A server inside listens on 127.0.0.1 or on ::1.
func (one *publication) join(guest *os.File) {
	defer guest.Close()
	inside, err := one.dialInside()
	if err != nil {
		return
	}
	defer inside.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		pass(inside, guest)
	}()
	pass(guest, inside)
	_ = guest.SetReadDeadline(time.Now().Add(mostLeft)) // the server's half has ended
	<-done
}

// mostLeft is how long a guest may go on when the server has ended its half.
const mostLeft = time.Minute

// pass passes bytes one way, with their end.
func pass(to, from *os.File) {
	if _, err := io.Copy(to, from); err != nil {
		to.Close() // and so the other way ends
		from.Close()
		return
	}
	if conn, err := to.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_WR) }) // a socket that is gone is as good
	}
}

// dialInside connects to the port inside. On the loopback an answer comes at once.
func (one *publication) dialInside() (*os.File, error) {
	port := int(one.key.port.Port)
	var last error
	for _, to := range []unix.Sockaddr{&unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}, &unix.SockaddrInet6{Port: port, Addr: netip.IPv6Loopback().As16()}} {
		family := unix.AF_INET
		if _, six := to.(*unix.SockaddrInet6); six {
			family = unix.AF_INET6
		}
		s, err := one.network.Socket(family)
		if err != nil {
			return nil, err
		}
		_ = unix.SetsockoptTimeval(s, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Sec: 5}) // a full queue
		if last = unix.Connect(s, to); last == nil {
			_ = unix.SetNonblock(s, true) // of a descriptor of ours; for the poller
			return os.NewFile(uintptr(s), "inside"), nil
		}
		unix.Close(s)
	}
	return nil, os.NewSyscallError("connect", last)
}
