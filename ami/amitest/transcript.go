package amitest

import (
	"os"
	"strings"
	"testing"
)

// Transcript is a recorded conversation with a real Asterisk.
//
// In its file each line of the client begins with "> ", each of the server
// with "< "; line ends are LF. The greeting, if it is there, is the first
// line.
type Transcript struct {
	Greeting  string
	Exchanges []Exchange
}

// Exchange is an action and everything that the server sent from then to the
// next action. Action is "" for what came before the first.
type Exchange struct {
	Action   string
	ActionID string
	Messages []string // written with LF, an empty line after each
}

// Load reads a transcript; it fails the test when it can't.
func Load(tb testing.TB, path string) *Transcript {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatalf("amitest: %v", err)
	}
	tr := new(Transcript)
	var now *Exchange
	var message strings.Builder
	for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		side, rest := line[:min(1, len(line))], strings.TrimPrefix(line[min(1, len(line)):], " ")
		switch {
		case i == 0 && strings.HasPrefix(rest, "Asterisk Call Manager/"):
			tr.Greeting = rest
		case side == ">":
			key, value, _ := strings.Cut(rest, ": ")
			if key == "Action" {
				tr.Exchanges = append(tr.Exchanges, Exchange{Action: value})
				now = &tr.Exchanges[len(tr.Exchanges)-1]
			}
			if key == "ActionID" && now != nil {
				now.ActionID = value
			}
		case side == "<":
			if now == nil {
				tr.Exchanges = append(tr.Exchanges, Exchange{})
				now = &tr.Exchanges[0]
			}
			message.WriteString(rest + "\n")
			if rest == "" {
				now.Messages = append(now.Messages, message.String())
				message.Reset()
			}
		default:
			tb.Fatalf("amitest: %s:%d: neither client nor server: %q", path, i+1, line)
		}
	}
	return tr
}

// Server returns everything the server sent after the greeting, as it came
// over the wire.
func (tr *Transcript) Server() string {
	var b strings.Builder
	for _, x := range tr.Exchanges {
		for _, m := range x.Messages {
			b.WriteString(strings.ReplaceAll(m, "\n", "\r\n"))
		}
	}
	return b.String()
}

// Events returns the recorded events that belong to no list: those have a
// Privilege header.
func (tr *Transcript) Events() []string {
	var events []string
	for _, x := range tr.Exchanges {
		for _, m := range x.Messages {
			if strings.HasPrefix(m, "Event: ") && strings.Contains(m, "\nPrivilege: ") {
				events = append(events, m)
			}
		}
	}
	return events
}

// Play has the server answer as recorded: the n-th action of a name as the
// n-th there, and those after the last as the last. Answers get the ActionID
// of the action that they answer.
func (s *Server) Play(tr *Transcript) {
	byAction := make(map[string][]Exchange)
	for _, x := range tr.Exchanges {
		byAction[x.Action] = append(byAction[x.Action], x)
	}
	for action, exchanges := range byAction {
		if action == "Login" || action == "Challenge" || action == "" {
			continue // the server's own know its user
		}
		next := make(chan Exchange, len(exchanges))
		for _, x := range exchanges {
			next <- x
		}
		last := exchanges[len(exchanges)-1]
		s.Answer(action, func(r *Request) {
			x := last
			select {
			case x = <-next:
			default:
			}
			for _, m := range x.Messages {
				r.SendText(strings.ReplaceAll(m, "\nActionID: "+x.ActionID+"\n", "\nActionID: "+r.ActionID+"\n"))
			}
		})
	}
}
