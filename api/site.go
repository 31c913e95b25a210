package api

import "net/netip"

// siteBits is how much of an IPv6 address names a site, which may use all
// the addresses below it (RFC 6177).
const siteBits = 64

// Site is what limits by address count as one: an IPv4 address, or the /64 of an
// IPv6 address.
func Site(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	return netip.PrefixFrom(addr, min(addr.BitLen(), siteBits)).Masked()
}

// siteOf is the site of a host as it stands in a request.
func siteOf(host string) string {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host // of a Unix socket
	}
	return Site(addr).String()
}
