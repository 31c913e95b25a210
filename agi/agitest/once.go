package agitest

import (
	"io"
	"net"
	"sync"
)

// once is a listener that has one connection to give.
type once struct {
	conns  chan net.Conn
	closed chan struct{}
	close  sync.Once
}

func newOnce(conn net.Conn) *once {
	ln := &once{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
	ln.conns <- conn
	return ln
}

func (ln *once) Accept() (net.Conn, error) {
	select {
	case conn := <-ln.conns:
		return conn, nil
	case <-ln.closed:
		return nil, io.EOF
	}
}

func (ln *once) Close() error {
	ln.close.Do(func() { close(ln.closed) })
	return nil
}

func (ln *once) Addr() net.Addr { return &net.UnixAddr{Name: "agitest", Net: "pipe"} }
