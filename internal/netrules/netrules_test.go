package netrules

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func rules(t *testing.T, texts ...string) (out []Rule) {
	t.Helper()
	for _, text := range texts {
		r, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		out = append(out, r)
	}
	return out
}

func TestParse(t *testing.T) {
	for text, fits := range map[string]string{ // HOST PORT pairs that fit
		"example.org":        "example.org 443, EXAMPLE.org. 443",
		"example.org:80":     "example.org 80",
		"Example.ORG.:*":     "example.org 1, example.org 65535",
		"*.example.org":      "a.example.org 443, a.b.example.org 443",
		"127.0.0.1:5432":     "127.0.0.1 5432, ::ffff:127.0.0.1 5432",
		"10.0.0.0/8:*":       "10.255.0.1 22",
		"[::1]:80":           "::1 80, [::1] 80, 0:0::1 80",
		"::1":                "::1 443",
		"[fd00::/8]:*":       "fd00::1 9",
		"xn--bcher-kva.de":   "xn--bcher-kva.de 443",
		"_dmarc.example.org": "_dmarc.example.org 443",
	} {
		r := rules(t, text)[0]
		for pair := range strings.SplitSeq(fits, ", ") {
			if host, port := hostPort(t, pair); !r.fits(host, port) {
				t.Errorf("%s doesn't fit %s", text, pair)
			}
		}
		for _, pair := range []string{"example.org 444", "example.orgs 443", "notexample.org 443", "org 443", "127.0.0.2 5432", "11.0.0.1 22", "::2 80", "fe80::1 9", "x.xn--bcher-kva.de 443"} {
			if host, port := hostPort(t, pair); r.fits(host, port) && text != "*.example.org:443" && !strings.HasSuffix(text, ":*") {
				t.Errorf("%s fits %s", text, pair)
			}
		}
		if r.String() != text {
			t.Errorf("%q is %q", text, r)
		}
	}
	for text, want := range map[string]string{
		"*": "every server", "*:443": "every server", "": "every server", ":443": "every server", "0.0.0.0/0:*": "every server", "::/0": "every server", "*.org": "top-level", "*.*.org": "no host name", "a.*.org": "no host name",
		"example.org:": "port is missing", "example.org:0": "is no port", "example.org:080": "is no port", "example.org:65536": "is no port", "example.org:+1": "is no port", "example.org:-1": "is no port", "example.org:http": "is no port",
		"https://example.org": "is no port", "example.org/path": "is no network", "10.1.0.0/8": "bits behind", "10.0.0.0/33": "is no network", "*.10.0.0.1": "star before an address", "fe80::1%eth0": "with a zone",
		"[::1": "in brackets", "[::1]80": "as [ADDRESS]:PORT", "[127.0.0.1]:80": "as [ADDRESS]:PORT", "bücher.de": "xn--", "exa mple.org": "xn--", "-a.org": "no - at", "a..org": "1 to 63", strings.Repeat("a", 64) + ".org": "1 to 63",
		strings.Repeat("a.", 127) + "org": "1 to 253", "2130706433": "usual notation", "0x7f.1": "usual notation", "127.1": "usual notation", "0177.0.0.1": "usual notation", "example.1": "usual notation", "::ffff:10.0.0.0/104": "is no network",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) && !(strings.HasPrefix(text, "[") && strings.Contains(err.Error(), "[ADDRESS]")) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func hostPort(t *testing.T, pair string) (Host, uint16) {
	t.Helper()
	name, port, _ := strings.Cut(pair, " ")
	h, err := ParseHost(name)
	if err != nil {
		t.Fatalf("%s: %v", pair, err)
	}
	n, _, err := parsePort(port)
	if err != nil {
		t.Fatalf("%s: %v", pair, err)
	}
	return h, n
}

// TestHosts checks that each notation that some resolver takes for an address is either the
// address, or no host.
func TestHosts(t *testing.T) {
	for text, want := range map[string]string{
		"example.org": "example.org", "EXAMPLE.org.": "example.org", "192.0.2.1": "192.0.2.1", "[2001:db8::1]": "2001:db8::1", "2001:DB8:0::1": "2001:db8::1", "::ffff:192.0.2.1": "192.0.2.1", "localhost": "localhost",
	} {
		if h, err := ParseHost(text); err != nil || h.String() != want {
			t.Errorf("%q is %q, %v", text, h, err)
		}
	}
	for _, text := range []string{
		"", ".", "..", "a..b", "example.org..", "127.1", "127.0.1", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.000.000.001", "2130706433", "127.0.0.1.", "1.2.3.4.5", "256.1.1.1",
		"[127.0.0.1]", "[::1", "::1]", "::1%lo", "[::1%lo]", "a b", "a\x00.org", "a\n.org", "user@example.org", "example.org:80", "example.org/", "exаmple.org", "ex%61mple.org", "example.org#", "*", "*.example.org", "①②⑦.0.0.1", "a_b.c-",
	} {
		if h, err := ParseHost(text); err == nil {
			t.Errorf("%q is %q", text, h)
		}
	}
}

func TestDecide(t *testing.T) {
	r := Rules{
		Allow:   rules(t, "example.org", "*.example.org:*", "127.0.0.1:5432", "db.internal:5432"),
		Deny:    rules(t, "bad.example.org:*", "198.51.0.0/16:*", "10.9.0.0/16:*"),
		Private: rules(t, "git.internal:22", "10.1.2.3:80"),
	}
	for pair, want := range map[string]Decision{
		"example.org 443":     {true, "example.org", ""},
		"example.org 80":      {false, "", noRule},
		"www.example.org 80":  {true, "*.example.org:*", ""},
		"bad.example.org 443": {false, "bad.example.org:*", denied},
		"127.0.0.1 5432":      {true, "127.0.0.1:5432", ""},
		"127.0.0.1 5433":      {false, "", noRule},
		"localhost 5432":      {false, "", noRule},
		"git.internal 22":     {true, "git.internal:22", ""},
		"10.1.2.3 80":         {true, "10.1.2.3:80", ""},
		"198.51.100.1 443":    {false, "198.51.0.0/16:*", denied},
	} {
		h, port := hostPort(t, pair)
		if got := r.Decide(h, port); got != want {
			t.Errorf("%s: %+v, want %+v", pair, got, want)
		}
	}
	if !(Rules{Deny: r.Deny}).Empty() || r.Empty() || (Rules{Private: r.Private}).Empty() {
		t.Error("what is empty?")
	}
}

// TestChoose checks to which addresses a name may lead.
func TestChoose(t *testing.T) {
	r := Rules{Allow: rules(t, "example.org", "db.internal:5432"), Deny: rules(t, "10.9.0.0/16:*"), Private: rules(t, "git.internal:22")}
	own := []netip.Addr{netip.MustParseAddr("93.184.216.99"), netip.MustParseAddr("10.0.0.5")}
	for row, want := range map[string]string{
		"example.org 443 93.184.216.34 2606:2800:220:1::1":                   "93.184.216.34 2606:2800:220:1::1",
		"example.org 443 127.0.0.1 93.184.216.34 93.184.216.34 10.0.0.1 ::1": "93.184.216.34",
		"example.org 443 ::ffff:93.184.216.34":                               "93.184.216.34",
		"example.org 443 93.184.216.99":                                      badAddress + "93.184.216.99",
		"db.internal 5432 10.0.0.1":                                          badAddress + "10.0.0.1",
		"git.internal 22 10.0.0.1 10.9.0.1 10.0.0.5 fd00::1":                 "10.0.0.1 fd00::1",
		"git.internal 22 127.0.0.1":                                          badAddress + "127.0.0.1",
		"example.org 443":                                                    noAddress,
	} {
		fields := strings.Fields(row)
		h, port := hostPort(t, fields[0]+" "+fields[1])
		var found []netip.Addr
		for _, a := range fields[2:] {
			found = append(found, netip.MustParseAddr(a))
		}
		may, reason := r.Choose(h, port, found, own)
		var got []string
		for _, a := range may {
			got = append(got, a.String())
		}
		if text := strings.Join(got, " ") + reason; text != want {
			t.Errorf("%s: %q, want %q", row, text, want)
		}
	}
	h, _ := hostPort(t, "git.internal 22")
	for _, a := range []string{
		"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "169.254.169.254", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1",
		"fe80::1", "ff02::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16",
	} {
		if may, _ := r.Choose(h, 22, []netip.Addr{netip.MustParseAddr(a)}, nil); may != nil {
			t.Errorf("a name leads to %s", a)
		}
	}
}

// FuzzHost checks that a host has one meaning: its normal form is its own normal form, and no
// text in between leads elsewhere.
func FuzzHost(f *testing.F) {
	for _, seed := range []string{"example.org.", "::1", "[::1]", "127.0.0.1", "0x7f.1", "A.b", "a%b", "xn--a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, err := ParseHost(text)
		if err != nil {
			return
		}
		again, err := ParseHost(h.String())
		if err != nil || again != h {
			t.Errorf("%q is %q, and that is %q, %v", text, h, again, err)
		}
		if h.addr.IsValid() == (h.name != "") || strings.ToLower(h.name) != h.name || strings.ContainsFunc(h.name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("/:@%#?*\\", r) }) {
			t.Errorf("%q is %+v", text, h)
		}
	})
}

// FuzzParse checks that no rule fits every server, and that a rule fits what it names.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"example.org", "*.example.org:80", "10.0.0.0/8:*", "[::1]:1", "0.0.0.0/0:*", "::/0"} {
		f.Add(seed)
	}
	some := []string{"a.example", "b.example.org", "c.example.net"}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		if (r.name != "") == r.net.IsValid() || r.anyOne != (r.port == 0) {
			t.Fatalf("%q is %+v", text, r)
		}
		if !slices.ContainsFunc(some, func(name string) bool { h, _ := ParseHost(name); return !r.fits(h, r.port) }) {
			t.Errorf("%q fits every name", text)
		}
		if r.name != "" && !r.below && !r.fits(Host{name: r.name}, r.port) {
			t.Errorf("%q doesn't fit itself", text)
		}
	})
}
