package app

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// behindProxies gives each request the address of its client: behind trusted
// proxies that which they tell. From anybody else such words are taken away,
// so that whoever finds them may believe them.
func (a *App) behindProxies(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trusted := a.Config().Server.TrustedProxies
		if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && within(trusted, peer.Addr()) {
			if client := clientOf(r.Header.Values("X-Forwarded-For"), trusted); client.IsValid() {
				r.RemoteAddr = net.JoinHostPort(client.String(), "0")
			}
		} else {
			r.Header.Del("X-Forwarded-Proto")
		}
		h.ServeHTTP(w, r)
	})
}

// clientOf finds the client in X-Forwarded-For: each proxy has put the address
// that asked it at the end, so it is the last that is no trusted proxy's. What
// stands before that anybody may have made up. Without one it is invalid.
func clientOf(headers []string, trusted []netip.Prefix) (client netip.Addr) {
	hops := strings.Split(strings.Join(headers, ","), ",")
	for _, hop := range slices.Backward(hops) {
		addr, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return client
		}
		client = addr.Unmap().WithZone("") // a zone means something on the proxy alone
		if !within(trusted, client) {
			return client
		}
	}
	return client
}

func within(networks []netip.Prefix, addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}
