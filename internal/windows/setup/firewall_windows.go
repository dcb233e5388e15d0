package setup

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/go-ole/go-ole"
	"github.com/go-ole/go-ole/oleutil"
	"golang.org/x/sys/windows"
)

// directions are NET_FW_RULE_DIRECTION.
var directions = map[string]int32{"in": 1, "out": 2}

const (
	anyProtocol = 256        // NET_FW_IP_PROTOCOL_ANY
	allProfiles = 0x7FFFFFFF // NET_FW_PROFILE2_ALL
	blocks      = 0          // NET_FW_ACTION_BLOCK
)

// ruleUser returns the user condition of a rule, as SDDL.
func ruleUser(sid string) string { return "D:(A;;CC;;;" + sid + ")" }

// withRules calls do with the firewall's rules (INetFwRules).
func withRules(do func(*ole.IDispatch) error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const alreadyInitialized = 1 // S_FALSE
	if err := ole.CoInitializeEx(0, ole.COINIT_MULTITHREADED); err != nil {
		var code *ole.OleError
		if !errors.As(err, &code) || code.Code() != alreadyInitialized {
			return fmt.Errorf("CoInitializeEx: %w", err)
		}
	}
	defer ole.CoUninitialize()
	policy, err := object("HNetCfg.FwPolicy2")
	if err != nil {
		return err
	}
	defer policy.Release()
	rules, err := oleutil.GetProperty(policy, "Rules")
	if err != nil {
		return fmt.Errorf("read the firewall's rules: %w", err)
	}
	defer rules.Clear()
	return do(rules.ToIDispatch())
}

func object(name string) (*ole.IDispatch, error) {
	unknown, err := oleutil.CreateObject(name)
	if err != nil {
		return nil, fmt.Errorf("make a %s: %w", name, err)
	}
	defer unknown.Release()
	it, err := unknown.QueryInterface(ole.IID_IDispatch)
	if err != nil {
		return nil, fmt.Errorf("ask the %s: %w", name, err)
	}
	return it, nil
}

// FirewallRules reads our rules.
func (Machine) FirewallRules() (out []Rule, err error) {
	err = withRules(func(rules *ole.IDispatch) error {
		for _, direction := range []string{"in", "out"} {
			it, err := oleutil.CallMethod(rules, "Item", ruleName(direction))
			if noSuchRule(err) {
				continue
			}
			if err != nil {
				return fmt.Errorf("read the rule %q: %w", ruleName(direction), err)
			}
			user, err := readRule(it.ToIDispatch(), direction)
			_ = it.Clear() // Clear only releases the object
			if err != nil {
				return err
			}
			out = append(out, Rule{direction, user})
		}
		return nil
	})
	return out, err
}

// readRule returns the user of a rule, or the wrong property.
func readRule(rule *ole.IDispatch, direction string) (string, error) {
	for _, must := range []struct {
		property string
		is       any
	}{
		{"Enabled", true}, {"Action", int32(blocks)}, {"Direction", directions[direction]}, {"Protocol", int32(anyProtocol)}, {"Profiles", int32(allProfiles)},
		{"RemoteAddresses", "*"}, {"LocalAddresses", "*"},
	} {
		got, err := oleutil.GetProperty(rule, must.property)
		if err != nil {
			return "", fmt.Errorf("read %s of a rule: %w", must.property, err)
		}
		value := got.Value()
		_ = got.Clear()
		if value != must.is {
			return fmt.Sprintf("its %s is %v", must.property, value), nil
		}
	}
	got, err := oleutil.GetProperty(rule, "LocalUserAuthorizedList")
	if err != nil {
		return "", fmt.Errorf("read the user of a rule: %w", err)
	}
	defer got.Clear()
	_, user, _ := strings.Cut(got.ToString(), "D:(A;;CC;;;")
	return strings.TrimSuffix(user, ")"), nil
}

// noSuchRule reports whether the error of INetFwRules.Item means an absent rule.
func noSuchRule(err error) bool {
	var code *ole.OleError
	const notFound = 0x80070000 | uintptr(windows.ERROR_FILE_NOT_FOUND) // HRESULT_FROM_WIN32
	return errors.As(err, &code) && code.Code() == notFound
}

// AddFirewallRules adds rules to the firewall.
func (Machine) AddFirewallRules(rules []Rule) error {
	return withRules(func(there *ole.IDispatch) error {
		for _, r := range rules {
			if err := addRule(there, r); err != nil {
				return fmt.Errorf("add the firewall's rule %q: %w", ruleName(r.Direction), err)
			}
		}
		return nil
	})
}

func addRule(there *ole.IDispatch, r Rule) error {
	rule, err := object("HNetCfg.FWRule")
	if err != nil {
		return err
	}
	defer rule.Release()
	for _, set := range []struct {
		property string
		value    any
	}{
		{"Name", ruleName(r.Direction)}, {"Description", "commands of lockstile's sandbox have no network; lockstile setup --remove takes this away"},
		{"Direction", directions[r.Direction]}, {"Action", int32(blocks)}, {"Protocol", int32(anyProtocol)}, {"Profiles", int32(allProfiles)},
		{"LocalUserAuthorizedList", ruleUser(r.User)}, {"Enabled", true},
	} {
		if _, err := oleutil.PutProperty(rule, set.property, set.value); err != nil {
			return fmt.Errorf("set its %s: %w", set.property, err)
		}
	}
	_, err = oleutil.CallMethod(there, "Add", rule)
	return err
}

// mostRules bounds the removed rules of a name: the firewall may have several.
const mostRules = 16

// RemoveFirewallRules removes our rules.
func (Machine) RemoveFirewallRules() error {
	return withRules(func(rules *ole.IDispatch) error {
		for _, direction := range []string{"in", "out"} {
			for range mostRules {
				it, err := oleutil.CallMethod(rules, "Item", ruleName(direction))
				if noSuchRule(err) {
					break
				}
				if err != nil {
					return fmt.Errorf("look for the rule %q: %w", ruleName(direction), err)
				}
				_ = it.Clear()
				if _, err := oleutil.CallMethod(rules, "Remove", ruleName(direction)); err != nil {
					return fmt.Errorf("take the rule %q away: %w", ruleName(direction), err)
				}
			}
		}
		return nil
	})
}
