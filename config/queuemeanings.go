package config

import "slices"

func queueMeanings() []meaning {
	return []meaning{{
		names: []string{"queues.ID"},
		text:  "A queue. Queues keep the order in which they are written.",
		keys:  slices.Concat(queueItself(), queueAgents(), queueTimes(), queueTold()),
	}, {
		names: []string{"queues.ID.on_closed", "queues.ID.on_holiday", "queues.ID.on_full", "queues.ID.on_no_agent", "queues.ID.on_max_wait"},
		text:  "What becomes of a call that the queue does not serve: see [Overflow](configuration.md#overflow).",
		keys: append(noticeMeanings(),
			keyMeaning{name: "queue", value: "id", example: `"night"`, text: "The queue where the call goes on."},
			keyMeaning{
				name: "number", value: "telephone number", example: `"0215880000"`,
				text: "A number outside, called by `asterisk.trunk_dial` for 30 s; it is shown the number of this queue.",
			},
			keyMeaning{name: "message", example: `true`, text: "The caller leaves a [voice message](waiting.md#voice-messages), and the call ends."},
		),
	}, {
		names: []string{
			"queues.ID.recording_notice", "queues.ID.callback.offer", "queues.ID.callback.confirm", "queues.ID.message.offer", "queues.ID.message.prompt",
		},
		text: "What callers are told: see [Notices](announcements.md#notices). In an `offer` `{key}` stands for the key. `false` tells nothing; " +
			"so do calld's own words with `tts.engine = \"off\"`.",
		keys: noticeMeanings(),
	}, {
		names: []string{"queues.ID.waiting_announcement"},
		text:  "What those who wait are told: see [While waiting](announcements.md#while-waiting). `{position}` and `{minutes}` stand for the place in line and the expected wait.",
		keys: slices.Concat([]keyMeaning{
			{name: "every", example: `"45s"`, text: "How often, counted from the end of the last one."},
		}, noticeMeanings()),
	}, {
		names: []string{"queues.ID.callback"},
		text:  "Those who wait may be called back instead: see [waiting.md](waiting.md#called-back).",
		keys: []keyMeaning{
			{name: "key", value: valuePressed, example: `"1"`, text: "What callers press."},
			{name: "expires", example: `"1h"`, text: "How long after the key was pressed the customer is called at the latest."},
			{name: "attempts", unit: "calls", example: `2`, text: "How often a customer who does not answer is called."},
			{name: "retry", example: `"10m"`, text: "How long after a vain try the next one is made at the earliest."},
			{name: "offer", value: valueNotice, def: defOwnWords, example: `{ sound = "custom/press-1" }`, text: "Tells of the key."},
			{name: "confirm", value: valueNotice, def: defOwnWords, example: `"곧 전화를 드리겠습니다."`, text: "Told when the key was pressed; then the call is hung up."},
		},
	}, {
		names: []string{"queues.ID.message"},
		text:  "Voice messages: see [waiting.md](waiting.md#voice-messages).",
		keys: []keyMeaning{
			{name: "key", value: valuePressed, example: `"2"`, text: "What callers press, another one than `callback.key`; `\"\"`: messages are left by an overflow only."},
			{name: "longest", example: `"90s"`, text: "How long a message may be."},
			{name: "shortest", example: `"1s"`, text: "What is shorter is not kept."},
			{name: "silence", example: `"8s"`, text: "So much silence ends it."},
			{name: "offer", value: valueNotice, def: defOwnWords, example: `false`, text: "Tells of the key."},
			{name: "prompt", value: valueNotice, def: defOwnWords, example: `{ sound = "custom/after-the-tone" }`, text: "Told before the beep."},
		},
	}}
}

// What several keys of a queue may be.
const (
	valuePressed  = "`0` to `9`, `*`, `#`"
	valueOverflow = "`false`, a text or a [table](#queuesidon_closed)"
	defOwnWords   = "calld's own words"
)

func queueItself() []keyMeaning {
	return []keyMeaning{
		{name: "name", def: "the id", example: `"상담전화_1"`, text: "Shown to agents."},
		{
			name: "number", value: "telephone number of two characters or more", example: `"02-1588-1234"`,
			text: "The consultation number that customers dial; each queue needs its own. Spaces, dots, dashes and parentheses between digits are dropped: `02-1588-1234` is `0215881234`. Numbers with letters stay as they are.",
		},
		{name: "queueing", example: `"all"`, text: "`inline`: agents ring one after another; `all`: every free agent at once."},
		{name: "order", example: `"longest-idle"`, text: "Who is first when `inline`."},
		{
			name: "announcement", value: "`true`, `false` or an address", def: "true", example: `"http://127.0.0.1:9000/vip"`,
			text: "Play the announcement before connecting? An address is the announcement server of this queue alone.",
		},
		{name: "recording", example: `false`, text: "Record the conversation?"},
		{name: "music", value: "name of a class", example: `"jazz"`, text: "Music on hold while waiting."},
		{
			name: "service_level", example: `"30s"`,
			text: "How soon a call is to be answered: the threshold of the service level in figures. A new one counts for the calls from then on.",
		},
		{
			name: "dispositions", value: "list of at most 50 texts, each of at most 100 characters", example: `["판매", "환불", "재안내"]`,
			text: "What agents choose from to settle a call. Other ones are refused, except what a call has already. Empty: agents write what they like.",
		},
		{
			name: "crm_url", value: "address, `http://` or `https://`, with placeholders", example: `"https://crm.example.com/customers?tel={number}"`,
			text: "A customer in your CRM: the page links it from a ringing call and a talk. `{number}`, `{call}`, `{queue}` and `{agent}` stand for the customer's number and the ids, are filled in " +
				"percent-encoded, and can't stand in the server's name. Agents whose numbers are [masked](privacy.md) get no link with `{number}`.",
		},
	}
}

