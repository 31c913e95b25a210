import type { Me, Status } from "../src/lib/api";
import type { AgentReport, QueueReport } from "../src/lib/report";
import type {
  AgentState,
  AgentStatus,
  Call,
  EarlierCall,
  Figures,
  Missed,
  QueueStatus,
  Today,
} from "../src/wire/messages";
import { agent, call, queue, ring } from "../src/lib/testing";
import { outbound } from "./scene-campaigns";
import type { Stage } from "./stage";

export { ago, NOW } from "./morning";
import { ago, SALES, TECH } from "./morning";

const people: [string, AgentState, number, Partial<AgentStatus>?][] = [
  ["강수진", "talking", 184, { call: "t1", calls: 11 }],
  ["김민준", "available", 41, { calls: 9 }],
  ["박서연", "away", 1210, { reason: "meal", calls: 7 }],
  ["이도윤", "talking", 67, { call: "t2", calls: 12 }],
  ["정하은", "wrapup", 9, { until: ago(-21), calls: 8 }],
  ["최지호", "ringing", 6, { call: "r1", calls: 10 }],
  ["한예린", "available", 12, { queues: [TECH], calls: 6 }],
  ["홍길동", "available", 96, { queues: [SALES, TECH], calls: 9 }],
  ["오세훈", "unreachable", 340, { queues: [TECH], device: "unreachable", calls: 2 }],
  ["윤아름", "talking", 402, { queues: [TECH], call: "t3", calls: 5 }],
  ["서지우", "offline", 3600, { queues: [TECH], device: "unknown" }],
];

export const agents = people.map(([name, state, seconds, x], i) =>
  agent(name, { phone: `80${String(i + 1).padStart(2, "0")}`, queues: [SALES], state, since: ago(seconds), ...x }),
);

const counts = (id: string): QueueStatus["agents"] => {
  const n: Partial<Record<AgentState, number>> = {};
  for (const a of agents) if (a.queues?.includes(id)) n[a.state] = (n[a.state] ?? 0) + 1;
  return n;
};

export const queues = [
  queue(SALES, {
    name: "상담전화",
    number: "0215881234",
    waiting: 2,
    ringing: 1,
    talking: 2,
    agents: counts(SALES),
    longest_since: ago(38),
  }),
  queue(TECH, { name: "기술지원", number: "15889876", talking: 1, agents: counts(TECH) }),
];

export const calls = [
  call("w1", { queue: SALES, caller: "01024681357", begin: ago(38), vip: true }),
  call("w2", { queue: SALES, caller: "0319876543", phase: "greeting", begin: ago(4) }),
  call("r1", {
    queue: SALES,
    caller: "01055512345",
    phase: "ringing",
    begin: ago(52),
    rings: [ring("최지호", { at: ago(6) })],
  }),
  call("t1", {
    queue: SALES,
    caller: "07088123456",
    phase: "talking",
    agent: "강수진",
    begin: ago(201),
    start: ago(184),
  }),
  call("t2", {
    queue: SALES,
    caller: "01033214567",
    phase: "talking",
    agent: "이도윤",
    begin: ago(80),
    start: ago(67),
  }),
  call("t3", {
    queue: TECH,
    caller: "0535557777",
    phase: "talking",
    agent: "윤아름",
    begin: ago(420),
    start: ago(402),
  }),
];

/** The call that comes in for 홍길동. */
export const mine = (x: Partial<Call> = {}): Call =>
  call("m1", {
    queue: SALES,
    caller: "01098765432",
    begin: ago(17),
    phase: "ringing",
    rings: [ring("홍길동", { at: ago(3) })],
    ...x,
  });

export const earlier: EarlierCall[] = [
  {
    id: "h7",
    queue: SALES,
    direction: "in",
    begin: ago(86_400 * 3),
    outcome: "answered",
    agent: "강수진",
    talk_ms: 214_000,
    memo: "요금제 변경 문의. 5G 스탠다드로 바꾸고 싶어 하심.\n가족 결합 할인을 확인해 다시 안내하기로 함.",
    disposition: "재안내",
  },
  {
    id: "h8",
    queue: SALES,
    direction: "in",
    begin: ago(86_400 * 9),
    outcome: "abandoned",
    agent: "",
    talk_ms: 0,
    memo: "",
    disposition: "",
  },
];

