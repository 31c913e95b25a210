package amitest

import (
	"bufio"
	"crypto/md5"
	"encoding/hex"
	"net"
	"strings"
	"sync"
)

// challenge is what MD5 logins answer.
const challenge = "322376071"

// conn is one connection to the server.
type conn struct {
	server *Server
	nc     net.Conn

	mu       sync.Mutex // also held while writing
	loggedIn bool
	frozen   bool
}

// Request is an action that a client sent.
type Request struct {
	Action   string
	ActionID string
	Headers  [][2]string // keys and values in order, Action and ActionID included

	conn *conn
}

// Get returns the value of the first header of that key, "" when there is
// none.
func (r *Request) Get(key string) string {
	if v := r.Values(key); len(v) > 0 {
		return v[0]
	}
	return ""
}

// Values returns the values of all headers of that key.
func (r *Request) Values(key string) []string {
	var values []string
	for _, h := range r.Headers {
		if strings.EqualFold(h[0], key) {
			values = append(values, h[1])
		}
	}
	return values
}

// Success answers "Response: Success" with further headers.
func (r *Request) Success(pairs ...string) {
	r.Send(append([]string{"Response", "Success", "ActionID", r.ActionID}, pairs...)...)
}

// Error answers "Response: Error".
func (r *Request) Error(message string) {
	r.Send("Response", "Error", "ActionID", r.ActionID, "Message", message)
}

// StartList answers that a list follows.
func (r *Request) StartList(message string) {
	r.Success("EventList", "start", "Message", message)
}

// Item sends an event of the list.
func (r *Request) Item(event string, pairs ...string) {
	r.Send(append([]string{"Event", event, "ActionID", r.ActionID}, pairs...)...)
}

// EndList sends the event that completes the list.
func (r *Request) EndList(event string) {
	r.Send("Event", event, "ActionID", r.ActionID, "EventList", "Complete")
}

// Send sends a message made of keys and values in turn to the client that
// sent the request.
func (r *Request) Send(pairs ...string) { r.SendText(text(pairs)) }

// SendText sends a text written with LF to the client that sent the request.
func (r *Request) SendText(text string) {
	r.conn.mu.Lock()
	defer r.conn.mu.Unlock()
	r.conn.send(strings.ReplaceAll(text, "\n", "\r\n"))
}

// text writes a message of keys and values in turn.
func text(pairs []string) string {
	if len(pairs)%2 != 0 {
		panic("amitest: a key without a value: " + strings.Join(pairs, ", "))
	}
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString(pairs[i] + ": " + pairs[i+1] + "\n")
	}
	return b.String() + "\n"
}

// serve takes a connection and serves it until it ends.
func (s *Server) serve(nc net.Conn) {
	c := &conn{server: s, nc: nc}
	s.mu.Lock()
	refuse := s.refusing || s.closed
	if !refuse {
		s.conns[c] = true
	}
	s.mu.Unlock()
	if refuse {
		_ = nc.Close()
		return
	}
	s.wg.Go(func() {
		c.run()
		c.close()
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	})
}

// close ends the connection; errors don't matter to a test.
func (c *conn) close() { _ = c.nc.Close() }

// send writes to the client. Callers hold c.mu. An error means that the
// client is gone, which it may.
func (c *conn) send(data string) {
	if !c.frozen {
		_, _ = c.nc.Write([]byte(data))
	}
}

// run reads requests until the connection ends.
func (c *conn) run() {
	c.mu.Lock()
	c.send(c.server.Greeting + "\r\n")
	c.mu.Unlock()
	r := &Request{conn: c}
	for lines := bufio.NewScanner(c.nc); lines.Scan(); {
		line := lines.Text() // without its CR too
		if line != "" {
			key, value, _ := strings.Cut(line, ": ")
			r.Headers = append(r.Headers, [2]string{key, value})
			continue
		}
		r.Action, r.ActionID = r.Get("Action"), r.Get("ActionID")
		c.mu.Lock()
		frozen := c.frozen
		c.mu.Unlock()
		if !frozen && !c.handle(r) {
			return
		}
		r = &Request{conn: c}
	}
}

// handle answers one request and reports whether the connection goes on.
func (c *conn) handle(r *Request) bool {
	s := c.server
	s.mu.Lock()
	answer := s.answers[strings.ToLower(r.Action)]
	s.mu.Unlock()
	goesOn := true
	switch action := strings.ToLower(r.Action); {
	case answer != nil && (c.loggedIn || action == "login" || action == "challenge"):
		answer(r)
	case action == "challenge" && !s.RefuseMD5:
		r.Success("Challenge", challenge)
	case action == "challenge":
		r.Error("Must specify AuthType")
	case action == "login":
		goesOn = c.login(r)
	case action == "logoff":
		r.Send("Response", "Goodbye", "ActionID", r.ActionID, "Message", "Thanks for all the fish.")
		goesOn = false
	case !c.loggedIn:
		r.Error("Permission denied")
	default:
		r.Error("Invalid/unknown command: " + r.Action + ". Use Action: ListCommands to show available commands.")
	}
	s.note(func() { s.requests = append(s.requests, r) })
	return goesOn
}

// login checks a Login and reports whether it was right. Asterisk closes the
// connection when it was not.
func (c *conn) login(r *Request) bool {
	s := c.server
	ok := r.Get("Secret") == s.Secret
	if strings.EqualFold(r.Get("AuthType"), "MD5") {
		sum := md5.Sum([]byte(challenge + s.Secret))
		ok = !s.RefuseMD5 && r.Get("Key") == hex.EncodeToString(sum[:])
	}
	if !ok || r.Get("Username") != s.Username {
		r.Error("Authentication failed")
		return false
	}
	// Before the answer: once the client has it, what Emit sends must reach it.
	c.mu.Lock()
	c.loggedIn = true
	c.mu.Unlock()
	r.Success("Message", "Authentication accepted")
	if !s.NotBooted {
		r.Send("Event", "FullyBooted", "Privilege", "system,all", "Status", "Fully Booted")
	}
	s.note(func() { s.logins++ })
	return true
}