func queueAgents() []keyMeaning {
	return []keyMeaning{
		{name: "ring_timeout", example: `"15s"`, text: "How long one agent's phone rings."},
		{name: "retry_pause", example: `"30s"`, text: "How long an agent who let a call ring, or refused it, is left alone by that call."},
		{name: "away_after", unit: "offers", example: `5`, text: "Unanswered offers in a row that set an agent away; 0: never."},
		{name: "wrapup", example: `"30s"`, text: "Time after a call before the agent is free again."},
		{
			name: "auto_answer", example: `false`,
			text: "Ask the agents' phones to answer by themselves when a campaign has reached a customer, who waits for 2 s at the most. `false`: agents answer by hand, while the customer hears music.",
		},
		{
			name: "weight", unit: "minutes", example: `5`,
			text: "Of the callers that one agent could serve, those of this queue count as if they had come so much earlier. See [order.md](order.md).",
		},
		{
			name: "levels", value: "table of agents' ids and levels, 1 to 9", def: "{}", example: `{ "홍길동" = 2 }`,
			text: "All others have 1. Who has a lower level is rung first.",
		},
		{name: "level_after", example: `"20s"`, text: "How long a caller waits for the agents of one level before those of the next are rung too."},
		{
			name: "sticky", example: `"1d"`,
			text: "For how long a customer comes to the agent of this queue who talked with them last, when that one is free.",
		},
		{name: "sticky_wait", example: `"15s"`, text: "How long the customer waits for that agent, when busy, though others are free."},
	}
}

func queueTimes() []keyMeaning {
	return []keyMeaning{
		{name: "max_wait", example: `"5m"`, text: "How long a caller may wait in all; then the call ends as missed, or `on_max_wait`."},
		{name: "max_waiting", unit: "callers", example: `20`, text: "How many may wait at once; 0: any number."},
		{name: "no_agent_wait", example: `"1m"`, text: "When nobody has been logged in to the queue for this long, a call ends as missed, or `on_no_agent`."},
		{
			name: "hours", value: "list of days and times", example: `["mon-fri 09:00-18:00", "sat 09:00-13:00"]`,
			text: "When the queue takes calls; empty: always. See [Opening hours](configuration.md#opening-hours).",
		},
		{name: "holidays", value: "list of days", example: `["2026-11-30"]`, text: "Days on which it takes none."},
		{name: "calendars", value: valueIDs, example: `["korea"]`, text: "Calendars with more of them."},
		{name: "timezone", value: "name of a time zone", def: "`server.timezone`", example: `"Asia/Tokyo"`, text: "For the hours."},
		{
			name: "on_closed", value: valueOverflow, def: "false", example: `{ text = "지금은 상담 시간이 아닙니다.", queue = "night" }`,
			text: "What becomes of calls that come while the queue is closed.",
		},
		{name: "on_holiday", value: valueOverflow, def: "as `on_closed`", example: `"오늘은 휴무일입니다."`, text: "The same on a holiday."},
		{name: "on_full", value: valueOverflow, def: "false", example: `{ sound = "calld/all-busy", number = "0215880000" }`, text: "When `max_waiting` wait already."},
		{name: "on_no_agent", value: valueOverflow, def: "false", example: `{ queue = "night" }`, text: "When `no_agent_wait` is over."},
		{name: "on_max_wait", value: valueOverflow, def: "false", example: `{ message = true }`, text: "When `max_wait` is over."},
	}
}

func queueTold() []keyMeaning {
	return []keyMeaning{
		{
			name: "recording_notice", value: "`true` for calld's own words, `false`, a text or a [table](#queuesidrecording_notice)", def: "false", example: `true`,
			text: "What a caller is told before the first agent rings, if the queue records.",
		},
		{
			name: "waiting_announcement", value: "how often, or a [table](#queuesidwaiting_announcement)", def: `"0s"`, example: `"30s"`,
			text: "Tells those who wait their place and the expected wait.",
		},
		{
			name: "callback", value: "a key, `false`, or a [table](#queuesidcallback)", def: "false", example: `"1"`,
			text: "The key with which those who wait ask to be called back.",
		},
		{
			name: "message", value: "a key, `false`, or a [table](#queuesidmessage)", def: "false", example: `"2"`,
			text: "The key with which they leave a voice message.",
		},
	}
}

// noticeMeanings are the keys of what a caller is told.
func noticeMeanings() []keyMeaning {
	return []keyMeaning{
		{
			name: "text", value: "a text, or a list of at most 10", def: "none, or calld's own words", example: `["지금은 상담 시간이 아닙니다.", "평일 오전 9시부터 오후 6시 사이에 다시 전화해 주세요."]`,
			text: "Spoken by `[tts]`, one sentence after the other.",
		},
		{name: "language", value: "language of the text", def: "`server.language`", example: `"en"`, text: "For the speech, and for calld's own words."},
		{name: "sound", value: "Asterisk's name of a sound", example: `"calld/closed"`, text: "Plays when there is no text, or it can't be spoken."},
	}
}
