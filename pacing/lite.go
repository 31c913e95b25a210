package pacing

// lite keeps the expected answers of what rings under a multiple of the free
// agents. One free agent always deserves one call.
func (p *Pacer) lite(v View) Decision {
	free := v.Free - v.Waiting
	if free <= 0 {
		return Decision{Reason: AgentsBusy}
	}
	expected, each := p.model.rings.expected()
	room := p.highest() * float64(free)
	n := 0
	for n < mostDials && (len(v.Ringing)+n < free || expected+each <= room) {
		n++
		expected += each
	}
	if n == 0 {
		return Decision{Reason: EnoughRinging}
	}
	return Decision{Dial: n}
}
