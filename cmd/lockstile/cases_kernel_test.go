//go:build linux

package main

import (
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// gets prints a line for a call that reached the kernel: the call fails, since its object
// is absent, but not for want of a right.
func gets(call string) string {
	return python(`import errno
try:
  ` + call + `
  print("let-"+"through")
except OSError as e:
  if e.errno not in (errno.EPERM,errno.EACCES,errno.ENOSYS): print("let-"+"through",e)`)
}

var through = prints("let-through")

// possible reports whether root can make a call on the machine. The call fails for its
// arguments; a few kernels don't have the call.
func possible(nr uintptr) func() bool {
	return func() bool {
		bad := uintptr(0xdead0000) // no address, descriptor or number
		_, _, errno := unix.Syscall6(nr, bad, bad, bad, 0, 0, 0)
		return root() && errno != unix.EPERM && errno != unix.EACCES && errno != unix.ENOSYS
	}
}

// compiled runs a small C program.
func compiled(code string) string {
	return "cat > p.c <<'E'\n" + code + "\nE\ngcc -O0 -w -o p p.c && ./p"
}

// thirtyTwo are calls by the interface of 32-bit programs.
const thirtyTwo = `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static int call(int nr,int a,int b,int c){int r; __asm__ volatile("int $0x80":"=a"(r):"a"(nr),"b"(a),"c"(b),"d"(c):"memory"); return r;}
int main(void){
  char *m=mmap(0,4096,3,MAP_PRIVATE|MAP_ANONYMOUS|0x40,-1,0);
  int *args=(int*)m; args[0]=2; args[1]=1; args[2]=0;
  int fd=call(102,1,(int)(long)args,0);
  unsigned char *sa=m+64; int port=atoi(getenv("PORT"));
  sa[0]=2; sa[2]=port>>8; sa[3]=port; sa[4]=127; sa[7]=1;
  args[0]=fd; args[1]=(int)(long)sa; args[2]=16;
  call(102,3,(int)(long)args,0);
  return 0;
}`

func gcc() bool {
	_, err := os.Stat("/usr/bin/gcc")
	return err == nil
}

// pinned looks at the affinity of the canary. The canary has all processors.
func pinned(w *world, _ string) bool {
	var set unix.CPUSet
	return unix.SchedGetaffinity(w.canary.Process.Pid, &set) == nil && set.Count() == 1
}

func limited(w *world, _ string) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(w.canary.Process.Pid) + "/limits")
	if err != nil {
		return false
	}
	for l := range strings.Lines(string(b)) {
		if strings.HasPrefix(l, "Max open files") {
			return strings.Fields(l)[3] == "77"
		}
	}
	return false
}

func manyProcessors() bool {
	var set unix.CPUSet
	return unix.SchedGetaffinity(0, &set) == nil && set.Count() > 1
}

// mqUnlink removes a queue, and reports whether the queue existed.
func mqUnlink(name *byte) bool {
	_, _, errno := unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(name)), 0, 0)
	return errno == 0
}

