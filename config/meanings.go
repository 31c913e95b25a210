package config

import "slices"

// meaning is what is written for one table of the reference.
type meaning struct {
	names []string
	text  string
	keys  []keyMeaning
}

// keyMeaning is what is written for a key. The reader itself tells what the
// key may be and its default; value and def stand where it can't.
type keyMeaning struct {
	name    string
	value   string
	unit    string // after what it may be
	def     string
	example string // as the file would have it
	text    string
}

// meanings are the reference's texts, in its order.
func meanings() []meaning {
	return slices.Concat(serverMeanings(), queueMeanings(), userMeanings())
}

// What several keys may be.
const (
	valueAddress = "host and port"
	valueFile    = "path of a file"
	valueFolder  = "path of a folder"
	valueNumbers = "list of telephone numbers"
	valueIDs     = "list of ids"
	valueNotice  = "`false`, a text or a table"
)

func serverMeanings() []meaning {
	return []meaning{{
		names: []string{""},
		text:  "In the main file, before its first table.",
		keys: []keyMeaning{{
			name: "include", value: "list of file name patterns", def: "[]", example: `["conf.d/*.toml"]`,
			text: "Files that are read too: those of each pattern in sorted order. See [Several files](configuration.md#several-files).",
		}},
	}, {
		names: []string{"server"},
		keys: []keyMeaning{
			{
				name: "http", value: valueAddress, example: `":8080"`,
				text: "Where calld listens for page, REST API, WebSocket and metrics. Without a host: on every address; port 0: the system chooses one.",
			},
			{name: "agi", value: valueAddress, example: `"10.0.0.5:4573"`, text: "Where calld listens for FastAGI."},
			{name: "agi_allow", value: "list of networks or addresses", example: `["127.0.0.1", "10.0.0.0/24"]`, text: "Who may open FastAGI sessions: Asterisk."},
			{name: "data", value: valueFile, example: `"/var/lib/calld/calld.db"`, text: "The database."},
			{
				name: "admin_socket", value: "path of a socket, at most 87 bytes with its folder", example: `"/run/calld/calld.sock"`,
				text: "Between command line and server. Only the server's own user may open it.",
			},
			{name: "timezone", value: "name of a time zone", example: `"Asia/Seoul"`, text: "For the days and hours in figures and reports."},
			{name: "language", example: `"en"`, text: "The page's language until a user switches, and that of calld's own words to callers."},
			{name: "keep_history", value: "`\"1d\"` to `\"100y\"`; `\"\"` to keep all", example: `"90d"`, text: "Older history and recordings are deleted."},
			{
				name: "away_reasons", value: "list of at most 50 texts, each of at most 64 characters", example: `["점심", "교육", "회의"]`,
				text: "What agents choose from when they go away. Empty: break, meal, training, meeting and work, in each user's language.",
			},
			{
				name: "trusted_proxies", value: "list of networks or addresses", example: `["127.0.0.1"]`,
				text: "Proxies in front of calld. Only from them `X-Forwarded-For` is believed, which the limits on wrong passwords and the list " +
					"of connected pages go by, and `X-Forwarded-Proto`, by which the session cookie becomes `Secure`. Without it everybody behind a proxy shares the proxy's address.",
			},
		},
	}, {
		names: []string{"server.tls"},
		text:  "HTTPS; without both keys the page is served by plain HTTP.",
		keys: []keyMeaning{
			{name: "certificate", value: valueFile, example: `"/etc/calld/cert.pem"`, text: "The certificate and its chain, PEM."},
			{name: "key", value: valueFile, example: `"/etc/calld/key.pem"`, text: "Its private key, PEM."},
		},
	}, {
		names: []string{"asterisk"},
		keys: []keyMeaning{
			{name: "ami", value: valueAddress, example: `"10.0.0.4:5038"`, text: "Asterisk's manager interface."},
			{name: "username", example: `"calld"`, text: "The manager's user, which `calld asterisk-config` writes into `manager_calld.conf`."},
			{name: "secret", example: `"env:CALLD_AMI_SECRET"`, text: "The user's password."},
			{
				name: "agent_dial", value: "dial string with `{phone}` there once", example: `"Local/{phone}@from-internal/n"`,
				text: "How an agent's phone is dialled. Commas, `&`, `|`, quotes, `$`, brackets and spaces are refused: they would add phones or options. " +
					"A `Local/` channel needs the option `/n` for calls that agents make.",
			},
			{
				name: "trunk_dial", value: "dial string with `{number}` there once", example: `"PJSIP/{number}@mytrunk"`,
				text: "How a customer whom an agent calls is dialled. Only digits, `*`, `#` and a leading `+` get into it. The queue's number is set as caller id: the trunk must let it through.",
			},
			{name: "recordings", value: valueFolder, example: `"/srv/recordings"`, text: "Where Asterisk writes recordings, as Asterisk sees it."},
			{
				name: "recordings_here", value: valueFolder, def: "as `recordings`", example: `"/mnt/asterisk/recordings"`,
				text: "The same folder as calld sees it. calld reads recordings there for pages and the API, and deletes old ones; symbolic links that lead out of the folder are not followed.",
			},
			{name: "sounds", value: valueFolder, example: `"/srv/sounds"`, text: "Where announcements are put, as Asterisk sees it."},
			{name: "sounds_here", value: valueFolder, def: "as `sounds`", example: `"/mnt/asterisk/sounds"`, text: "The same folder as calld sees it."},
			{
				name: "websocket", value: "address, `ws://` or `wss://`", example: `"wss://pbx.example.com:8089/ws"`,
				text: "Asterisk's SIP WebSocket, for the [web phone](webphone.md): calld passes it on at `/sip`.",
			},
			{
				name: "fallback_context", value: "name of a context", example: `"from-internal"`,
				text: "Where the generated dialplan sends callers when calld stays away for a minute; needs `fallback_extension`. Without both callers hear “please try your call later” and are hung up.",
			},
			{name: "fallback_extension", value: "extension", example: `"100"`, text: "The extension there."},
			{
				name: "only_our_events", example: `true`,
				text: "Has `calld asterisk-config` switch off, for every user of the manager, the events of calls that calld does not read. " +
					"It spares Asterisk a tenth to a fifth of its work for a call. For an Asterisk whose manager no other program listens to.",
			},
		},
	}, {
		names: []string{"outbound"},
		text:  "What all [campaigns](campaigns.md) together may take of the trunk, and how numbers are written there: see [campaigns.md](campaigns.md#one-number-several-ways-to-write-it).",
		keys: []keyMeaning{
			{name: "max_lines", unit: "channels", example: `30`, text: "Channels to customers at once, ringing or talking."},
			{name: "max_rate", unit: "calls a second", example: `2.5`, text: "New calls, evenly spaced."},
			{
				name: "country_code", value: "up to 3 digits, or empty", example: `"49"`,
				text: "The code of the country that the trunk is in, without `+`. `+82 10-1234-5678`, `821012345678` and `010-1234-5678` are then one number: to campaigns, the history, missed calls and `[callers]`. Empty: numbers are as they are written.",
			},
			{name: "national_prefix", value: "up to 3 digits, or empty", example: `""`, text: "What stands before a number within the country; empty where nothing does, as in the US and Spain."},
			{name: "international_prefixes", value: "list of up to 6 digits each", example: `["00"]`, text: "What stands before a country code in place of `+`."},
		},
	}, {
		names: []string{"announcement"},
		text:  "What callers hear before they are connected: see [announcements.md](announcements.md).",
		keys: []keyMeaning{
			{name: "url", value: "address, `http://` or `https://`", example: `"http://127.0.0.1:9000/announcement"`, text: "The announcement server; empty: nothing is played."},
			{name: "timeout", example: `"3s"`, text: "For the whole of asking, downloading and converting."},
			{name: "fallback", value: "Asterisk's name of a sound", example: `"hello"`, text: "What is played when the server fails; empty: nothing."},
		},
	}, {
		names: []string{"tts"},
		text:  "Text to speech: see [announcements.md](announcements.md#text-to-speech).",
		keys: []keyMeaning{
			{name: "engine", example: `"command"`, text: "A program, a speech server, or none."},
			{
				name: "command", value: "program and arguments, with `{text}` and `{out}`", example: `"/usr/local/bin/speak --to {out} {text}"`,
				text: "For `command`. `{out}` is the wav file to write; `{language}` is filled in too.",
			},
			{name: "url", value: "address, `http://` or `https://`", example: `"http://127.0.0.1:8000/v1/audio/speech"`, text: "For `http`: the speech server; must be set then."},
			{name: "model", example: `"tts-1"`, text: "For `http`: the model that the server is asked for."},
			{name: "voice", example: `"alloy"`, text: "For `http`: the voice."},
			{name: "token", example: `"env:CALLD_TTS_TOKEN"`, text: "For `http`: sent as a bearer token."},
			{name: "timeout", example: `"5s"`, text: "For one sentence."},
		},
	}, {
		names: []string{"callers"},
		text:  "Customers who are treated differently, in every queue: see [order.md](order.md).",
		keys: []keyMeaning{
			{
				name: "vip", value: valueNumbers + ", at most 10,000", example: `["010-1234-5678", "02158*"]`,
				text: "Served before others. An entry that ends in `*` is every number that begins so. How a number is written does not matter, as said by `outbound.country_code`.",
			},
			{
				name: "blocked", value: valueNumbers + ", at most 10,000", example: `["0607*"]`,
				text: "Turned away with the outcome `blocked`. A number in both lists is not blocked.",
			},
		},
	}, {
		names: []string{"queue_log"},
		keys: []keyMeaning{{
			name: "file", value: valueFile, example: `"/var/log/calld/queue_log"`,
			text: "A log as app_queue writes it, for reporting tools made for Asterisk's queues: see [reporting.md](reporting.md). Empty: none.",
		}},
	}, {
		names: []string{"privacy"},
		keys: []keyMeaning{{
			name: "mask_numbers_for", value: "list of roles, of which there can be one: `agent`", example: `["agent"]`,
			text: "Whose users see customers' numbers as `010-****-5678`: see [privacy.md](privacy.md).",
		}},
	}, {
		names: []string{"calendars.ID"},
		text:  "Holidays that queues share: see [Opening hours](configuration.md#opening-hours).",
		keys: []keyMeaning{{
			name: "holidays", value: "table of days and their names", def: "none", example: `{ "2026-12-25" = "성탄절" }`,
			text: "Days on which queues with this calendar take no calls.",
		}},
	}}
}

