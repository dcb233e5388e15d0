package cli

import (
	"bufio"
	"cmp"
	"errors"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
)

// git shows and takes back what a command did to the refs of a repository.
func git(args []string) int {
	if len(args) == 0 || args[0] != "undo" {
		return badWord("git", first(args))
	}
	var yes, asJSON bool
	set := settings.NewFlagSet("git undo")
	set.BoolVar(&yes, "yes", false, "")
	set.BoolVar(&asJSON, "json", false, "")
	if err := set.Parse(args[1:]); err != nil {
		return usage.Say(set, err, args)
	}
	seq, err := strconv.ParseUint(set.Arg(0), 10, 64)
	if err != nil || set.NArg() != 1 {
		return usage.Say(set, errors.New("git undo takes the number of a start"), args)
	}
	home, err := lockstile.Home()
	if err != nil {
		return failed(err)
	}
	change, err := lockstile.New(home).GitChange(seq)
	if err != nil {
		return failed(err)
	}
	if !asJSON {
		sayMoves(change)
		if !yes && !agreed("Put the refs back?") {
			plain.Err("lockstile: nothing was changed\n")
			return exitFail
		}
	}
	return undo(change, asJSON)
}

func undo(change *lockstile.GitChange, asJSON bool) int {
	skipped, err := change.Undo()
	if err != nil {
		return failed(err)
	}
	if asJSON {
		plain.OutJSON(undoResult{change, skipped})
	} else {
		plain.Out("%d of %d refs are as before\n", len(change.Moves)-len(skipped), len(change.Moves))
	}
	for _, name := range slices.Sorted(maps.Keys(skipped)) {
		plain.Err("lockstile: %s stays: %s\n", name, skipped[name])
	}
	if len(skipped) > 0 {
		return exitFail
	}
	return exitOK
}

// undoResult is the output of git undo --json.
type undoResult struct {
	*lockstile.GitChange
	Skipped map[string]string `json:"skipped,omitempty"`
}

// sayMoves prints the refs of a change, from the new value to the old value.
func sayMoves(change *lockstile.GitChange) {
	plain.Out("in %s\n", change.Dir)
	for _, m := range change.Moves {
		plain.Out("%-40s %s -> %s\n", m.Name, shortHash(m.New), shortHash(m.Old))
	}
}

// shortHash shortens a hash for people; "" is an absent ref.
func shortHash(value string) string {
	const short = 12
	if len(value) > short && !strings.HasPrefix(value, "ref: ") {
		value = value[:short]
	}
	return cmp.Or(value, "(absent)")
}

// agreed asks the person at standard input.
func agreed(question string) bool {
	plain.Out("%s [y/N] ", question)
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n') // no answer is no
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}
