package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// socketBuffer holds the SIP packets of a few hundred calls that begin at once.
const socketBuffer = 4 << 20

// ErrStation is wrapped by errors about a phone or caller that is closed or
// can't be opened.
var ErrStation = errors.New("lab: SIP station")

// station is the SIP user agent below a phone or a caller: one UDP socket on
// a loopback address, and the calls on it.
type station struct {
	pbx    string // Asterisk's address
	user   string // our name in the contact
	host   string
	port   int
	log    *slog.Logger
	ua     *sipgo.UserAgent
	client *sipgo.Client
	conn   *net.UDPConn
	deaf   *net.UDPConn // the audio port of all legs without audio; never read
	// behaviour says what becomes of a call that comes in.
	behaviour func(*Leg) Behaviour

	wg sync.WaitGroup

	mu     sync.Mutex
	closed bool
	legs   map[string]*Leg // live ones by Call-ID
}

// newStation opens the socket; port 0 takes any.
func newStation(pbx, user, host string, port int, log *slog.Logger, behaviour func(*Leg) Behaviour) (*station, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(host), Port: port})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStation, err)
	}
	deaf, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(host)})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrStation, err), conn.Close())
	}
	if err := conn.SetReadBuffer(socketBuffer); err != nil {
		log.Debug("small socket buffer", "err", err)
	}
	s := &station{
		pbx: pbx, user: user, host: host, port: portOf(conn.LocalAddr()),
		log: log, conn: conn, deaf: deaf, behaviour: behaviour, legs: make(map[string]*Leg),
	}
	if err := s.serve(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *station) serve() error {
	// sipgo's own messages are of use only to its developers.
	quiet := slog.New(slog.DiscardHandler)
	var err error
	s.ua, err = sipgo.NewUA(
		sipgo.WithUserAgent(s.user),
		sipgo.WithUserAgentHostname(s.host),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerLogger(quiet)),
		sipgo.WithUserAgentTransactionLayerOptions(sip.WithTransactionLayerLogger(quiet),
			sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {})),
	)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStation, err)
	}
	server, err := sipgo.NewServer(s.ua, sipgo.WithServerLogger(quiet))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStation, err)
	}
	s.client, err = sipgo.NewClient(s.ua, sipgo.WithClientLogger(quiet),
		sipgo.WithClientAddr(s.addr()), sipgo.WithClientConnectionAddr(s.addr()))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStation, err)
	}
	server.OnInvite(s.invite)
	server.OnAck(s.ack)
	server.OnBye(s.bye)
	server.OnCancel(func(req *sip.Request, tx sip.ServerTransaction) { s.respond(req, tx, 481) })
	for _, method := range []sip.RequestMethod{sip.OPTIONS, sip.NOTIFY, sip.INFO, sip.UPDATE, sip.MESSAGE} {
		server.OnRequest(method, func(req *sip.Request, tx sip.ServerTransaction) { s.respond(req, tx, 200) })
	}
	s.wg.Go(func() {
		if err := server.ServeUDP(s.conn); err != nil {
			s.log.Error("sip socket failed", "addr", s.addr(), "err", err)
		}
	})
	// The socket can be written to once the library has it in its pool.
	ctx, cancel := context.WithTimeout(context.Background(), t1)
	defer cancel()
	return await(ctx, func() bool {
		c, err := s.ua.TransportLayer().GetConnection("udp", s.addr())
		return err == nil && c != nil
	})
}

func (s *station) addr() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// close vanishes without a word to anybody, as a phone does whose cable is pulled.
func (s *station) close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	legs := make([]*Leg, 0, len(s.legs))
	for _, l := range s.legs {
		legs = append(legs, l)
	}
	s.mu.Unlock()
	for _, l := range legs {
		l.end(Ending{Local: true, Text: "station closed"})
	}
	err := errors.Join(s.deaf.Close(), s.conn.Close())
	if s.ua != nil {
		err = errors.Join(err, s.ua.Close())
	}
	s.wg.Wait()
	return err
}

// add registers a live leg, and counts the goroutine that is going to
// drive it.
func (s *station) add(l *Leg) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("%w %s is closed", ErrStation, s.addr())
	}
	s.legs[l.id] = l
	s.wg.Add(1)
	return nil
}

