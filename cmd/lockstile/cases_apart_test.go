//go:build linux

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// apart lists the rows that need more than a script and a look afterwards: each has tests
// of its own, on pipes and in a terminal, as root and as a user.
var apart = []struct{ id, tests string }{
	{"E-02 paste into a console", "TestFilter"},
	{"E-04 what output does to a terminal", "TestTerminal TestLogShows"},
	{"E-05 a terminal that is left bad", "TestUndo TestTerminal TestTerminalKilled TestTerminalRestoredAfterRefusal"},
	{"E-07 hostile environment", "TestHostileEnvironment"},
	{"E-08 hostile arguments", "TestOddNames TestExitCodes TestUsage"},
	{"E-10 the record's way", "TestLogThatCannotBeWritten TestFullDevice TestStormOfKills"},
	{"E-11 a start that is held up", "TestStartThatIsHeldUp TestLaunchThatHangsOrDies"},
	{"E-12 a file as standard stream", "TestStreamsAreNotHandedIn"},
	{"E-13 the caller's pipes", "TestLoopsKeepTheirInput TestOutputIsNotReadBack TestPipeOfAnotherUser"},
	{"F-02 read-only", "TestReadOnlyIsEverywhere"},
	{"F-05 links that are left", "TestLeftLinks"},
	{"F-07 files with two names", "TestFilesWithTwoNames"},
	{"F-11 where it begins", "TestWhereItBegins TestBeneathTheView"},
	{"F-12 hostile roots", "TestWritableRoots"},
	{"F-16 stores by other names", "TestStoresByOtherNames"},
	{"F-17 stores that are new", "TestNewStores"},
	{"F-18 racers", "TestRacers"},
	{"F-19 trusted names that are links", "TestTrustedLinks"},
	{"F-20 trusted names of other kinds", "TestWrongTypes"},
	{"F-21 devices that are replaced", "TestDevicesStay"},
	{"F-25 TMPDIR", "TestTemporaryFolders TestRefusals"},
	{"F-26 wide workspaces", "TestWorkspace"},
	{"F-27 lockstile's own programs", "TestOwnProgram TestInitIsClosed"},
	{"F-28 names that are folded", "TestOtherTrustedNames TestIsProtected TestFoldingFileSystem"},
	{"F-29 locks after the end", "TestTreeEndsWithTheCommand"},
	{"G-02 a repository where none was", "TestTrustedNamesAreTakenBack TestTakenBackAtOnce TestKilledAtOnce"},
	{"G-03 nested repositories", "TestNestedRepositories TestNewTrust"},
	{"G-07 pointers that steer", "TestPointersThatLeadNowhere"},
	{"G-14 a hostile repository", "TestHostileEnvironment TestWorkspaceHasNoSay"},
	{"K-01 setuid programs", "TestSetuidPrograms"},
	{"K-04 the init", "TestInitIsClosed"},
	{"K-06 what stops itself", "TestStoppedTreesEnd"},
	{"K-07 what wants to survive", "TestTreeEndsWithTheCommand"},
	{"K-08 lockstile is killed", "TestKilledAtAnyMoment TestTreeEndsWithUs TestSweptWhenKilled TestStormOfKills"},
	{"K-09 lockstile's own program", "TestInitIsClosed TestOwnProgram"},
	{"N-11 sockets made inside", "TestServersAreInvisible"},
	{"N-13 inherited sockets", "TestStreamsAndWhatIsInherited"},
	{"N-19 servers inside", "TestServersAreInvisible"},
	{"P-01 exit codes", "TestExitCodes"},
	{"P-04 no residue", "TestNoResidue TestStormOfKills"},
	{"P-05 awkward places", "TestAwkwardPlaces TestFileSystemsOfWorkspaces"},
	{"P-14 with the network", "TestNetworkAllowed"},
	{"P-15 terminals", "TestTerminal TestTerminalInterrupt TestTerminalJobControl TestTerminalSuspend"},
	{"P-17 signals", "TestSignalsArePassedOn"},
	{"P-23 what is let through", "TestReadingRules TestWritableRoots"},
	{"P-24 missing layers", "TestMaskedProc TestNoUserNamespaces TestOtherMachines TestDoctorNamesWhatIsMissing TestBoundary TestBoundaryHolds TestBoundaryRefuses TestBoundaryGuardsStarts"},
	{"P-25 many at once", "TestSixteenAtOnce TestManyStarts"},
	{"R-01 fork and thread bombs", "TestProcessesAreBounded"},
	{"R-02 memory", "TestMemoryIsBounded"},
	{"R-03 files in memory", "TestMemoryIsBounded TestOtherLimits"},
	{"R-05 time", "TestOtherLimits TestStoppedTreesEnd"},
	{"R-06 what a user's processes share", "TestSharedPools"},
}

// TestCasesApart checks that the tests in the list exist and are named in docs/cases.md.
func TestCasesApart(t *testing.T) {
	text, err := os.ReadFile("../../docs/cases.md")
	if err != nil {
		t.Skip("no checkout here")
	}
	var have []string
	for _, pattern := range []string{"*_test.go", "../../*_test.go", "../../session/*_test.go", "../../internal/*/*_test.go", "../../internal/*/*/*_test.go", "../../policy/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(b, -1) {
				have = append(have, string(m[1]))
			}
		}
	}
	for _, row := range apart {
		for test := range strings.FieldsSeq(row.tests) {
			if !slices.Contains(have, test) {
				t.Errorf("%s: there is no %s", row.id, test)
			}
		}
		if line := "- " + row.id + ": `" + strings.ReplaceAll(row.tests, " ", "`, `") + "`\n"; !strings.Contains(string(text), line) {
			t.Errorf("docs/cases.md lacks: %s", line)
		}
	}
}
