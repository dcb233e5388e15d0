package lockstile

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/linux/measure"
	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/internal/proxywire"
	"github.com/lockstile/lockstile/policy"
)

// servers reaches servers by name for one command. lockstile-net starts when the first
// client has come to the listener: most commands ask for no server. nil is a start without
// rules for servers.
type servers struct {
	gate     *Gate
	policy   policy.Policy
	listener *os.File // ours until lockstile-net has it
	names    *os.File // likewise, the name server's socket; nil for none
	start    uint64   // the command's start line
	over     chan struct{}

	mu      sync.Mutex
	control *os.File // our end of the channel to lockstile-net, nil before
	ended   bool     // the command has ended

	// Of the goroutine until over is closed.
	child *Child
	lines int
	seen  map[refusedServer]bool
	first []refusedServer // the first ones of seen
	count connectionsField
}

// mostConnectionLines is how many decisions of a start have a line of their own.
const mostConnectionLines = 1000

// mostFirst is how many refusals are kept for the explanation of the command's end.
const mostFirst = 20

// denied lists the first refusals, after end.
func (s *servers) denied() []refusedServer {
	if s == nil {
		return nil
	}
	return s.first
}

// leadToServers tells the command's programs where servers by name are reached.
func leadToServers(i *intent, s *placedLaunch) error {
	if !i.plan.ByName {
		return nil
	}
	port, err := s.ServersPort()
	i.command.Env = withServers(i.policy, i.command.Env, port)
	s.sockets, s.socketsErr = measure.Sockets(s.Command())
	return err
}

// allowSockets lets a command reach the Unix sockets of its policy: each time the socket that
// has the name then, and never through a link.
func allowSockets(c *confined) {
	sockets := c.intent.facts.Sockets
	if len(sockets) == 0 {
		return
	}
	c.AllowSockets(func(device, inode uint64) bool {
		return slices.ContainsFunc(sockets, func(path string) bool {
			at, err := unix.Openat2(unix.AT_FDCWD, path, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS})
			if err != nil {
				return false
			}
			defer unix.Close(at)
			var stat unix.Stat_t
			return unix.Fstat(at, &stat) == nil && stat.Mode&unix.S_IFMT == unix.S_IFSOCK && stat.Dev == device && stat.Ino == inode
		})
	})
}

// leadConnects lets programs that know no proxy reach the addresses of the rules: lockstile-net
// decides again.
func leadConnects(c *confined) {
	n := c.intent.policy.Network
	if rules, err := netrules.ParseAll(n.Allow, n.Deny, n.Private); err == nil && c.intent.plan.ByName {
		c.Lead(func(to netip.AddrPort) bool { return proxywire.StandIns.Contains(to.Addr()) || rules.ByAddress(to) })
	}
}

// serve begins to reach servers for a released command.
func (g *Gate) serve(p policy.Policy, l *systemLaunch, start uint64) *servers {
	listener, names := l.TakeServers()
	if listener < 0 {
		return nil
	}
	s := &servers{gate: g, policy: p, listener: polled(listener, "listener"), names: polled(names, "names"), start: start, over: make(chan struct{}), seen: map[refusedServer]bool{}}
	go s.run()
	return s
}

// polled returns a descriptor of ours as a file that a goroutine can wait for; nil for -1.
func polled(fd int, name string) *os.File {
	if fd < 0 {
		return nil
	}
	_ = unix.SetNonblock(fd, true)
	return os.NewFile(uintptr(fd), name)
}

