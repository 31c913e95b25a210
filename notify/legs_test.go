package notify

import (
	"testing"
	"time"
)

func TestAgentChannel(t *testing.T) {
	tests := map[string]struct {
		does func(*legs)
		want string // unique id of the channel of phone 8001, which has two contacts
	}{
		"rings":                    {func(s *legs) { s.stop("2.2") }, "2.1"},
		"talks":                    {func(s *legs) { s.answer("2.1") }, "2.1"},
		"talks at another contact": {func(s *legs) { s.answer("2.2"); s.stop("2.1") }, "2.2"},
		"rings no more":            {func(s *legs) { s.stop("2.1"); s.stop("2.2") }, ""},
		"hung up":                  {func(s *legs) { s.stop("2.2"); s.answer("2.1"); s.remove("2.1") }, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := &Watcher{legs: newLegs()}
			for id, phone := range map[string]string{"2.1": "8001", "2.2": "8001", "2.3": "8002"} {
				w.legs.add(id, leg{caller: "1.1", phone: phone, since: time.Now()})
			}
			tt.does(w.legs)
			if id, ok := w.AgentChannel("1.1", "8001"); id != tt.want || ok != (tt.want != "") {
				t.Errorf("channel %q %v, want %q", id, ok, tt.want)
			}
		})
	}
}
