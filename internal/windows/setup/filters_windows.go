package setup

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tailscale/wf"
	"golang.org/x/sys/windows"
)

// Our objects in the Windows Filtering Platform, with constant names: a later version
// finds them again.
var (
	providerID = wf.ProviderID{Data1: 0x6c6f636b, Data2: 0x7374, Data3: 0x696c, Data4: [8]byte{0x65, 0x00, 0x4c, 0x6f, 0x66, 0x66, 0x6c, 0x01}}
	sublayerID = wf.SublayerID{Data1: 0x6c6f636b, Data2: 0x7374, Data3: 0x696c, Data4: [8]byte{0x65, 0x00, 0x4c, 0x6f, 0x66, 0x66, 0x6c, 0x02}}
)

// layerIDs are the layers of Filters.
var layerIDs = map[string]wf.LayerID{
	"ALE_AUTH_CONNECT_V4":        wf.LayerALEAuthConnectV4,
	"ALE_AUTH_CONNECT_V6":        wf.LayerALEAuthConnectV6,
	"ALE_AUTH_RECV_ACCEPT_V4":    wf.LayerALEAuthRecvAcceptV4,
	"ALE_AUTH_RECV_ACCEPT_V6":    wf.LayerALEAuthRecvAcceptV6,
	"ALE_AUTH_LISTEN_V4":         wf.LayerALEAuthListenV4,
	"ALE_AUTH_LISTEN_V6":         wf.LayerALEAuthListenV6,
	"ALE_RESOURCE_ASSIGNMENT_V4": wf.LayerALEResourceAssignmentV4,
	"ALE_RESOURCE_ASSIGNMENT_V6": wf.LayerALEResourceAssignmentV6,
}

// weight is the greatest: no foreign filter in the sublayer comes before; and no other
// sublayer overrides a hard block.
const weight = 1<<16 - 1

// match returns the access check of a filter's condition (FWP_ACTRL_MATCH_FILTER), as
// SDDL.
func match(sid string) string { return "O:SYG:SYD:(A;;CC;;;" + sid + ")" }

func withPlatform(do func(*wf.Session) error) error {
	s, err := wf.New(&wf.Options{Name: "lockstile setup"})
	if err != nil {
		return fmt.Errorf("open the Windows Filtering Platform: %w", err)
	}
	return errors.Join(do(s), s.Close())
}

// Filters reads the filters of our provider. For a changed filter, Layer also says what
// is wrong.
func (Machine) Filters() (out []Filter, err error) {
	err = withPlatform(func(s *wf.Session) error {
		rules, err := s.Rules()
		for _, r := range rules {
			if r.Provider == providerID {
				out = append(out, filterOf(r))
			}
		}
		return err
	})
	slices.SortFunc(out, func(a, b Filter) int { return order(a) - order(b) })
	return out, err
}

// order ranks a filter by its layer, as Filters lists the layers.
func order(f Filter) int {
	return slices.IndexFunc(Filters(f.User), func(x Filter) bool { return x.Layer == f.Layer })
}

func filterOf(r *wf.Rule) Filter {
	var f Filter
	for name, id := range layerIDs {
		if r.Layer == id {
			f.Layer = name
		}
	}
	for _, must := range []struct {
		hold  bool
		wrong string
	}{
		{r.Action == wf.ActionBlock && r.HardAction, "it doesn't block"},
		{r.Persistent && !r.Disabled && !r.BootTime, "it doesn't last"},
		{r.Sublayer == sublayerID && r.Weight >= weight, "others come before it"},
		{len(r.Conditions) == 1, "it has other conditions"},
	} {
		if !must.hold {
			f.Layer += ": " + must.wrong
		}
	}
	if len(r.Conditions) == 1 {
		c := r.Conditions[0]
		sd, ok := c.Value.(*windows.SECURITY_DESCRIPTOR)
		if ok && c.Field == wf.FieldALEUserID && c.Op == wf.MatchTypeEqual {
			_, dacl, _ := strings.Cut(sd.String(), "D:(A;;CC;;;")
			f.User = strings.TrimSuffix(dacl, ")")
		}
	}
	return f
}

// AddFilters makes provider, sublayer and filters. All outlast a restart.
func (Machine) AddFilters(filters []Filter) error {
	return withPlatform(func(s *wf.Session) error {
		if err := s.AddProvider(&wf.Provider{ID: providerID, Name: "lockstile", Description: "keeps the accounts of lockstile's sandbox off the network", Persistent: true}); err != nil {
			return fmt.Errorf("add the provider: %w", err)
		}
		if err := s.AddSublayer(&wf.Sublayer{ID: sublayerID, Name: "lockstile", Provider: providerID, Persistent: true, Weight: weight}); err != nil {
			return fmt.Errorf("add the sublayer: %w", err)
		}
		for _, f := range filters {
			if err := addFilter(s, f); err != nil {
				return fmt.Errorf("add a filter at %s: %w", f.Layer, err)
			}
		}
		return nil
	})
}

func addFilter(s *wf.Session, f Filter) error {
	layer, ok := layerIDs[f.Layer]
	if !ok {
		return errors.New("the layer is not known")
	}
	sd, err := windows.SecurityDescriptorFromString(match(f.User))
	if err != nil {
		return err
	}
	id, err := windows.GenerateGUID()
	if err != nil {
		return err
	}
	return s.AddRule(&wf.Rule{
		ID: wf.RuleID(id), Name: "lockstile: " + Offline + " has no network", Layer: layer, Sublayer: sublayerID, Provider: providerID,
		Weight: weight, Action: wf.ActionBlock, HardAction: true, Persistent: true,
		Conditions: []*wf.Match{{Field: wf.FieldALEUserID, Op: wf.MatchTypeEqual, Value: sd}},
	})
}

// RemoveFilters removes all objects of our provider, and the provider.
func (Machine) RemoveFilters() error {
	return withPlatform(func(s *wf.Session) error {
		rules, err := s.Rules()
		if err != nil {
			return err
		}
		for _, r := range rules {
			if r.Provider == providerID {
				if err := s.DeleteRule(r.ID); err != nil {
					return err
				}
			}
		}
		for _, err := range []error{s.DeleteSublayer(sublayerID), s.DeleteProvider(providerID)} {
			if err != nil && !notFound(err) {
				return err
			}
		}
		return nil
	})
}

func notFound(err error) bool {
	return errors.Is(err, windows.Errno(windows.FWP_E_SUBLAYER_NOT_FOUND)) || errors.Is(err, windows.Errno(windows.FWP_E_PROVIDER_NOT_FOUND))
}
