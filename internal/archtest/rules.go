package archtest

// The rules. Each has a folder of fixtures in testdata that break it.
const (
	ruleExecImport  = "exec-import"  // import of a package that starts processes
	ruleCgo         = "cgo"          // C code can do anything
	ruleDotImport   = "dot-import"   // hides where a name comes from
	ruleStart       = "start"        // a function that starts a process or replaces the image
	ruleStartAttr   = "start-attr"   // the attributes of a process to be started
	ruleStartNumber = "start-number" // the number of a system call that starts one
	ruleRawSyscall  = "raw-syscall"  // reaches every system call
	ruleDLL         = "dll"          // reaches every function of Windows
	ruleInject      = "inject"       // rewrites another process
	ruleUnsafe      = "unsafe"       // import of unsafe
	ruleLinkname    = "linkname"     // reaches unexported functions of other packages
	ruleForeignCode = "foreign-code" // assembly, C and objects that go build takes up
	ruleDependency  = "dependency"   // another module, unclassified or out of place
	ruleModule      = "module"       // code that this check would not see
	ruleOrder       = "order"        // the import order
	rulePrint       = "print"        // text for people that passes no printer
	ruleApart       = "apart"        // packages that must not be linked
	ruleComment     = "comment"      // a package without a comment
	ruleInit        = "init"         // func init where the launcher links it
	ruleLength      = "length"       // a file too long to read
	ruleName        = "name"         // a name that says nothing
	ruleSyntax      = "syntax"       // a Go file that can't be read
	ruleDocument    = "document"     // a document that names a file which isn't there
	ruleStale       = "stale"        // a table entry that no longer applies
	ruleEmpty       = "empty"        // nothing was checked
)

// noExceptions are the rules without which the others mean nothing.
var noExceptions = []string{ruleSyntax, ruleStale, ruleEmpty}

// maxLines is the length of a non-test Go file, in lines, that still passes.
const maxLines = 450

// emptyWords say nothing about what a file or package does.
var emptyWords = []string{"util", "utils", "helper", "helpers", "common", "manager", "managers"}

// forbiddenImports start processes for whoever imports them. The list for the
// standard library is every importable package of Go 1.26 whose non-test code
// imports os/exec, itself or through internal packages.
var forbiddenImports = []string{
	"os/exec",
	"plugin",
	"net/http/cgi",
	"go/build",
	"go/importer",
	"testing", // its fuzzing starts workers
	"mvdan.cc/sh/v3/interp",
	"golang.org/x/sys/execabs",
	"golang.org/x/sys/plan9",
	"golang.org/x/sys/windows/svc/mgr",
}

const (
	xunix    = "golang.org/x/sys/unix"
	xwindows = "golang.org/x/sys/windows"
)

// forbidden names exported names of one package, as patterns of path.Match.
// They are forbidden in every position: a call, a value, a type.
type forbidden struct{ rule, pkg, names string }

var forbiddenNames = []forbidden{
	{ruleStart, "os", "StartProcess"},
	{ruleStart, "syscall", "ForkExec StartProcess Exec CreateProcess*"},
	{ruleStart, xunix, "ForkExec StartProcess Exec"},
	{ruleStart, xwindows, "StartProcess Exec CreateProcess* ShellExecute* CreateService StartService"},
	{ruleStart, "charm.land/bubbletea", "Exec*"},
	{ruleStart, "github.com/charmbracelet/bubbletea", "Exec*"},
	{ruleStart, "github.com/modelcontextprotocol/go-sdk/mcp", "CommandTransport NewCommandTransport"},

	{ruleStartAttr, "os", "ProcAttr"},
	{ruleStartAttr, "syscall", "SysProcAttr ProcAttr ForkLock"},
	{ruleStartAttr, xunix, "SysProcAttr"},
	{ruleStartAttr, xwindows, "SysProcAttr ForkLock"},

	{ruleStartNumber, "syscall", "SYS_*CLONE* SYS_*FORK* SYS_*EXEC* SYS_*SPAWN*"},
	{ruleStartNumber, xunix, "SYS_*CLONE* SYS_*FORK* SYS_*EXEC* SYS_*SPAWN*"},

	{ruleRawSyscall, "syscall", "Syscall* RawSyscall* AllThreadsSyscall*"},
	{ruleRawSyscall, xunix, "Syscall* RawSyscall* AllThreadsSyscall* CallLeFunc*"},
	{ruleRawSyscall, xwindows, "Syscall*"},

	{ruleDLL, "syscall", "*DLL* LoadLibrary* GetProcAddress* Proc LazyProc"},
	{ruleDLL, xwindows, "*DLL* LoadLibrary* GetProcAddress* Proc LazyProc"},

	{ruleInject, "syscall", "Ptrace*"},
	{ruleInject, xunix, "Ptrace* ProcessVMWritev"},
	{ruleInject, xwindows, "WriteProcessMemory"},

	{rulePrint, "fmt", "Print*"},
	{rulePrint, "os", "Stdout Stderr"},
	{rulePrint, "syscall", "Stdout Stderr"},
	{rulePrint, "log", "*"},
	{rulePrint, "log/slog", "*"},
	{rulePrint, "flag", "NewFlagSet CommandLine PrintDefaults Usage Parse"},
}

// packageNames are the names of guarded packages that differ from the last
// element of their path.
var packageNames = map[string]string{
	"charm.land/bubbletea":               "tea",
	"github.com/charmbracelet/bubbletea": "tea",
}

// forbiddenDirectives are compiler directives that reach past the import rules.
var forbiddenDirectives = []string{"//go:linkname", "//go:cgo_", "//go:wasmimport"}

// foreignSuffixes are the kinds of file, other than Go, that go build compiles
// or links.
var foreignSuffixes = []string{
	".s", ".S", ".sx", ".syso", ".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx",
	".f", ".F", ".for", ".f90", ".swig", ".swigcxx",
}