func userMeanings() []meaning {
	return []meaning{{
		names: []string{"agents.ID"},
		text: "A user, who logs in by the ID. Further agents are made on the admin screen or over the [REST API](api.md#agents), and are kept in the store; " +
			"a file that takes the id or the phone of one of them is refused, and the fault names them.",
		keys: []keyMeaning{
			{name: "password", example: `"file:password_hong"`, text: "Best a hash made by `calld passwd`; a plain password in the file is warned about."},
			{name: "name", def: "the id", example: `"홍길동"`, text: "Shown to others."},
			{name: "role", value: "`agent`, `supervisor`, `admin`", example: `"supervisor"`, text: "What the user may do."},
			{name: "queues", value: valueIDs, example: `["123456"]`, text: "The queues served. An agent without a queue gets no calls, which is warned about but allowed."},
			{name: "phone", value: "telephone number", example: `"800020003"`, text: "Internal number, as Asterisk knows it; each agent needs their own. Who takes no calls needs none."},
			{name: "web_phone", example: `true`, text: "The page itself is the phone: see [webphone.md](webphone.md)."},
			{
				name: "phone_secret", example: `"file:phone_800020003"`,
				text: "The phone's SIP password. `calld asterisk-config` writes an endpoint for a phone that has one; the others are left to you. A web phone without one gets one made of `asterisk.secret` and its number.",
			},
		},
	}, {
		names: []string{"tokens.ID"},
		text: "A program that uses the [REST API](api.md#tokens). The ID names it in the audit trail, as `token/ID`. A token that is removed, or whose hash is replaced, " +
			"is refused from the reload on.",
		keys: []keyMeaning{
			{
				name: "hash", example: `"sha256:1a978199e2e488a7aa7042903f455895afb792166601b0ff00373df20dabf298"`,
				text: "The token's hash: `calld token` makes both. A token is 256 random bits, so unlike a password it needs no slow hash.",
			},
			{name: "role", example: `"agent"`, text: "What the program may do."},
			{name: "queues", value: valueIDs, example: `["123456"]`, text: "With `role = \"agent\"`: the queues that it sees. The others see all and take no list."},
		},
	}, {
		names: []string{"webhooks.ID"},
		text:  "A server that is told of calls and agents: see [webhooks.md](webhooks.md).",
		keys: []keyMeaning{
			{name: "url", value: "address, `https://` or `http://`", example: `"https://crm.example.com/calld"`, text: "Where events are posted to."},
			{name: "secret", example: `"env:CALLD_CRM_SECRET"`, text: "The receiver checks signatures by it; at least 16 bytes, best made by `echo whsec_$(openssl rand -base64 32)`."},
			{
				name: "events", value: "list of `call.waiting`, `call.ringing`, `call.answered`, `call.changed`, `call.ended`, `call.missed`, `agent.state`", def: "all",
				example: `["call.answered", "call.ended", "call.missed"]`, text: "What it is told of.",
			},
			{name: "queues", value: valueIDs, example: `["123456"]`, text: "Whose calls and agents it is told of; empty: all."},
			{name: "timeout", example: `"5s"`, text: "How long one delivery may take."},
		},
	}}
}
