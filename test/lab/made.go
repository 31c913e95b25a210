package lab

import (
	"context"
	"errors"
	"fmt"

	"github.com/emiago/sipgo/sip"
)

// CallOptions says how to call.
type CallOptions struct {
	Number string            // caller id number, "anonymous" by default
	Name   string            // caller id name: any text, also Hangul
	Audio  bool              // send silence and keep what is heard; without it the leg is deaf and dumb
	Tone   float64           // send this tone in Hz; includes Audio
	Header map[string]string // more headers of the INVITE
}

// call sends an INVITE and returns at once; the leg goes on by itself.
func (s *station) call(ctx context.Context, number string, opts CallOptions) (*Leg, error) {
	if opts.Number == "" {
		opts.Number = "anonymous"
	}
	l := newLeg(s)
	l.outgoing = true
	l.id = sip.GenerateTagN(24) + "@" + s.host
	l.Number, l.Dialled = number, number
	if err := l.openVoice(opts.Audio || opts.Tone != 0, opts.Tone); err != nil {
		return nil, err
	}
	l.invite = s.newInvite(l, number, opts)
	if err := s.add(l); err != nil {
		l.end(Ending{Local: true, Text: err.Error()})
		return nil, err
	}
	tx, err := s.client.TransactionRequest(ctx, l.invite)
	if err != nil {
		s.wg.Done()
		err = fmt.Errorf("lab: calling %s: %w", number, err)
		l.end(Ending{Local: true, Text: err.Error()})
		return nil, err
	}
	l.mu.Lock()
	l.cseq = l.invite.CSeq().SeqNo
	l.mu.Unlock()
	go func() {
		defer s.wg.Done()
		l.drive(tx)
	}()
	return l, nil
}

func (s *station) newInvite(l *Leg, number string, opts CallOptions) *sip.Request {
	to := s.uri(number)
	req := sip.NewRequest(sip.INVITE, to)
	from := &sip.FromHeader{
		DisplayName: quote(opts.Name),
		Address:     sip.Uri{Scheme: "sip", User: opts.Number, Host: s.host},
	}
	from.Params.Add("tag", sip.GenerateTagN(16))
	req.AppendHeader(from)
	id := sip.CallIDHeader(l.id)
	req.AppendHeader(&id)
	req.AppendHeader(s.contact())
	req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	for name, value := range opts.Header {
		req.AppendHeader(sip.NewHeader(name, value))
	}
	req.SetBody(l.sdp())
	req.SetDestination(s.pbx)
	return req
}

// drive takes the answers to our INVITE.
func (l *Leg) drive(tx sip.ClientTransaction) {
	giveUp := l.giveUp
	provisional := false
	cancel := func() { // RFC 3261, section 9.1: not before a provisional answer
		if err := l.sendCancel(); err != nil {
			l.end(Ending{Local: true, Cancelled: true, Text: err.Error()})
		}
	}
	cancelled := false
	for {
		select {
		case <-giveUp:
			giveUp, cancelled = nil, true
			if provisional {
				cancel()
			}
		case res := <-tx.Responses():
			l.mu.Lock()
			l.status = res.StatusCode
			l.mu.Unlock()
			switch {
			case res.IsProvisional():
				l.setRemote(res.Body())
				if res.StatusCode == 180 {
					l.enter(Ringing)
				}
				if cancelled && !provisional {
					cancel()
				}
				provisional = true
			case res.IsSuccess():
				l.accept(tx, res, cancelled)
				return
			default: // the library acknowledges it
				l.end(endingOf(res, Ending{Status: res.StatusCode, Local: cancelled, Cancelled: cancelled}))
				return
			}
		case <-tx.Done():
			l.end(Ending{Text: fmt.Sprintf("no answer: %v", tx.Err())})
			return
		case <-l.over:
			tx.Terminate()
			return
		}
	}
}

// accept acknowledges the answer, again for each repetition of it; a call
// given up in the meantime is ended at once (RFC 3261, section 15).
func (l *Leg) accept(tx sip.ClientTransaction, res *sip.Response, cancelled bool) {
	l.mu.Lock()
	l.answer = res
	l.target = l.invite.Recipient
	if c := res.Contact(); c != nil {
		l.target = c.Address
	}
	l.mu.Unlock()
	l.setRemote(res.Body())
	acknowledge := func() {
		if err := l.sendACK(); err != nil {
			l.st.log.Debug("ack not sent", "err", err)
		}
	}
	tx.OnRetransmission(func(*sip.Response) { acknowledge() })
	acknowledge()
	l.enter(Talking)
	if cancelled {
		ctx, cancel := context.WithTimeout(context.Background(), 64*t1)
		defer cancel()
		if err := l.sendBye(ctx); err != nil {
			l.st.log.Debug("hang-up not confirmed", "err", err)
		}
	}
}

// sendACK acknowledges the 200 (RFC 3261, section 13.2.2.4): a request of its
// own with the number of the INVITE.
func (l *Leg) sendACK() error {
	l.mu.Lock()
	ack := sip.NewRequest(sip.ACK, l.target)
	ack.AppendHeader(sip.HeaderClone(l.invite.From()))
	ack.AppendHeader(sip.HeaderClone(l.answer.To()))
	l.mu.Unlock()
	ack.AppendHeader(sip.HeaderClone(l.invite.CallID()))
	ack.AppendHeader(&sip.CSeqHeader{SeqNo: l.invite.CSeq().SeqNo, MethodName: sip.ACK})
	ack.SetTransport("UDP")
	ack.SetDestination(l.st.pbx)
	if err := l.st.client.WriteRequest(ack); err != nil {
		return fmt.Errorf("lab: ACK: %w", err)
	}
	return nil
}

// sendCancel asks for the end of a call that is not answered yet (RFC 3261,
// section 9.1): the same Via, From, To and Call-ID as the INVITE.
func (l *Leg) sendCancel() error {
	req := sip.NewRequest(sip.CANCEL, l.invite.Recipient)
	for _, h := range []sip.Header{l.invite.Via(), l.invite.From(), l.invite.To(), l.invite.CallID()} {
		req.AppendHeader(sip.HeaderClone(h))
	}
	req.AppendHeader(&sip.CSeqHeader{SeqNo: l.invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	ctx, cancel := context.WithTimeout(context.Background(), 64*t1)
	defer cancel()
	_, err := l.st.request(ctx, req)
	return err
}

// errTaken is returned for a CANCEL of the wrong side.
var errTaken = errors.New("lab: only the side that made a call can cancel it")

// Cancel gives up a call made here that is not answered yet, and returns when
// it is over. One answered in the same moment is hung up.
func (l *Leg) Cancel(ctx context.Context) error {
	if !l.outgoing {
		return errTaken
	}
	l.quitOnce.Do(func() { close(l.giveUp) })
	_, err := l.WaitEnded(ctx)
	return err
}
