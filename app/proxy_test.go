package app

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// TestBehindProxies: only what trusted proxies say is believed.
func TestBehindProxies(t *testing.T) {
	s := newSite(t)
	s.write(centreConfig, "[asterisk]", "trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\", \"::1\"]\n[asterisk]")
	a := s.app()
	for name, tt := range map[string]struct {
		peer      string
		forwarded []string
		want      string
		secure    bool // X-Forwarded-Proto is believed
	}{
		"direct":                {"192.0.2.1:5", nil, "192.0.2.1:5", false},
		"a stranger's word":     {"192.0.2.1:5", []string{"203.0.113.9"}, "192.0.2.1:5", false},
		"a proxy":               {"127.0.0.1:5", []string{"203.0.113.9"}, "203.0.113.9:0", true},
		"a proxy by IPv6":       {"[::1]:5", []string{"2001:db8::7"}, "[2001:db8::7]:0", true},
		"mapped addresses":      {"[::ffff:127.0.0.1]:5", []string{"::ffff:203.0.113.9"}, "203.0.113.9:0", true},
		"two proxies":           {"127.0.0.1:5", []string{"203.0.113.9, 10.1.1.1"}, "203.0.113.9:0", true},
		"in two headers":        {"127.0.0.1:5", []string{"203.0.113.9", "10.1.1.1"}, "203.0.113.9:0", true},
		"made up in front":      {"127.0.0.1:5", []string{"8.8.8.8, 203.0.113.9"}, "203.0.113.9:0", true},
		"rubbish in front":      {"127.0.0.1:5", []string{"rubbish, 10.1.1.1"}, "10.1.1.1:0", true},
		"rubbish":               {"127.0.0.1:5", []string{"rubbish"}, "127.0.0.1:5", true},
		"a zone":                {"127.0.0.1:5", []string{"fe80::7%eth0"}, "[fe80::7]:0", true},
		"a proxy without words": {"127.0.0.1:5", nil, "127.0.0.1:5", true},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
			r.RemoteAddr = tt.peer
			r.Header["X-Forwarded-For"] = tt.forwarded
			r.Header.Set("X-Forwarded-Proto", "https")
			a.behindProxies(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if secure := r.Header.Get("X-Forwarded-Proto") != ""; r.RemoteAddr != tt.want || secure != tt.secure {
					t.Errorf("from %s, by HTTPS %t", r.RemoteAddr, secure)
				}
			})).ServeHTTP(httptest.NewRecorder(), r)
		})
	}
}

// FuzzClientOf: the last address that is no proxy's is the client, whatever the client
// has put before it, in one header or in several; and what is found is an
// address as net/http would write it.
func FuzzClientOf(f *testing.F) {
	f.Add("8.8.8.8, rubbish", []byte{203, 0, 113, 9}, uint8(1))
	f.Add("10.1.1.1,,\x00", []byte{192, 0, 2, 1}, uint8(3))
	f.Add("fe80::1%eth0", []byte("0123456789abcdef"), uint8(0))
	f.Add("fe80::1%a]b:1, 10.1.1.2", []byte(nil), uint8(0))
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	f.Fuzz(func(t *testing.T, before string, ip []byte, proxies uint8) {
		if made := clientOf([]string{before}, trusted); made.IsValid() {
			if again, err := netip.ParseAddrPort(net.JoinHostPort(made.String(), "0")); err != nil || again.Addr() != made || made.Zone() != "" {
				t.Errorf("%q brings the client %q", before, made)
			}
		}
		client, ok := netip.AddrFromSlice(ip)
		if client = client.Unmap(); !ok || within(trusted, client) {
			return
		}
		hops := []string{before, client.String()}
		for range proxies % 4 {
			hops = append(hops, "10.0.0.1", "::1")
		}
		for _, headers := range [][]string{hops, {strings.Join(hops, ", ")}, {before + ",", strings.Join(hops[1:], ",")}} {
			if got := clientOf(headers, trusted); got != client {
				t.Errorf("%q: client %v, want %v", headers, got, client)
			}
		}
	})
}
