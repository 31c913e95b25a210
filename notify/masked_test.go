package notify_test

import (
	"context"
	"strings"
	"testing"

	"calld/config"
	"calld/notify"
	"calld/queue"
)

// TestMaskedFrames: through the whole life of a call no frame has the customer's
// number for an agent who is to see none.
func TestMaskedFrames(t *testing.T) {
	const number, shown = "01012345678", "010-****-5678"
	o := newOffice(t, func(h *notify.HubOptions) {
		h.Masks = func(r config.Role) bool { return r == config.RoleAgent }
		h.Earlier = func(context.Context, string, string) ([]notify.EarlierCall, error) {
			return []notify.EarlierCall{{ID: "old", Memo: "전화: 010-1234-5678"}}, nil
		}
		h.Offers = func() notify.Offers {
			return notify.Offers{Queues: map[string]notify.QueueOffers{
				"q1": {CRMURL: "https://crm.example.com/{number}"}, "q2": {CRMURL: "https://crm.example.com/{call}"},
			}}
		}
	})
	agent, boss := o.open("a2"), o.open("boss")
	story := func(p *page, until notify.Type) (texts []string) {
		for {
			_, text, err := p.conn.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(text))
			if strings.Contains(string(text), `"type":"`+string(until)+`"`) {
				return texts
			}
		}
	}
	welcome := story(agent, notify.TypeWelcome)[0]
	if strings.Contains(welcome, "{number}") || !strings.Contains(welcome, "{call}") {
		t.Errorf("links to the CRM in %s", welcome)
	}
	ticket, offer := o.ring("c1", "q1")
	o.board.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: "u-c1", Phone: offer.Agents[0].Phone})
	texts := story(o.open("a2"), notify.TypeWelcome) // which has the call
	ticket.Dialled(queue.DialReport{Offer: offer.ID, Result: queue.RingAnswer, Phone: offer.Agents[0].Phone})
	missed, _ := o.ring("c2", "q1")
	missed.Hangup(16)
	texts = append(texts, story(agent, notify.TypeMissed)...)
	o.hub.PushMasked("q1", notify.TypeMissedList, number, shown)
	texts = append(texts, story(agent, notify.TypeMissedList)...)
	masked := 0
	for _, text := range texts {
		if strings.Contains(text, number) || strings.Contains(text, "1234-5678") {
			t.Errorf("a masked agent is told %s", text)
		}
		masked += strings.Count(text, shown)
	}
	if masked < 6 {
		t.Errorf("%d numbers in %d frames: %v", masked, len(texts), texts)
	}
	for _, text := range story(boss, notify.TypeMissedList) {
		if strings.Contains(text, "****") {
			t.Errorf("a supervisor is told %s", text)
		}
	}
}
