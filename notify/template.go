package notify

import "strings"

const phoneMark = "{phone}"

// template is agent_dial the wrong way round: it finds the phone number in
// what Asterisk says was dialled. A template may dial several destinations,
// joined by "&".
type template []string

func newTemplate(agentDial string) template { return strings.Split(agentDial, "&") }

// plain tells whether each phone has one device, named by technology and
// number alone. Only then do device states tell of phones.
func (t template) plain() bool {
	return len(t) == 1 && strings.Count(t[0], "/") == 1 && strings.HasSuffix(t[0], "/"+phoneMark)
}

// device is the name of a phone's device, when plain.
func (t template) device(phone string) string { return strings.ReplaceAll(t[0], phoneMark, phone) }

// ofDial finds the phone that a DialBegin tells of, by the technology in the
// name of the channel dialled and the dial string after it. One endpoint's
// contacts, as in PJSIP/8001/sip:8001@192.0.2.7, are the same phone. It is ""
// when no agent's phone was dialled.
func (t template) ofDial(channel, dialString string) string {
	tech, _, ok := strings.Cut(channel, "/")
	if !ok {
		return ""
	}
	return t.find(tech + "/" + dialString)
}

// ofDevice finds the phone of a device, when plain.
func (t template) ofDevice(device string) string {
	if !t.plain() {
		return ""
	}
	phone := t.find(device)
	if t.device(phone) != device {
		return ""
	}
	return phone
}

// ofChannel finds the phone by the name of its channel: PJSIP/8001-0000001a,
// or Local/8001@phones-0000001a;1, where options such as /n are not told.
func (t template) ofChannel(channel string) string {
	i := strings.LastIndexByte(channel, '-')
	if i < 0 {
		return ""
	}
	dialled := channel[:i]
	if phone := t.find(dialled); phone != "" {
		return phone
	}
	for _, one := range t {
		if j := strings.LastIndexByte(one, '/'); strings.HasPrefix(one, "Local/") && j > len("Local") {
			if phone := match(one[:j], dialled); phone != "" {
				return phone
			}
		}
	}
	return ""
}

// passing tells whether a channel leaves the call once it is answered: a
// Local channel does, unless it is dialled with the option n.
func (t template) passing(channel string) bool {
	if !strings.HasPrefix(channel, "Local/") {
		return false
	}
	for _, one := range t {
		i := strings.LastIndexByte(one, '/')
		if strings.HasPrefix(one, "Local/") && i > len("Local") && strings.Contains(one[i:], "n") {
			return false
		}
	}
	return true
}

func (t template) find(dialled string) string {
	for _, one := range t {
		if phone := match(one, dialled); phone != "" {
			return phone
		}
	}
	return ""
}

// match finds the phone which, filled into the pattern, gives what was
// dialled, up to further options after a slash.
func match(pattern, dialled string) string {
	before, after, ok := strings.Cut(pattern, phoneMark)
	if !ok {
		return ""
	}
	rest, ok := strings.CutPrefix(dialled, before)
	if !ok {
		return ""
	}
	after, _, _ = strings.Cut(after, phoneMark) // what must follow the first number
	if after == "" {
		after = "/"
		rest += "/"
	}
	phone, _, ok := strings.Cut(rest, after)
	if !ok {
		return ""
	}
	full := strings.ReplaceAll(pattern, phoneMark, phone)
	if phone == "" || dialled != full && !strings.HasPrefix(dialled, full+"/") {
		return ""
	}
	return phone
}