const past = (
  id: string,
  seconds: number,
  caller: string,
  who: string,
  talk: number,
  memo = "",
  disposition = "",
  x: Partial<Call> = {},
): Call =>
  call(id, {
    queue: SALES,
    caller,
    phase: "ended",
    agent: who,
    begin: ago(seconds),
    start: who ? ago(seconds - 11) : null,
    end: ago(seconds - 11 - talk),
    outcome: who ? "answered" : "abandoned",
    wait_ms: 11_000,
    talk_ms: talk * 1000,
    memo,
    disposition,
    ...x,
  });

export const history = [
  past("h1", 260, "01024447788", "홍길동", 96, "배송지 변경 요청. 처리 완료.", "처리 완료", {
    rings: [
      ring("김민준", { at: ago(258), rang: ago(257), end: ago(251), result: "no_answer" }),
      ring("홍길동", { at: ago(251), rang: ago(251), end: ago(249), result: "answered" }),
    ],
    cause: "16 caller",
    record: "h1.wav",
  }),
  past("h2", 410, "0212345678", "강수진", 182, "환불 절차 안내. 영수증을 이메일로 보내기로 함.", "재안내"),
  past("h3", 655, "01077778888", "", 0),
  past("h4", 900, "01012340000", "홍길동", 305, "설치 기사 방문 일정 3월 4일 오후로 변경.", "처리 완료"),
  past("h5", 1320, "0507123456789".slice(0, 12), "이도윤", 44, "잘못 걸린 전화", "", { queue: TECH }),
  past("h6", 1900, "01098765432", "정하은", 128, "결합 할인 문의", "재안내"),
  past("h9", 2400, "0619998877", "윤아름", 610, "공유기 재설정을 도와 드림. 속도 정상.", "처리 완료", { queue: TECH }),
  past("h10", 3105, "01031415926", "홍길동", 71, "주소 확인", "처리 완료"),
  past("h11", 4020, "01020203030", "", 0, "", "", { outcome: "timeout", wait_ms: 600_000 }),
  past("h12", 5000, "16449999", "김민준", 33, "영업 전화", "기타"),
];

export const missed: Missed[] = [
  {
    ...{
      id: "x1",
      queue: SALES,
      caller: "01077778888",
      first: ago(5400),
      last: ago(655),
      tries: 3,
      calls: [],
      callbacks: 0,
    },
    ...{ wait_ms: 95_000, last_wait_ms: 41_000, last_outcome: "abandoned", state: "open", owner: "김민준" },
  },
  {
    ...{
      id: "x2",
      queue: SALES,
      caller: "01020203030",
      first: ago(4020),
      last: ago(4020),
      tries: 1,
      calls: [],
      callbacks: 0,
    },
    ...{ wait_ms: 600_000, last_wait_ms: 600_000, last_outcome: "timeout", state: "open" },
    message: { call: "h11", ms: 34_000, at: ago(4020) },
  },
  {
    ...{
      id: "x3",
      queue: TECH,
      caller: "0535551234",
      first: ago(9000),
      last: ago(7300),
      tries: 2,
      calls: [],
      callbacks: 0,
    },
    ...{ wait_ms: 22_000, last_wait_ms: 12_000, last_outcome: "abandoned", state: "open" },
  },
  {
    ...{ id: "x4", queue: SALES, caller: "", first: ago(8200), last: ago(8200), tries: 1, calls: [], callbacks: 0 },
    ...{ wait_ms: 8_000, last_wait_ms: 8_000, last_outcome: "no_agent", state: "open" },
  },
];

const status: Status = {
  version: "1.0.0",
  started: ago(86_400 * 4 + 3700),
  asterisk: true,
  asterisk_since: ago(86_400 * 4 + 3690),
  records_waiting: 0,
  pages: 12,
  live_calls: 6,
  freed: 0,
};

const figures = (inTime: number, late: number, missed: number, short = 0, overflowed = 0): Figures => ({
  offered: inTime + late + missed + overflowed,
  answered: inTime + late,
  missed,
  abandoned: missed,
  short,
  called_back: 0,
  overflowed,
  in_time: inTime,
  service_level: inTime / (inTime + late + missed + overflowed - short),
  wait_avg_ms: 6_000 + 9_000 * late,
  wait_max_ms: late > 0 ? 74_000 : 18_000,
  talk_ms: 140_000 * (inTime + late),
  talk_avg_ms: 140_000,
});