// run reaches servers until the command ends.
func (s *servers) run() {
	defer close(s.over)
	if !s.awaitClient() {
		return
	}
	err := s.begin()
	s.closeSockets() // lockstile-net has them; without lockstile-net nothing is reached
	if err == nil {
		s.count.By = s.child.Record().Seq
		err = s.hear()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && !s.ended {
		s.count.Error = "no server can be reached any more: " + err.Error()
	}
}

func (s *servers) closeSockets() {
	s.listener.Close()
	s.names.Close() // nil is as good
}

// awaitClient waits until a connection or a question for a name has come; the end of the
// command ends the wait.
func (s *servers) awaitClient() bool {
	came := make(chan bool, 2)
	go func() { came <- readable(s.names) }()
	go func() { came <- readable(s.listener) }()
	return <-came || <-came
}

// readable waits until a file can be read; the end of the file ends the wait.
func readable(f *os.File) bool {
	if f == nil {
		return false
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	came := false
	err = conn.Read(func(fd uintptr) bool {
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(ready, 0)
		came = n > 0 && err == nil
		return came
	})
	return came && err == nil
}

// begin starts lockstile-net, and hands the rules and the listener over.
func (s *servers) begin() error {
	program, err := findServersProgram()
	if err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socketpair", err)
	}
	_ = unix.SetNonblock(pair[0], true) // of a descriptor of ours; for the poller
	theirs := os.NewFile(uintptr(pair[1]), "lockstile-net")
	defer theirs.Close()
	control := os.NewFile(uintptr(pair[0]), "lockstile-net")
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err == nil {
		defer null.Close()
		err = s.handOver(pair[0])
	}
	if err == nil {
		s.child, err = s.gate.start(Request{Policy: serversPolicy(s.policy, program, host.UserHome()), Argv: []string{program}, Stdin: theirs, Stdout: null, Stderr: null, Channel: serversProgram, ofServers: true})
	}
	if err != nil {
		control.Close()
		return serversRefused(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.control = control; s.ended {
		s.shutdown()
	}
	return nil
}

// handOver sends the first message, which waits for lockstile-net.
func (s *servers) handOver(channel int) error {
	n := s.policy.Network
	first, err := json.Marshal(proxywire.Begin{Allow: n.Allow, Deny: n.Deny, Private: n.Private})
	if err != nil {
		return err
	}
	var sent error
	err = withNumbers([]*os.File{s.listener, s.names}, nil, func(fds []int) {
		sent = unix.Sendmsg(channel, first, unix.UnixRights(fds...), nil, unix.MSG_NOSIGNAL)
	})
	return errors.Join(err, os.NewSyscallError("sendmsg", sent))
}

// withNumbers calls f with the numbers of the files, which no other file can get meanwhile.
func withNumbers(files []*os.File, fds []int, f func(fds []int)) error {
	if len(files) == 0 {
		f(fds)
		return nil
	}
	if files[0] == nil {
		return withNumbers(files[1:], fds, f)
	}
	conn, err := files[0].SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = conn.Control(func(fd uintptr) { inner = withNumbers(files[1:], append(fds, int(fd)), f) })
	return errors.Join(err, inner)
}

var errEnded = errors.New(serversProgram + " has ended")

// hear records the decisions until the channel ends. What is no decision, or can't be
// recorded, ends lockstile-net: nothing more is reached.
func (s *servers) hear() error {
	b := make([]byte, proxywire.MostMessage+1)
	for {
		n, err := s.control.Read(b)
		if err != nil || n == 0 {
			return errEnded
		}
		d, err := proxywire.ParseDecision(b[:n])
		if err == nil {
			err = s.record(d)
		}
		if err == nil && d.Allowed {
			_, err = s.control.Write([]byte(proxywire.Recorded))
		}
		if err != nil {
			_ = s.child.Signal(syscall.SIGKILL) // an ended process is as good
			return err
		}
	}
}

// record writes the line of a decision, unless the same refusal was written or there are many
// lines.
func (s *servers) record(d proxywire.Decision) error {
	if d.Again > 0 {
		s.count.Allowed += d.Again
		s.count.Unlogged += d.Again
		return nil
	}
	if d.Allowed {
		s.count.Allowed++
	} else {
		s.count.Refused++
	}
	if !s.worthALine(d) {
		s.count.Unlogged++
		return nil
	}
	s.lines++
	_, err := s.gate.log.Append(connectionLine{"connection", s.start, d.Via, d.Host, d.Port, d.Allowed, d.Rule, d.Reason, d.Address, d.Others})
	return err
}

// worthALine reports whether a decision gets a line, and remembers refusals.
func (s *servers) worthALine(d proxywire.Decision) bool {
	if !d.Allowed {
		key := refusedServer{d.Host, d.Port, d.Reason}
		if s.seen[key] || len(s.seen) >= mostConnectionLines {
			return false
		}
		s.seen[key] = true
		if len(s.first) < mostFirst && d.Host != proxywire.Unknown {
			s.first = append(s.first, key)
		}
	}
	return s.lines < mostConnectionLines
}

// mostFlush is how long lockstile-net may take to tell its last decisions.
const mostFlush = time.Second

// end ends lockstile-net when the command has ended, and returns the counts; nil if no
// client came.
func (s *servers) end() *connectionsField {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	s.ended = true
	s.closeSockets()
	if s.control != nil {
		s.shutdown()
	}
	s.mu.Unlock()
	late := time.AfterFunc(mostFlush, func() { // a stopped process, or a machine under load
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.control != nil {
			s.control.Close()
		}
	})
	<-s.over
	late.Stop()
	if s.child == nil && s.count.Error == "" {
		return nil
	}
	if s.child != nil {
		s.control.Close()
		_ = s.child.Signal(syscall.SIGKILL) // an ended process is as good
		_, _ = s.child.Wait()
	}
	return &s.count
}

// shutdown tells lockstile-net that the command has ended. The caller holds mu.
func (s *servers) shutdown() {
	conn, err := s.control.SyscallConn()
	if err == nil {
		err = conn.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_WR) }) // an ended process is as good
	}
	if err != nil {
		s.control.Close()
	}
}
