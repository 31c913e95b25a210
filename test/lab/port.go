package lab

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"
)

// The laboratory's ports lie below the range from which Linux takes the
// local ports of outgoing connections (32768 and up): a client that tries
// again and again to reach a stopped server on a port of that range will in
// the end be given the very port as its own and connect to itself.
const (
	firstPort = 10000
	lastPort  = 15999
	// The voices of all instances share this range: Asterisk tries another
	// port when one is taken.
	firstRTPPort = 16000
	lastRTPPort  = 32000
)

// ErrNoPort is returned when every port of the laboratory is taken.
var ErrNoPort = errors.New("lab: no free port")

// FreePort returns a port that is free on 127.0.0.1 for TCP and for UDP. No
// other user of the laboratory on this machine is given it until this process ends.
func FreePort() (int, error) {
	r, err := reservePort()
	if err != nil {
		return 0, err
	}
	return r.port, nil
}

// reservation holds one port number against all other laboratories of the
// machine, by holding the abstract UNIX socket address of that name: it
// costs no file, and the kernel frees it when the process ends in any way.
// A plain descriptor is used since a net.Listener would be closed by the
// garbage collector.
type reservation struct {
	port    int
	fd      int
	release func()
}

func reservePort() (*reservation, error) {
	for port := firstPort; port <= lastPort; port++ {
		r, err := reserve(port)
		if err != nil {
			continue
		}
		if !portFree(port) {
			r.release()
			continue
		}
		return r, nil
	}
	return nil, fmt.Errorf("%w between %d and %d", ErrNoPort, firstPort, lastPort)
}

func reserve(port int) (*reservation, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("lab: reserving port %d: %w", port, err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: "@calld-lab-port-" + strconv.Itoa(port)}); err != nil {
		return nil, errors.Join(fmt.Errorf("lab: reserving port %d: %w", port, err), syscall.Close(fd))
	}
	return &reservation{port: port, fd: fd, release: sync.OnceFunc(func() { _ = syscall.Close(fd) })}, nil
}

func portFree(port int) bool {
	local := net.IPv4(127, 0, 0, 1)
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: local, Port: port})
	if err != nil {
		return false
	}
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: local, Port: port})
	if err != nil {
		return errors.Join(err, tcp.Close()) == nil
	}
	return errors.Join(tcp.Close(), udp.Close()) == nil
}
