package notify

import (
	"slices"
	"sync"
	"time"
)

// maxLegs bounds the agents' channels that are followed at once. Beyond it
// the board is told of an agent by the script alone.
const maxLegs = 16384

// leg is a channel to an agent's phone, dialled for a caller.
type leg struct {
	id     string // unique id of the channel; set by add
	caller string // unique id of the caller's channel
	phone  string
	since  time.Time // when it was first heard of
	over   bool      // it does not ring any more
	talks  bool
	// passing marks a Local channel that leaves the call once it is answered:
	// its end is not the end of the talk.
	passing bool
	// resumes tells that the phone takes the talk up on another channel: the
	// end of this one need not be that of the talk.
	resumes bool
	alone   lonely
}

// legs are the channels to agents' phones, by unique id. A leg lives from
// DialBegin to Hangup; if that was missed, the sweeper takes it out.
type legs struct {
	mu     sync.Mutex
	byID   map[string]*leg
	caller map[string][]*leg // the same, by the caller's unique id

	looked time.Time // when it was last seen who is alone

	refused, swept uint64
}

func newLegs() *legs {
	return &legs{byID: map[string]*leg{}, caller: map[string][]*leg{}}
}

// add begins a leg; one that is known stays as it is.
func (s *legs) add(id string, l leg) (added bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[id] != nil {
		return true
	}
	if len(s.byID) >= maxLegs {
		s.refused++
		return false
	}
	l.id = id
	s.byID[id] = &l
	s.caller[l.caller] = append(s.caller[l.caller], &l)
	return true
}

// get returns a copy of a leg.
func (s *legs) get(id string) (leg, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.byID[id]; l != nil {
		return *l, true
	}
	return leg{}, false
}

// answer notes that a leg was answered, and reports whether that is news.
func (s *legs) answer(id string) (l leg, news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.byID[id]
	if p == nil || p.talks {
		return leg{}, false
	}
	p.over, p.talks = true, true
	return *p, true
}

// at finds the unique id of the channel on which the agent of a phone
// talks with a caller, or else of one that rings there.
func (s *legs) at(caller, phone string) (id string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.caller[caller] {
		if l.phone == phone && !l.passing && (l.talks || !l.over) {
			if id = l.id; l.talks {
				break
			}
		}
	}
	return id, id != ""
}

// ringing lists the phones that ring for a caller, as far as is known: those in a
// talk that was just found are among them.
func (s *legs) ringing(caller string) (phones []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.caller[caller] {
		if !l.over && !slices.Contains(phones, l.phone) {
			phones = append(phones, l.phone)
		}
	}
	return phones
}

// stop notes that a leg does not ring any more, and reports whether the phone
// now rings at none of its contacts. It is false when that was known.
func (s *legs) stop(id string) (l leg, silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.byID[id]
	if p == nil || p.over {
		return leg{}, false
	}
	p.over = true
	for _, other := range s.caller[p.caller] {
		if other.phone == p.phone && (!other.over || other.talks) {
			return *p, false
		}
	}
	return *p, true
}

// resume notes that a phone is about to take its talk up on another channel.
func (s *legs) resume(phone string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.byID {
		if l.phone == phone && l.talks {
			l.resumes = true
		}
	}
}

// remove ends a leg. A leg that was dialled from it, by an agent who consulted
// somebody, is from then on one of its caller: it may have been given the call.
func (s *legs) remove(id string) (leg, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.byID[id]
	if l == nil {
		return leg{}, false
	}
	s.drop(id, l)
	s.passOn(id, l.caller)
	return *l, true
}

// pass makes the legs that were dialled from a channel those of a caller's.
func (s *legs) pass(from, caller string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passOn(from, caller)
}

// passOn is pass; the legs are locked.
func (s *legs) passOn(from, caller string) {
	if from == caller {
		return
	}
	for _, l := range s.caller[from] {
		l.caller = caller
		s.caller[caller] = append(s.caller[caller], l)
	}
	delete(s.caller, from)
}

// drop takes a leg out; the legs are locked.
func (s *legs) drop(id string, l *leg) {
	delete(s.byID, id)
	rest := s.caller[l.caller][:0]
	for _, other := range s.caller[l.caller] {
		if other != l {
			rest = append(rest, other)
		}
	}
	if len(rest) == 0 {
		delete(s.caller, l.caller)
		return
	}
	s.caller[l.caller] = rest
}

// sweep takes out the legs whose channel was gone at asOf.
func (s *legs) sweep(asOf time.Time, live map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, l := range s.byID {
		if !live[id] && l.since.Before(asOf) {
			s.drop(id, l)
			s.swept++
		}
	}
}

func (s *legs) counts() (now int, refused, swept uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byID), s.refused, s.swept
}
