package dialplan

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"calld/agi"
	"calld/agi/agitest"
	"calld/queue"
)

const keysConfig = noticesConfig + `
[queues.keys]
number = "4000"
no_agent_wait = "0s"
announcement = false
waiting_announcement = { every = "30s", text = "wait", language = "en" }
callback = { key = "1", offer = "press {key}", confirm = "goodbye" }
message = { key = "2", offer = "or {key}", prompt = "speak", shortest = "2s" }
[queues.machine]
number = "5000"
announcement = false
holidays = ["2000-01-01"]
on_closed = { text = "closed", message = true }
message = { prompt = "speak" }
`

// folder is the recordings: each has the same length.
type folder struct {
	length    time.Duration
	discarded []string
}

func (f *folder) Length(string) (time.Duration, error) { return f.length, nil }

func (f *folder) Discard(record string) error {
	f.discarded = append(f.discarded, record)
	return nil
}

// TestKeys: a key is heard in the music and in an announcement.
func TestKeys(t *testing.T) {
	const (
		offer, other  = "STREAM FILE ko/press 1 21 0", "STREAM FILE ko/or 2 21 0"
		music, record = "StartMusicOnHold(default)", "Record(/rec/DAY/ID-message.wav,5,120,k)"
	)
	for name, tc := range map[string]struct {
		number string
		press  func(k *agitest.Caller)
		length time.Duration
		want   []string
		end    queue.Outcome // of the call; empty: it goes on as booked
	}{
		"called back": {
			number: "4000", press: func(k *agitest.Caller) { k.Expect("WAIT FOR DIGIT", "-1").Reply("200 result=49") },
			want: []string{takenIn, "ANSWER", offer, other, music, "WAIT FOR DIGIT -1", "SET VARIABLE CALLD_RESULT CALLBACK", "STREAM FILE ko/goodbye  0"},
		},
		"message": {
			number: "4000", length: 3 * time.Second, end: queue.Abandoned,
			press: func(k *agitest.Caller) {
				k.Expect("WAIT FOR DIGIT", "-1").Reply("200 result=53") // another key
				k.Expect("WAIT FOR DIGIT", "-1").Reply("200 result=50")
			},
			want: []string{
				takenIn, "ANSWER", offer, other, music, "WAIT FOR DIGIT -1", "WAIT FOR DIGIT -1", "SET VARIABLE RECORD_STATUS ", "StopMusicOnHold()",
				"STREAM FILE ko/speak  0", record, "SET VARIABLE CALLD_RESULT ABANDONED",
			},
		},
		"in the announcement": {
			number: "4000", length: time.Second, end: queue.Abandoned,
			press: func(k *agitest.Caller) {
				k.Expect("WAIT FOR DIGIT", "-1") // cut when it is time to tell
				time.Sleep(30 * time.Second)
				k.Expect("GET FULL VARIABLE", "agi-cut")
				k.Expect("STREAM FILE", "en/wait", "21", "0").Reply("200 result=0 endpos=80")
				k.Expect("STREAM FILE", "ko/press 1", "21", "0").Reply("200 result=50 endpos=80")
				k.Expect("SET VARIABLE", "RECORD_STATUS")
				k.Expect("STREAM FILE", "ko/speak", "", "0").Reply("200 result=0 endpos=80")
			},
			want: []string{
				takenIn, "ANSWER", offer, other, music, "WAIT FOR DIGIT -1", "STREAM FILE en/wait 21 0", "STREAM FILE ko/press 1 21 0",
				"SET VARIABLE RECORD_STATUS ", "STREAM FILE ko/speak  0", record, "SET VARIABLE CALLD_RESULT ABANDONED",
			},
		},
		"overflow": {
			number: "5000", press: func(*agitest.Caller) {}, length: 3 * time.Second, end: queue.Closed,
			want: []string{
				takenIn, "ANSWER", "STREAM FILE ko/closed  0", "SET VARIABLE RECORD_STATUS ", "STREAM FILE ko/speak  0", record,
				"SET VARIABLE CALLD_RESULT CLOSED",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inCentreOf(t, keysConfig, func(c *centre) {
				f := &folder{length: tc.length}
				c.script.Recordings = f
				k := c.caller(tc.number)
				k.Hold("WAIT FOR DIGIT")
				held := name == "in the announcement"
				if held {
					k.Hold("STREAM FILE")
				}
				k.Dial(agi.HandlerFunc(func(ctx context.Context, s *agi.Session) { c.script.ServeAGI(ctx, s) }))
				if tc.number == "4000" {
					for _, begin := range []string{"SET VARIABLE", "ANSWER", "STREAM FILE", "STREAM FILE", "EXEC StartMusicOnHold"} {
						e := k.Expect(begin)
						if held && begin == "STREAM FILE" {
							e.Reply("200 result=0 endpos=80")
						}
					}
				}
				tc.press(k)
				var got []queue.Call
				wantSaid(c.t, k, tc.want...)
				synctest.Wait()
				if got = c.ended; tc.end == "" {
					calls := c.board.Snapshot().Calls
					if len(got) != 0 || len(calls) != 1 || calls[0].Phase != queue.Booked {
						t.Errorf("ended %+v, live %+v", got, calls)
					}
					return
				}
				kept := tc.length >= 2*time.Second
				if len(got) != 1 || got[0].Outcome != tc.end || kept != (got[0].MessageMS > 0) || kept != (got[0].Record != "") || kept == (len(f.discarded) > 0) {
					t.Errorf("ended %+v, discarded %v", got, f.discarded)
				}
			})
		})
	}
}