export const today: Today[] = [
  {
    queue: SALES,
    date: "2026-03-02",
    threshold_ms: 20_000,
    total: figures(50, 4, 7, 1, 2),
    hours: [
      { hour: 8, figures: figures(6, 0, 1, 1, 2) },
      { hour: 9, figures: figures(31, 1, 2) },
      { hour: 10, figures: figures(13, 3, 4) },
    ],
  },
  {
    queue: TECH,
    date: "2026-03-02",
    threshold_ms: 20_000,
    total: figures(9, 5, 6),
    hours: [
      { hour: 9, figures: figures(4, 1, 1) },
      { hour: 10, figures: figures(5, 4, 5) },
    ],
  },
];

export const AGENT: Me = { id: "홍길동", name: "홍길동", role: "agent", queues: [SALES, TECH], phone: "8008" };
export const ADMIN: Me = { id: "admin", name: "관리자", role: "admin", queues: null, phone: "" };

const period = {
  from: "2026-03-02T00:00:00+09:00",
  to: "2026-03-03T00:00:00+09:00",
  interval: "hour",
  timezone: "Asia/Seoul",
  starts: Array.from({ length: 24 }, (_, h) => `2026-03-02T${String(h).padStart(2, "0")}:00:00+09:00`),
} as const;

const queueFigures = (f: Today["total"]): QueueReport["total"] => ({
  ...f,
  missed_by: { abandoned: f.abandoned, ...(f.missed > f.abandoned && { timeout: f.missed - f.abandoned }) },
  transferred: 2,
  wrapup_ms: 900_000,
  wrapup_avg_ms: 21_000,
  first_contact: 0,
  first_resolved: 0,
  resolution: null,
  made: 3,
  reached: 2,
  made_talk_ms: 200_000,
});
const queueReport: QueueReport = {
  ...period,
  starts: [...period.starts],
  resolved_days: 7,
  rows: today.flatMap((t) =>
    (t.hours ?? []).map((h) => ({
      queue: t.queue,
      start: period.starts[h.hour]!,
      end: period.starts[h.hour + 1]!,
      ...queueFigures(h.figures),
    })),
  ),
  totals: today.map((t) => ({ queue: t.queue, start: period.from, end: period.to, ...queueFigures(t.total) })),
  total: queueFigures(figures(59, 9, 13, 1)),
};

const agentFigures = (n: number): AgentReport["total"] => ({
  answered: 10 + n,
  not_taken: n % 3,
  made: n,
  reached: n,
  logged_in_ms: 7_200_000,
  available_ms: 2_400_000,
  ring_ms: 100_000 * n,
  talk_ms: 3_000_000,
  wrapup_ms: 600_000 - 50_000 * n,
  unreachable_ms: 0,
  away_ms: 1_200_000 - 50_000 * n,
  away_by: { meal: 1_200_000 - 50_000 * n },
  occupancy: 0.5,
});
const agentReport: AgentReport = {
  ...period,
  starts: [...period.starts],
  rows: [{ agent: "강수진", start: period.starts[9]!, end: period.starts[10]!, ...agentFigures(1) }],
  totals: ["강수진", "박서연", "홍길동"].map((id, n) => ({
    agent: id,
    start: period.from,
    end: period.to,
    ...agentFigures(n),
  })),
  total: agentFigures(3),
};

/** What the server of the scene says to who is logged in. */
export function welcome(me: Me): Stage["welcome"] {
  const self = agents.find((a) => a.id === me.id) ?? agent(me.id, { name: me.name, phone: "", since: ago(500) });
  return {
    at: ago(0),
    agent: self,
    role: me.role,
    web_phone: false,
    queues,
    agents: me.phone ? agents : [...agents, self],
    calls,
    asterisk: { state: "up", since: ago(9000), lag_ms: 0 },
    offers: {
      queues: {
        [SALES]: {
          name: "상담전화_1",
          crm_url: "https://crm.example/?tel={number}",
          dispositions: ["처리 완료", "재안내", "기타"],
        },
      },
    },
  };
}

