package archtest

// The rules. Each rule has a folder of fixtures in testdata that break the rule.
const (
	ruleExecImport  = "exec-import"  // import of a package that starts processes
	ruleCgo         = "cgo"          // C code can do anything
	ruleDotImport   = "dot-import"   // hides where a name comes from
	ruleStart       = "start"        // a function that starts a process or replaces the image
	ruleStartAttr   = "start-attr"   // the attributes of a process to be started
	ruleStartNumber = "start-number" // the number of a system call that starts a process
	ruleRawSyscall  = "raw-syscall"  // reaches every system call
	ruleDLL         = "dll"          // reaches every function of Windows
	ruleInject      = "inject"       // rewrites another process
	ruleUnsafe      = "unsafe"       // import of unsafe
	ruleLinkname    = "linkname"     // reaches unexported functions of other packages
	ruleForeignCode = "foreign-code" // assembly, C and objects in a build
	ruleDependency  = "dependency"   // another module, unclassified or out of place
	ruleModule      = "module"       // code that Check would not see
	ruleOrder       = "order"        // the import order
	rulePrint       = "print"        // text for people that passes no printer
	rulePublic      = "public"       // a public name that exists twice, or has a type that users can't import
	ruleWing        = "wing"         // a way into a system's folder beside the gate's
	ruleApart       = "apart"        // packages that must not be linked
	ruleComment     = "comment"      // a package without a comment
	ruleInit        = "init"         // func init where the launcher links it
	ruleLength      = "length"       // a file too long to read
	ruleName        = "name"         // a name without meaning
	ruleSyntax      = "syntax"       // an unreadable Go file
	ruleDocument    = "document"     // a path in a document without a file
	ruleStale       = "stale"        // a table entry that no longer applies
	ruleEmpty       = "empty"        // nothing was checked
)

// noExceptions are the rules on which all other rules depend.
var noExceptions = []string{ruleSyntax, ruleStale, ruleEmpty}

// maxLines is the greatest length of a non-test Go file, in lines.
const maxLines = 450

// emptyWords say nothing about the purpose of a file or package.
var emptyWords = []string{"util", "utils", "helper", "helpers", "common", "manager", "managers"}

// forbiddenImports start processes for their importers. The list for the standard library
// is every importable package of Go 1.26 whose non-test code imports os/exec, directly or
// through internal packages.
var forbiddenImports = []string{
	"os/exec",
	"plugin",
	"net/http/cgi",
	"go/build",
	"go/importer",
	"testing", // fuzzing in package testing starts workers
	"mvdan.cc/sh/v3/interp",
	"golang.org/x/sys/execabs",
	"golang.org/x/sys/plan9",
	"golang.org/x/sys/windows/svc/mgr",
}

const (
	xunix    = "golang.org/x/sys/unix"
	xwindows = "golang.org/x/sys/windows"
)

// forbidden names exported names of a package, as patterns of path.Match. The names are
// forbidden in every position: a call, a value, a type.
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
	{rulePrint, "syscall", "Stdout Stderr STD_OUTPUT_HANDLE STD_ERROR_HANDLE"},
	{rulePrint, xunix, "Stdout Stderr"},
	{rulePrint, xwindows, "Stdout Stderr STD_OUTPUT_HANDLE STD_ERROR_HANDLE"},
	{rulePrint, "log", "*"},
	{rulePrint, "log/slog", "*"},
	{rulePrint, "flag", "NewFlagSet CommandLine PrintDefaults Usage Parse"},
}

// packageNames are the names of guarded packages that differ from the last element of the
// path.
var packageNames = map[string]string{
	"charm.land/bubbletea":               "tea",
	"github.com/charmbracelet/bubbletea": "tea",
}

// forbiddenDirectives are compiler directives that reach past the import rules.
var forbiddenDirectives = []string{"//go:linkname", "//go:cgo_", "//go:wasmimport"}

// foreignSuffixes are the kinds of file, other than Go, that go build compiles or links.
var foreignSuffixes = []string{
	".s", ".S", ".sx", ".syso", ".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx",
	".f", ".F", ".for", ".f90", ".swig", ".swigcxx",
}
