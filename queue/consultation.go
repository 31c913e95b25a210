package queue

// Consultation is a script's hold on a consultation. It runs on the channel of
// the agent who holds, rings whom the offer names, and says in the end one of
// [Consultation.Dialled] and [Consultation.Detach].
type Consultation struct {
	CallID string
	Offer  *Offer
	// From is the phone of the agent who consults.
	From string
	// End tells, once at the most, when the consultation ends otherwise.
	End   <-chan ConsultEnd
	board *Board
}

// ConsultReport is what became of a consultation, as the script's Dial returned
// it.
type ConsultReport struct {
	Result RingResult
	// Channel names the channel of who has answered.
	Channel string
	// AgentGone: the agent has hung up.
	AgentGone bool
}

// Consultation gives the consultation that was ordered for the channel of an
// agent, of that unique id, its script; false when there is none any more.
func (b *Board) Consultation(uniqueID string) (k *Consultation, ok bool) {
	b.do(func(m *machine) {
		c := m.consults[uniqueID]
		if c == nil || c.consult.taken {
			return
		}
		x := c.consult
		x.taken, x.due = true, m.now.Add(x.ringFor+ringGuard)
		m.at(x.due, timer{call: c})
		o := &Offer{ID: x.id, RingFor: x.ringFor, Music: c.line.cfg.Music, Headers: x.to.Headers}
		if a := x.agent; a != nil {
			o.Agents = []OfferedAgent{{ID: a.cfg.ID, Phone: a.cfg.Phone}}
		} else {
			o.Outside = &Outside{Number: x.to.Number, CallerID: c.line.cfg.Number}
		}
		k, ok = &Consultation{CallID: c.ID, Offer: o, End: x.end, board: b}, true
		if a := m.agents[c.Agent]; a != nil {
			k.From = a.cfg.Phone
		}
	})
	return k, ok
}

// Dialled reports how the script's Dial ended.
func (k *Consultation) Dialled(r ConsultReport) {
	k.do(func(m *machine, c *call) { m.consulted(c, r) })
}

// Detach tells that the script has lost its connection: nobody will tell how
// the consultation ends. The customer stays held.
func (k *Consultation) Detach() {
	k.do(func(m *machine, c *call) { m.consultOver(c, TransferFailed, CutShort) })
}

func (k *Consultation) do(f func(*machine, *call)) {
	k.board.do(func(m *machine) {
		if c := m.calls[k.CallID]; c != nil && c.consult != nil && c.consult.id == k.Offer.ID {
			f(m, c)
		}
	})
}