/** A WAV file of so many seconds. */
export function silence(seconds: number): Uint8Array {
  const data = seconds * 16_000;
  const wav = new DataView(new ArrayBuffer(44 + data));
  const text = (at: number, s: string) => [...s].forEach((c, i) => wav.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF");
  wav.setUint32(4, 36 + data, true);
  text(8, "WAVEfmt ");
  wav.setUint32(16, 16, true);
  wav.setUint16(20, 1, true); // PCM
  wav.setUint16(22, 1, true); // mono
  wav.setUint32(24, 8000, true);
  wav.setUint32(28, 16_000, true);
  wav.setUint16(32, 2, true);
  wav.setUint16(34, 16, true);
  text(36, "data");
  wav.setUint32(40, data, true);
  return new Uint8Array(wav.buffer);
}

export const answers: Record<string, unknown> = {
  ...outbound,
  history: (q: URLSearchParams) => {
    const who = q.get("agent");
    return { calls: who ? history.filter((c) => c.agent === who) : history, next: who ? "" : "more" };
  },
  missed: { missed, next: "" },
  "transfer-targets": {
    agents: agents.slice(0, 5).map(({ id, name, phone, state }) => ({ id, name, phone, state })),
    queues: queues.map(({ id, name, waiting }) => ({ id, name, waiting })),
  },
  "session/phone": { uri: "sip:8008@calld.invalid", user: "8008", secret: "" },
  status,
  "reports/today": { queues: today },
  "reports/queues": queueReport,
  "reports/agents": agentReport,
  asterisk: {
    connected: true,
    since: status.asterisk_since,
    lag_ms: 0,
    version: "22.5.0",
    started: ago(86_400 * 11),
    channels: 15,
  },
  connections: {
    connections: [...agents.filter((a) => a.state !== "offline"), { id: "admin" }, { id: "admin" }].map((a, i) => ({
      agent: a.id,
      since: ago(5400 - 97 * i),
      address: `192.0.2.${i + 10}`,
    })),
  },
  agents: {
    agents: agents.map((a, i) => ({ ...a, role: "agent", web_phone: false, managed_by: i < 8 ? "file" : "api" })),
  },
  config: {
    files: ["/etc/calld/calld.toml"],
    settings: [
      { key: "server.http", value: '"127.0.0.1:8080"', restart: true },
      { key: "server.timezone", value: '"Asia/Seoul"', restart: true },
      { key: "asterisk.ami", value: '"127.0.0.1:5038"', restart: true },
      { key: "asterisk.secret", value: "", secret: true, set: true, restart: true },
      { key: "queues.123456.service_level", value: '"20s"' },
      { key: "agents.강수진.password", value: "", secret: true, set: true },
    ],
  },
  webhooks: {
    webhooks: [
      {
        ...{ name: "crm", url: "https://crm.example/calld", events: ["call.ended"], queues: [], disabled: false },
        ...{ pending: 3, oldest: ago(95), delivered: 1204, failed: 7, dropped: { overflow: 0, expired: 0, gone: 0 } },
        ...{ last_error: "503 Service Unavailable", last_error_at: ago(20), last_success_at: ago(100) },
      },
      {
        ...{ name: "old", url: "https://old.example/", events: ["call.ended"], queues: [], disabled: true },
        ...{ pending: 0, oldest: null, delivered: 0, failed: 1, dropped: { overflow: 0, expired: 0, gone: 4 } },
        ...{ last_error: "410 Gone", last_error_at: ago(4000), last_success_at: null },
      },
    ],
  },
  audit: {
    entries: [
      { id: "2", at: ago(130), by: "admin", action: "listen", target: "강수진", call: "t1", result: "ok" },
      { id: "1", at: ago(4000), by: "admin", action: "state", target: "박서연", detail: "away meal", result: "ok" },
    ],
    next: "",
  },
  reload: {
    changes: [
      { key: "queues.123456.ring_timeout", kind: "changed", old: "20s", new: "15s" },
      { key: "agents.서지우", kind: "added", new: "서지우" },
      { key: "server.http", kind: "changed", old: "127.0.0.1:8080", new: "0.0.0.0:8080", restart: true },
    ],
  },
  ...Object.fromEntries([...history, mine()].map((c) => [`calls/${c.id}`, c])),
  "calls/h1/recording": silence(96),
};
