package cli

import (
	"errors"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
)

// takenBack lists what was taken back, gives it back, or removes it.
func takenBack(args []string) int {
	word := "list"
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		word, args = args[0], args[1:]
	}
	home, err := lockstile.Home()
	if err != nil {
		return failed(err)
	}
	gate := lockstile.New(home)
	switch word {
	case "list":
		return listTakenBack(gate, args)
	case "restore":
		return restoreTakenBack(gate, args)
	case "clear":
		return clearTakenBack(gate, args)
	}
	return badWord("takeback", word)
}

func listTakenBack(gate *lockstile.Gate, args []string) int {
	var asJSON bool
	set := settings.NewFlagSet("takeback")
	set.BoolVar(&asJSON, "json", false, "")
	if err := onlyFlags(set, args); err != nil {
		return usage.Say(set, err, args)
	}
	all, err := gate.TakenBack()
	if err != nil {
		return failed(err)
	}
	if asJSON {
		plain.OutJSON(append([]lockstile.TakenBack{}, all...))
		return exitOK
	}
	for _, e := range all {
		plain.Out("%s  %s  %-6s  %s\n", e.Name, e.Time.Local().Format("2006-01-02 15:04"), e.Kind, e.Path)
	}
	return exitOK
}

func restoreTakenBack(gate *lockstile.Gate, args []string) int {
	set := settings.NewFlagSet("takeback restore")
	err := set.Parse(args)
	if err == nil && (set.NArg() != 1 || set.Arg(0) == "") {
		err = errors.New("takeback restore takes a name of the list")
	}
	if err != nil {
		return usage.Say(set, err, args)
	}
	e, err := gate.RestoreTakenBack(set.Arg(0))
	if err != nil {
		return failed(err)
	}
	plain.Out("%s is there again; programs of your machine obey it\n", e.Path)
	return exitOK
}

func clearTakenBack(gate *lockstile.Gate, args []string) int {
	set := settings.NewFlagSet("takeback clear")
	yes, older := set.Bool("yes", false, ""), set.Duration("older", 0, "")
	if err := onlyFlags(set, args); err != nil {
		return usage.Say(set, err, args)
	}
	if !*yes && !agreed("Remove what was taken back, for good?") {
		plain.Err("lockstile: nothing was removed\n")
		return exitFail
	}
	n, err := gate.ClearTakenBack(*older)
	if err != nil {
		return failed(err)
	}
	plain.Out("removed: %d\n", n)
	return exitOK
}
