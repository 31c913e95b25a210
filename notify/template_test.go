package notify

import (
	"strings"
	"testing"
)

func TestTemplateFindsThePhone(t *testing.T) {
	for _, test := range []struct{ name, dial, channel, dialString, want string }{
		{"plain", "PJSIP/{phone}", "PJSIP/8001-00000001", "8001", "8001"},
		{"contact", "PJSIP/{phone}", "PJSIP/8001-00000001", "8001/sip:8001@192.0.2.7:5060", "8001"},
		{"other technology", "PJSIP/{phone}", "SIP/8001-00000001", "8001", ""},
		{"trunk", "PJSIP/{phone}", "PJSIP/trunk-00000001", "01012345678@trunk", "01012345678@trunk"}, // no agent's: the board passes it over
		{"behind a trunk", "PJSIP/{phone}@pbx", "PJSIP/pbx-00000001", "8001@pbx", "8001"},
		{"behind another trunk", "PJSIP/{phone}@pbx", "PJSIP/out-00000001", "8001@out", ""},
		{"local", "Local/{phone}@phones/n", "Local/8001@phones-00000001;1", "8001@phones/n", "8001"},
		{"twice", "PJSIP/{phone}/sip:{phone}@192.0.2.1", "PJSIP/8001-00000001", "8001/sip:8001@192.0.2.1", "8001"},
		{"twice, two numbers", "PJSIP/{phone}/sip:{phone}@192.0.2.1", "PJSIP/8001-00000001", "8001/sip:8002@192.0.2.1", ""},
		{"two destinations", "PJSIP/{phone}&PJSIP/web-{phone}", "PJSIP/web-8001-00000001", "web-8001", "web-8001"},
		{"prefix", "PJSIP/ext{phone}", "PJSIP/ext8001-00000001", "ext8001", "8001"},
		{"empty", "PJSIP/{phone}", "PJSIP/-1", "", ""},
		{"no mark", "PJSIP/8001", "PJSIP/8001-1", "8001", ""},
		{"no channel", "PJSIP/{phone}", "", "8001", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := newTemplate(test.dial).ofDial(test.channel, test.dialString); got != test.want {
				t.Errorf("ofDial(%q, %q) = %q, want %q", test.channel, test.dialString, got, test.want)
			}
		})
	}
}

func TestTemplateFindsThePhoneOfAChannel(t *testing.T) {
	for _, test := range []struct{ dial, channel, want string }{
		{"PJSIP/{phone}", "PJSIP/8001-00000001", "8001"},
		{"PJSIP/{phone}", "PJSIP/desk-8001-00000001", "desk-8001"},
		{"PJSIP/{phone}", "PJSIP/8001", ""},
		{"Local/{phone}@phones/n", "Local/8001@phones-00000001;1", "8001"},
		{"Local/{phone}@phones", "Local/8001@phones-00000001;1", "8001"},
		{"PJSIP/{phone}@pbx", "PJSIP/pbx-00000001", ""},
	} {
		if got := newTemplate(test.dial).ofChannel(test.channel); got != test.want {
			t.Errorf("%s: ofChannel(%q) = %q, want %q", test.dial, test.channel, got, test.want)
		}
	}
}

func TestLocalChannelsThatLeaveAfterTheAnswer(t *testing.T) {
	for dial, want := range map[string]bool{"Local/{phone}@phones": true, "Local/{phone}@phones/n": false, "Local/{phone}@phones/nj": false} {
		if got := newTemplate(dial).passing("Local/8001@phones-00000001;1"); got != want {
			t.Errorf("%s: passing is %v, want %v", dial, got, want)
		}
	}
	if newTemplate("PJSIP/{phone}").passing("PJSIP/8001-1") {
		t.Error("a PJSIP channel does not leave")
	}
}

// FuzzTemplate: what is made from a phone by the template gives the phone
// back, and whatever is found gives what was dialled.
func FuzzTemplate(f *testing.F) {
	f.Add("PJSIP/{phone}", "8001", "PJSIP/8001/sip:x@y")
	f.Add("Local/{phone}@c/n", "홍", "Local/8001@c/n")
	f.Add("SIP/{phone}&IAX2/{phone}", "1", "IAX2/1")
	f.Fuzz(func(t *testing.T, dial, phone, dialled string) {
		tmpl := newTemplate(dial)
		for _, one := range tmpl {
			if p := match(one, dialled); p != "" {
				if full := strings.ReplaceAll(one, phoneMark, p); dialled != full && !strings.HasPrefix(dialled, full+"/") {
					t.Errorf("match(%q, %q) = %q, which gives %q", one, dialled, p, full)
				}
			}
		}
		number := strings.Trim(phone, "0123456789") == "" && phone != ""
		if tmpl.plain() && number {
			if got := tmpl.ofDevice(tmpl.device(phone)); got != phone {
				t.Errorf("%q: the phone of the device of %q is %q", dial, phone, got)
			}
		}
	})
}
