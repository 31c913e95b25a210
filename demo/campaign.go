package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"calld/campaign"
	"calld/store"
	"calld/test/lab"
)

// campaignQueue is the queue whose agents take the customers of the campaign.
const campaignQueue = "345678"

const (
	campaignSize = 300
	// campaignPrefix begins the numbers of the campaign's customers; those who call
	// in have others.
	campaignPrefix = "01070"
	pickUp         = 200 * time.Millisecond // until an agent of the campaign answers: the phones do it by themselves
	hello          = 500 * time.Millisecond // what a customer says who answers
	greeting       = 4 * time.Second        // what a machine says
)

// script is what the agents of the campaign read.
const script = `안녕하세요, {name} 고객님. 상담전화 해피콜입니다.
{지역}에서 쓰시는 {상품}의 약정이 {만기}에 끝납니다. 지금 연장하시면 석 달 동안 반값입니다.
연장하시겠습니까?`

// prepareCampaign sets up a campaign that an admin can start: a predictive one to
// customers of whom half answer.
func (d *Demo) prepareCampaign(ctx context.Context) (err error) {
	st, err := store.Open(d.cfg.Server.Data, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	now := time.Now()
	plan, faults := campaign.Plan{
		Name: "예측 발신", Mode: campaign.Predictive, MaxLines: 12, AMD: campaign.AMDHumansOrUnsure, MaxTries: 3, Script: script,
		RingTimeout: campaign.Duration(campaign.MinRing),
		Retry: campaign.Retry{
			Busy: campaign.Duration(time.Minute), NoAnswer: campaign.Duration(2 * time.Minute), Abandoned: campaign.Duration(time.Minute),
		},
	}.Checked()
	if len(faults) > 0 {
		return faults
	}
	if plan, err = st.CreatePlan(ctx, plan, now); err != nil {
		return err
	}
	list, err := st.CreateList(ctx, campaign.DialList{Name: "약정 만기 고객"}, now)
	if err != nil {
		return err
	}
	refused, err := st.AddEntries(ctx, list.ID, campaignCustomers())
	if err := errors.Join(append(refused, err)...); err != nil {
		return err
	}
	_, err = st.CreateCampaign(ctx, campaign.Campaign{Name: "약정 연장 안내", Plan: plan.ID, DialList: list.ID, Queue: campaignQueue}, now)
	return err
}

// campaignCustomers invents customers.
func campaignCustomers() []campaign.Entry {
	var (
		surnames = []string{"김", "이", "박", "최", "정", "강", "조", "윤", "장", "임"}
		names    = []string{"민준", "서연", "도윤", "하은", "지호", "수아", "예준", "지우", "현우", "다은", "준서", "채원", "은우"}
		places   = []string{"서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종"}
		products = []string{"인터넷 500M", "인터넷 1G", "알뜰 요금제", "인터넷+TV", "정수기"}
		entries  []campaign.Entry
	)
	for i := range campaignSize {
		entries = append(entries, campaign.Entry{
			Key: fmt.Sprintf("K-%04d", i+1), Name: surnames[i%len(surnames)] + names[i%len(names)],
			Numbers: []campaign.Number{{Number: fmt.Sprintf("%s%06d", campaignPrefix, 101*i+i/10)}},
			Variables: map[string]string{
				"지역": places[i%len(places)], "상품": products[i%len(products)], "만기": fmt.Sprintf("2026년 %d월", 1+i%12),
			},
		})
	}
	return entries
}

// voices are what is said when a customer's telephone is answered.
type voices struct{ person, machine []int16 }

func newVoices() (v voices, err error) {
	if v.person, err = lab.ParseWAV(lab.ToneWAV(customerVoice, hello)); err != nil {
		return v, err
	}
	v.machine, err = lab.ParseWAV(lab.ToneWAV(customerVoice, greeting))
	return v, err
}

// called is what a customer does whom calld calls: answers and listens, or is
// busy, if the number ends in 9; those of the campaign do more things. An agent
// talks for so long on average.
func (v voices) called(number string, talk time.Duration) lab.Behaviour {
	b := lab.Behaviour{After: 2 * time.Second}
	last := number[max(0, len(number)-1):]
	switch {
	case last == "9":
		b.Refuse = 486
		return b
	case !strings.HasPrefix(number, campaignPrefix):
		b.Answer, b.Talk, b.Tone = true, talk/2, customerVoice
		return b
	}
	b.After = 2*time.Second + average(3*time.Second)
	switch last {
	case "8":
		b.Refuse = 603
	case "6", "7": // lets it ring
		b.After = time.Hour
	case "5":
		b.Answer, b.Talk, b.Say = true, 2*greeting, v.machine
	default:
		b.Answer, b.Talk, b.Say = true, leastTalk+average(talk/2), v.person
	}
	return b
}

// handsFree is how a phone treats the next call that answers by itself.
func handsFree(talk time.Duration) lab.Behaviour {
	return lab.Behaviour{Answer: true, After: pickUp, Talk: leastTalk + average(max(0, talk-leastTalk)), Tone: agentVoice}
}
