package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/net/netutil"

	"calld/config"
)

// httpConnections bounds the connections to the pages and the API at once, so
// that they can't use up the file descriptors that calls need. It leaves room
// for as many requests as the hub takes WebSockets.
const httpConnections = 8192

// listeners is every socket that calld listens on. They are opened before
// anything starts, so that a taken address is an error and not half a server.
type listeners struct{ http, agi, admin net.Listener }

// listen opens the sockets; an error names the key of the configuration.
func (a *App) listen(ctx context.Context) (l listeners, err error) {
	s := a.Config().Server
	if l.http, err = listenHTTP(ctx, s, a.crowds, httpConnections); err != nil {
		return l, err
	}
	var lc net.ListenConfig
	if l.agi, err = lc.Listen(ctx, "tcp", s.AGI); err != nil {
		l.close()
		return l, fmt.Errorf("server.agi: %w", err)
	}
	if l.admin, err = listenAdmin(ctx, s.AdminSocket); err != nil {
		l.close()
		return l, fmt.Errorf("server.admin_socket: %w", err)
	}
	return l, nil
}

// close closes what is open; closing twice does no harm.
func (l listeners) close() {
	for _, x := range []net.Listener{l.http, l.agi, l.admin} {
		if x != nil {
			_ = x.Close() // it may be closed already by its server
		}
	}
}

// listenHTTP opens the address of the pages, with TLS when that is configured.
// Beyond limit, connections wait to be accepted until others are closed; those
// that are too many from one address are closed at once.
func listenHTTP(ctx context.Context, s config.Server, crowds *crowds, limit int) (net.Listener, error) {
	var secure *tls.Config
	if s.TLS.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(s.TLS.Certificate, s.TLS.Key)
		if err != nil {
			return nil, fmt.Errorf("server.tls: %w", err)
		}
		secure = &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.HTTP)
	if err != nil {
		return nil, fmt.Errorf("server.http: %w", err)
	}
	l = netutil.LimitListener(&crowdListener{Listener: l, crowds: crowds}, limit)
	if secure != nil {
		return tls.NewListener(l, secure), nil
	}
	return l, nil
}

// listenAdmin opens the admin socket with mode 0600. A socket file that no
// server answers on is left over from a crash and replaced.
func listenAdmin(ctx context.Context, path string) (net.Listener, error) {
	var d net.Dialer
	if c, err := d.DialContext(ctx, "unix", path); err == nil {
		_ = c.Close() // it has served its purpose
		return nil, fmt.Errorf("another calld serves %s: stop it, or choose another admin_socket", path)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket == 0 {
		return nil, fmt.Errorf("%s is a file of another kind: choose another admin_socket", path)
	}
	// Made under another name, so that it never stands there with a mode that
	// lets others in.
	dir, err := os.MkdirTemp(filepath.Dir(path), ".calld-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // empty by then
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", dir+"/s")
	if err != nil {
		return nil, err
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // it goes by its final name
	}
	if err := errors.Join(os.Chmod(dir+"/s", 0o600), os.Rename(dir+"/s", path)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &adminListener{Listener: l, path: path}, nil
}

// adminListener removes its socket file when it is closed.
type adminListener struct {
	net.Listener
	path string
}

// Close closes the socket.
func (l *adminListener) Close() error {
	err := l.Listener.Close()
	if err == nil {
		err = os.Remove(l.path)
	}
	return err
}
