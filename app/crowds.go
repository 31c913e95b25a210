package app

import (
	"net"
	"net/netip"
	"sync"

	"calld/api"
)

// crowdLimit bounds the connections to the pages and the API from one address,
// so that nobody alone can use up httpConnections. A site whose agents all come from
// one address, with some connections each, is far below it.
const crowdLimit = 2048

// crowds counts the connections of each address.
type crowds struct {
	limit   int
	trusted func() []netip.Prefix // proxies, behind which many clients are

	mu      sync.Mutex
	open    map[netip.Prefix]int
	refused uint64
}

func newCrowds(limit int, trusted func() []netip.Prefix) *crowds {
	return &crowds{limit: limit, trusted: trusted, open: map[netip.Prefix]int{}}
}

// refusedCount is how many connections were closed at once.
func (c *crowds) refusedCount() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refused
}

// admit counts a connection in; site is to be given to leave. Those without an
// address are of nobody's crowd.
func (c *crowds) admit(addr net.Addr) (site netip.Prefix, ok bool) {
	peer, err := netip.ParseAddrPort(addr.String())
	if err != nil || within(c.trusted(), peer.Addr()) {
		return site, true
	}
	site = api.Site(peer.Addr())
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[site] >= c.limit {
		c.refused++
		return site, false
	}
	c.open[site]++
	return site, true
}

func (c *crowds) leave(site netip.Prefix) {
	if !site.IsValid() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[site]--; c.open[site] == 0 {
		delete(c.open, site)
	}
}

// crowdListener closes at once what is beyond the limit of its address.
type crowdListener struct {
	net.Listener
	crowds *crowds
}

// Accept returns the next connection that may stay.
func (l *crowdListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		site, ok := l.crowds.admit(conn.RemoteAddr())
		if ok {
			return &crowdConn{Conn: conn, leave: sync.OnceFunc(func() { l.crowds.leave(site) })}, nil
		}
		_ = conn.Close() // whoever has so many is owed no word
	}
}

// crowdConn is counted until it is closed.
type crowdConn struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (c *crowdConn) Close() error {
	c.leave()
	return c.Conn.Close()
}
