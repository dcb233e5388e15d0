package gitdir

import (
	"errors"
	"fmt"
	"strings"
)

// The patterns of options.
var (
	signingKey  = pattern(`^[A-Za-z0-9@._+<>, -]*$`)
	applyOption = pattern(`^(--whitespace=[a-z-]+|--ignore-space-change|--ignore-whitespace|--reject|--(directory|include|exclude)=[\pL\pN_][^\s'\\]*|-[Cp][0-9]+)$`)
	mergeOption = pattern(`^[a-z][a-z0-9-]*(=[A-Za-z0-9-]+)?$`)
	clean       = pattern(`^[a-z]+$`)
)

// isStrategy reports whether git has the strategy of merges itself. For another name git
// runs a program "git-merge-NAME", and a name with a slash is a path in the tree.
func isStrategy(name string) bool {
	switch name {
	case "", "ort", "recursive", "resolve", "octopus", "ours", "subtree":
		return true
	}
	return false
}

// checkOptions allows options with which git on the host runs nothing when git goes on.
func checkOptions(path string, content, old []byte) error {
	text := strings.TrimSuffix(string(content), "\n")
	switch path[strings.LastIndexByte(path, '/')+1:] {
	case "strategy":
		if !isStrategy(text) {
			return fmt.Errorf("%q is no strategy of git's own", shorten(text))
		}
	case "gpg_sign_opt":
		key, ok := strings.CutPrefix(text, "-S")
		if !ok && text != "" && text != "--no-gpg-sign" || !signingKey(key) {
			return fmt.Errorf("%q is no choice of a key", shorten(text))
		}
	case "apply-opt":
		for option := range strings.SplitSeq(strings.TrimPrefix(text, " "), " ") {
			bare := strings.TrimSuffix(strings.TrimPrefix(option, "'"), "'")
			if option != "" && !applyOption(bare) {
				return fmt.Errorf("the options of git apply have %q", shorten(option))
			}
		}
	case "opts":
		return compareConfig(content, old, isSequenceKey)
	default:
		return errors.New("the file has unknown options")
	}
	return nil
}

// isSequenceKey allows the keys of sequencer/opts.
func isSequenceKey(name, key, value string) bool {
	if name != "options" {
		return false
	}
	switch key {
	case "strategy":
		return isStrategy(value)
	case "strategy-option":
		return mergeOption(value)
	case "gpg-sign":
		return signingKey(value)
	case "mainline":
		return isNumber(value)
	case "default-msg-cleanup":
		return clean(value)
	case "no-commit", "edit", "allow-empty", "allow-empty-message", "keep-redundant-commits", "drop-redundant-commits",
		"signoff", "record-origin", "allow-ff", "allow-rerere-auto", "commit-use-reference":
		return isBoolean(value)
	}
	return false
}