var hostileKernel = []caseRow{
	{"N-01 TCP, non-blocking", python(`import errno,select
s=socket.socket(); s.setblocking(False); s.connect_ex(("127.0.0.1",int(os.environ["PORT"]))); select.select([],[s],[],1)`), reached, nil},
	{"N-02 an address that stands for IPv4", python(`s=socket.socket(socket.AF_INET6); s.connect(("::ffff:127.0.0.1",int(os.environ["PORT"])))`), reached, nil},
	{"N-02 by name", python(`socket.create_connection(("localhost",int(os.environ["PORT"])))`), reached, nil},
	{"N-03 many messages at once", python(`s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)
for i in range(3): s.sendmsg([b"x"],[],0,("127.0.0.1",int(os.environ["PORT"])))`), reached, nil},
	{"N-03 connected UDP", python(`s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.connect(("127.0.0.1",int(os.environ["PORT"]))); s.send(b"x")`), reached, nil},
	{"N-06 32-bit calls", compiled(thirtyTwo), reached, gcc},
	{"N-07 fast open", python(`s=socket.socket(); s.sendto(b"x",0x20000000,("127.0.0.1",int(os.environ["PORT"])))`), reached, nil},
	{"N-07 multipath TCP", python(`s=socket.socket(socket.AF_INET,socket.SOCK_STREAM,262); s.connect(("127.0.0.1",int(os.environ["PORT"])))`), reached, nil},
	{"N-14 netlink of other kinds", python(`
for p in range(1,23):
  try: socket.socket(socket.AF_NETLINK,socket.SOCK_RAW,p); print("kind",p)
  except OSError: pass`), prints("kind"), nil},
	{"N-17 other families", python(`
for f in range(46):
  for t in (1,2,3,4,5):
    try:
      socket.socket(f,t).close()
      if f not in (1,2,10,16): print("family",f)
    except OSError: pass`), prints("family"), nil},
	{"N-20 messages of SysV", python(`k=call(68,0x4c55,0o1666)`), func(*world, string) bool {
		id, _, errno := unix.Syscall(unix.SYS_MSGGET, 0x4c55, 0, 0)
		if errno == 0 {
			_, _, _ = unix.Syscall(unix.SYS_MSGCTL, id, unix.IPC_RMID, 0)
		}
		return errno == 0
	}, nil},
	{"N-20 messages of POSIX", python(`call(240,os.environ["NAME"].encode(),0o102,0o600,0)`), func(w *world, _ string) bool {
		name, err := unix.BytePtrFromString(strings.TrimPrefix(w.dir, "/var/tmp/"))
		if err != nil {
			return false
		}
		return mqUnlink(name)
	}, nil},
	{"K-03 a descriptor of a host process", python(`p=call(434,int(os.environ["CANARY"]),0); call(438,p,0,0)`), done, nil},
	{"K-03 read it by call", python(`b=ctypes.create_string_buffer(8)
class V(ctypes.Structure): _fields_=[("b",ctypes.c_void_p),("n",ctypes.c_size_t)]
a=int(open("/proc/%s/maps"%os.environ["CANARY"]).readline().split("-")[0],16)
l=V(ctypes.addressof(b),8); r=V(a,8)
call(310,int(os.environ["CANARY"]),ctypes.byref(l),1,ctypes.byref(r),1,0)`), done, nil},
	{"K-03 compare with it", python(`call(312,os.getpid(),int(os.environ["CANARY"]),0,0,0)`), done, nil},
	{"K-05 stop a host process", `kill -STOP $CANARY; sleep 0.05; grep -q "^State:.*stopped" /proc/$CANARY/status && echo done-well; kill -CONT $CANARY`, done, nil},
	{"K-10 start again, without", `cp $OUT/lockstile l && LOCKSTILE_HOME=/dev/shm/$NAME-h ./l run --sandbox danger-full-access -- sh -c 'echo x > $OUT/new' 2>/dev/null; rm -rf /dev/shm/$NAME-h`, made("$OUT/new"), nil},
	{"K-11 namespaces of a host process", python(`f=os.open("/proc/%s/ns/net"%os.environ["CANARY"],os.O_RDONLY); call(308,f,0)`), done, root},
	{"K-12 a copy of the mounts", python(`call(428,-100,b"/",1)`), done, root},
	{"K-12 a new file system", python(`call(430,b"tmpfs",0)`), done, root},
	{"K-12 clone3 with a user namespace", python(`import struct
a=struct.pack("11Q",0x10000000,0,0,0,17,0,0,0,0,0,0)
r=libc.syscall(435,a,88)
if r==0: os._exit(0)
if r<0: os._exit(1)
os.waitpid(r,0)`), done, nil},
	{"K-13 a cgroup", `for c in /sys/fs/cgroup/unified /sys/fs/cgroup; do mkdir $c/$NAME && rmdir $c/$NAME && echo done-well && break; done`, done, root},
	{"K-14 drop caches", `echo 1 > /proc/sys/vm/drop_caches && echo done-well`, done, root},
	{"K-14 core_pattern, through a link", `ln -s /proc/sys/kernel/core_pattern l && cat l > p && cat p > l && echo done-well`, done, root},
	{"K-15 take a module out", gets(`call(176,b"no_such_module",0)`), through, possible(176)},
	{"K-15 put one in", gets(`call(313,-1,b"",0)`), through, possible(313)},
	{"K-15 another kernel", gets(`call(246,0,0,0,1<<30)`), through, possible(246)},
	{"K-15 reboot", gets(`call(169,1,2,3,0)`), through, possible(169)},
	{"K-15 ports", gets(`call(172,0)`), through, possible(172)},
	{"K-16 the clock", gets(`call(227,99,0)`), through, possible(227)},
	{"K-16 swap", gets(`call(168,b"/no/such/file")`), through, possible(168)},
	{"K-16 accounting", gets(`call(163,b"/no/such/file")`), through, possible(163)},
	{"K-16 the kernel's log", `dmesg | grep -q . && echo done-well`, done, root},
	{"K-17 page faults", gets(`call(323,1)`), through, nil},
	{"K-17 file events of all", gets(`call(300,0,0)`), through, root},
	{"K-17 relax by a filter of its own", python(`import struct
f=struct.pack("HBBI",6,0,0,0x7fff0000); b=ctypes.create_string_buffer(f); p=struct.pack("HxxxxxxQ",1,ctypes.addressof(b))
libc.prctl(38,1,0,0,0); call(317,1,0,p); call(165,b"none",b"/dev/shm",b"tmpfs",0,0)`), done, root},
	{"K-18 read the user's keys", gets(`call(250,11,-4,0,0)`), through, nil},
	{"K-19 processors of a host process", `taskset -p 1 $CANARY`, pinned, manyProcessors},
	{"K-19 limits of a host process", `prlimit --pid $CANARY --nofile=77:77`, limited, nil},
	{"K-19 input and output of a host process", `ionice -c 3 -p $CANARY && ionice -p $CANARY | grep -q idle && echo done-well`, done, nil},
	{"K-19 a better nice", `nice -n -20 true 2>&1 | grep -q . || echo done-well`, done, root},
	{"K-20 a program without a file", python(`f=os.memfd_create("x"); os.write(f,open("/bin/dash","rb").read())
os.execve(f,["sh","-c","echo x > $OUT/new"],os.environ)`), made("$OUT/new"), nil},
	{"K-20 a program in memory", `cp /bin/dash /dev/shm/$NAME && /dev/shm/$NAME -c 'echo x > $OUT/new'; rm -f /dev/shm/$NAME`, made("$OUT/new"), nil},
	{"K-20 by the loader", `cp /bin/dash d && chmod -x d && /lib64/ld-linux-x86-64.so.2 ./d -c 'echo x > $OUT/new'`, made("$OUT/new"), nil},
	{"K-20 a deleted program", `cp /bin/dash d && ./d -c 'rm d; echo x > $OUT/new'`, made("$OUT/new"), nil},
	{"K-22 a core", `ulimit -c unlimited; cd sub; sh -c 'kill -SEGV $$'; ls | grep -q "^core" && echo done-well; grep "Max core" /proc/self/limits | grep -q unlimited && echo done-well`, done, nil},
	{"E-03 another terminal", `echo typed > $PTS && echo done-well`, done, nil},
	{"E-06 a token by its shape", `env`, prints("ghp_"), nil},
	{"E-06 secrets of the init and of lockstile", `for p in 1 $PPID $(sed -n "s/^PPid:.//p" /proc/$PPID/status); do tr "\0" "\n" </proc/$p/environ; done`, prints(secret), nil},
}