func (s *station) remove(l *Leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.legs[l.id] == l {
		delete(s.legs, l.id)
	}
}

func (s *station) leg(req *sip.Request) *Leg {
	id := req.CallID()
	if id == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.legs[id.Value()]
}

func (s *station) contact() *sip.ContactHeader {
	return &sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: s.user, Host: s.host, Port: s.port}}
}

// uri is the address of a user of Asterisk.
func (s *station) uri(user string) sip.Uri {
	u := sip.Uri{Scheme: "sip", User: user}
	u.Host, u.Port, _ = sip.ParseAddr(s.pbx) // made by Asterisk.SIP
	return u
}

func portOf(a net.Addr) int { return a.(*net.UDPAddr).Port }

// quote and unquote make the inside of a quoted string (RFC 3261, section
// 25.1); the library adds the quotation marks.
func quote(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}

func unquote(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(s)
}

// reasonPhrase is the text that goes with a status of SIP (RFC 3261, section 21).
func reasonPhrase(status int) string {
	switch status {
	case 180:
		return "Ringing"
	case 200:
		return "OK"
	case 404:
		return "Not Found"
	case 480:
		return "Temporarily Unavailable"
	case 481:
		return "Call/Transaction Does Not Exist"
	case 486:
		return "Busy Here"
	case 603:
		return "Decline"
	default:
		return "Status " + strconv.Itoa(status)
	}
}

func (s *station) respond(req *sip.Request, tx sip.ServerTransaction, status int) {
	res := sip.NewResponseFromRequest(req, status, reasonPhrase(status), nil)
	if err := tx.Respond(res); err != nil {
		s.log.Debug("sip response not sent", "status", status, "err", err)
	}
}

// invite handles a call that comes in, up to its end; sipgo ends the
// transaction when the handler returns.
func (s *station) invite(req *sip.Request, tx sip.ServerTransaction) {
	if to := req.To(); to != nil && to.Params.Has("tag") {
		s.reinvite(req, tx)
		return
	}
	if req.From() == nil || req.To() == nil || req.CallID() == nil || req.Contact() == nil {
		s.respond(req, tx, 400)
		return
	}
	l := takenLeg(s, req, tx)
	if err := s.add(l); err != nil {
		s.respond(req, tx, 480)
		return
	}
	defer s.wg.Done()
	b := s.behaviour(l)
	if err := l.openVoice(b.audio(), b.Tone); err != nil {
		s.log.Error("no audio for a call", "err", err)
		b = Behaviour{Refuse: 500}
	}
	l.serve(b)
}

// reinvite agrees to every change of a call: Asterisk changes where the
// audio goes, or who the other side is.
func (s *station) reinvite(req *sip.Request, tx sip.ServerTransaction) {
	l := s.leg(req)
	if l == nil {
		s.respond(req, tx, 481)
		return
	}
	l.setRemote(req.Body())
	res := sip.NewSDPResponseFromRequest(req, l.sdp())
	res.AppendHeader(s.contact())
	if err := tx.Respond(res); err != nil {
		s.log.Debug("sip response not sent", "status", 200, "err", err)
	}
}

func (s *station) ack(req *sip.Request, _ sip.ServerTransaction) {
	if l := s.leg(req); l != nil {
		l.acknowledged()
	}
}

func (s *station) bye(req *sip.Request, tx sip.ServerTransaction) {
	l := s.leg(req)
	if l == nil {
		s.respond(req, tx, 481)
		return
	}
	s.respond(req, tx, 200)
	l.end(endingOf(req, Ending{Status: 200}))
}

// request sends a request that is no INVITE and waits for its final answer.
// What of its headers is missing is added by the library.
func (s *station) request(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	req.SetDestination(s.pbx)
	res, err := s.client.Do(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("lab: %s to %s: %w", req.Method, s.pbx, err)
	}
	return res, nil
}

// t1 is SIP's estimate of a round trip (RFC 3261, section 17.1.1.1); a 200
// is repeated from T1 on until it is acknowledged, for 64 T1 at most.
const t1 = 500 * time.Millisecond
