import type { Campaign, DialList, Entry, Plan, Result, Shown } from "../src/lib/outbound";
import type { Customer, Stats } from "../src/wire/messages";
import { ago, NOW, SALES, TECH } from "./morning";

/** The campaigns of the morning. */

const ahead = (seconds: number): string => ago(-seconds);

export const customer: Customer = {
  campaign: "봄맞이 재계약",
  entry: "1-204",
  key: "K-20418",
  name: "김철수",
  variables: { 요금제: "5G 스탠다드", 만료: "2026-03-31", 지역: "서울 마포" },
  script:
    "안녕하세요, 김철수 고객님. 상담원입니다.\n쓰시는 5G 스탠다드가 2026-03-31에 만료되어 전화 드렸습니다.\n지금 재계약하시면 석 달 동안 20% 할인됩니다.",
};

export const shown: Shown = {
  try: "t9",
  campaign: "3",
  number: "01055556666",
  customer: {
    ...customer,
    campaign: "해지 방어",
    name: "이영희",
    key: "K-3391",
    variables: { 만료: "2026-03-05" },
    script: "안녕하세요, 이영희 고객님. 2026-03-05에 만료되는 약정 때문에 전화 드렸습니다.",
  },
  until: ahead(131),
};

const weekdays = ["mon", "tue", "wed", "thu", "fri"];

export const plans: Plan[] = [
  {
    ...{ id: "1", name: "평일 예측", mode: "predictive", method: "risk", max_abandon_rate: 0.03, ring_timeout: "25s" },
    ...{ amd: "humans_and_unsure", max_tries: 3, max_tries_24h: 2, list_end: "stop", caller_id: "0215881234" },
    retry: { busy: "15m0s", no_answer: "4h0m0s", machine: "24h0m0s", abandoned: "72h0m0s" },
    hours: [
      { days: weekdays, from: "09:00", to: "20:00" },
      { days: ["sat"], from: "10:00", to: "17:00" },
    ],
    script: "안녕하세요, {name} 고객님. 상담원입니다.\n쓰시는 {요금제}가 {만료}에 만료되어 전화 드렸습니다.",
    ...{ revision: 4, changed: ago(86_400) },
  },
  {
    ...{ id: "2", name: "해지 방어 미리보기", mode: "preview", ring_timeout: "30s", max_tries: 2, revision: 1 },
    ...{ retry: {}, changed: ago(86_400 * 2) },
  },
  {
    ...{ id: "3", name: "점검 안내", mode: "message", ring_timeout: "30s", max_tries: 2, revision: 1 },
    ...{ message_text: "오늘 밤 두 시부터 점검이 있습니다.", message_key: "1", retry: {}, changed: ago(86_400 * 3) },
  },
];

const list = (id: string, name: string, entries: number, states: Record<string, number>): DialList => ({
  ...{ id, name, entries, open: states["open"] ?? 0, states, revision: 1, changed: ago(86_400) },
});

export const lists: DialList[] = [
  list("1", "3월 만료 고객", 1200, { open: 716, dialling: 9, reached: 402, used_up: 61, blocked: 12 }),
  list("2", "해지 의향 고객", 84, { open: 70, reached: 11, skipped: 3 }),
  list("3", "점검 대상", 5000, { open: 5000 }),
];

export const campaigns: Campaign[] = [
  {
    ...{ id: "1", name: "봄맞이 재계약", plan: "1", dial_list: "1", queue: SALES!, state: "running", why: "schedule" },
    ...{ since: ago(5076), revision: 3, changed: ago(5076), next_campaign: "3" },
    schedule: { from: ago(86_400 * 3), hours: [{ days: weekdays, from: "09:00", to: "18:00" }] },
  },
  {
    ...{ id: "2", name: "점검 안내", plan: "3", dial_list: "3", queue: TECH!, state: "running", why: "admin" },
    ...{ since: ago(600), revision: 2, changed: ago(600) },
  },
  {
    ...{ id: "3", name: "해지 방어", plan: "2", dial_list: "2", queue: SALES!, state: "paused", why: "admin" },
    ...{ since: ago(1800), revision: 5, changed: ago(1800) },
  },
];

const live = (c: Campaign, x: Partial<Stats>): Stats => ({
  ...{ campaign: c.id, queue: c.queue, state: c.state, since: c.since, reason: "", abandon_rate: 0 },
  day: { date: "2026-03-02", dialled: 0, answered: 0, connected: 0, abandoned: 0, left: 0, results: {} },
  ...{ ringing: 0, waiting: 0, talking: 0, preview: 0, remaining: 0, agents_free: 0, agents_busy: 0 },
  ...x,
});

export const stats: Stats[] = [
  live(campaigns[0]!, {
    reason: "enough_ringing",
    day: { date: "2026-03-02", dialled: 486, answered: 211, connected: 206, abandoned: 5, left: 3, results: {} },
    ...{ abandon_rate: 5 / 211, ringing: 6, talking: 3, remaining: 716, agents_free: 1, agents_busy: 4 },
    pacing: {
      ...{ method: "risk", limit: 0.03, answered: 211, abandoned: 5, window: 0.021, price: 0.034 },
      ...{ level: 0.43, risk: 0.041 },
    },
  }),
  live(campaigns[1]!, {
    reason: "hours",
    until: ahead(2124),
    remaining: 5000,
    agents_busy: 1,
  }),
  live(campaigns[2]!, {
    reason: "not_running",
    day: { date: "2026-03-02", dialled: 14, answered: 11, connected: 11, abandoned: 0, left: 0, results: {} },
    remaining: 70,
  }),
];

const counts = (
  tries: number,
  served: number,
  abandoned: number,
  talk_ms: number,
  kinds: Record<string, number> = {},
) => ({
  ...{ tries, answered: served + abandoned, abandoned, served, talk_ms, kinds },
  abandon_rate: abandoned / Math.max(1, served + abandoned),
});

const figures = {
  campaign: "1",
  from: ago(37_476),
  counts: counts(486, 206, 5, 206 * 131_000, {
    ...{ answered: 206, no_answer: 171, busy: 38, machine: 36, unallocated: 14, rejected: 9 },
    ...{ abandoned: 5, customer_left: 3, congestion: 3, failed: 1 },
  }),
  hours: [
    { hour: 9, counts: counts(341, 146, 4, 146 * 131_000) },
    { hour: 10, counts: counts(145, 60, 1, 60 * 129_000) },
  ],
  dial_list: lists[0],
};

const result = (id: string, seconds: number, x: Partial<Result>): Result => ({
  ...{
    id,
    campaign: "1",
    plan: "1",
    plan_revision: 4,
    dial_list: "1",
    entry: `1-${id}`,
    queue: SALES!,
    number: "01012345678",
  },
  ...{ index: 0, try: 1, mode: "predictive", dial_result: "no_answer", dialled: ago(seconds), end: ago(seconds - 25) },
  ...x,
});

const talked = (seconds: number, agent: string, talk: number): Partial<Result> => ({
  ...{ dial_result: "answered", agent, agent_result: "answered", call: "h1", hangup_cause: 16 },
  ...{ hangup_text: "Normal Clearing", rang: ago(seconds - 2), answered: ago(seconds - 9), bridged: ago(seconds - 10) },
  end: ago(seconds - 10 - talk),
});

export const results: Result[] = [
  result("r1", 61, {
    number: "01031415926",
    key: "K-20391",
    hangup_cause: 19,
    hangup_text: "User alerting, no answer",
  }),
  result("r2", 184, { number: "01098761234", key: "K-20390", ...talked(184, "강수진", 141) }),
  result("r3", 201, {
    number: "0212345678",
    key: "K-20389",
    dial_result: "busy",
    hangup_cause: 17,
    hangup_text: "User busy",
  }),
  result("r4", 240, {
    ...{
      number: "01077778888",
      key: "K-20388",
      dial_result: "answered",
      agent_result: "abandoned",
      call: "h3",
      try: 2,
    },
    ...{ rang: ago(238), answered: ago(231), end: ago(228) },
  }),
  result("r5", 275, {
    ...{
      number: "01020203030",
      key: "K-20387",
      dial_result: "answered",
      amd: "MACHINE",
      amd_cause: "LONGGREETING-2600",
    },
    ...{ rang: ago(273), answered: ago(262), end: ago(259) },
  }),
  result("r6", 320, {
    number: "01055550000",
    key: "K-20386",
    dial_result: "unallocated",
    hangup_cause: 1,
    end: ago(319),
  }),
  result("r7", 402, { number: "01013572468", key: "K-20385", ...talked(402, "홍길동", 208) }),
];

const entries: Entry[] = [
  {
    ...{ id: "1-204", list: "1", key: "K-20418", name: "김철수", state: "open", due: ahead(2700) },
    numbers: [
      { number: "01012345678", tries: 1, last: "busy", due: ahead(2700) },
      { number: "0255501010", tries: 0 },
    ],
    variables: { 요금제: "5G 스탠다드", 만료: "2026-03-31" },
    last: results[2]!,
  },
  {
    ...{ id: "1-205", list: "1", key: "K-20390", name: "박민수", state: "reached" },
    numbers: [{ number: "01098761234", tries: 1, last: "answered" }],
    variables: { 요금제: "LTE 슬림", 만료: "2026-03-12" },
    last: results[1]!,
  },
  {
    ...{ id: "1-206", list: "1", key: "K-20386", name: "최은지", state: "used_up" },
    numbers: [{ number: "01055550000", tries: 1, last: "unallocated", done: true }],
    last: results[5]!,
  },
  { ...{ id: "1-207", list: "1", name: "정우성", state: "open" }, numbers: [{ number: "01024681357", tries: 0 }] },
];

export const upload = {
  ...{ added: 1197, refused: 3, duplicates: 1 },
  faults: [
    {
      line: 7,
      field: "number1",
      code: "number",
      text: '"없음" can\'t be dialled; use digits, * and #, with + in front if need be',
    },
    { line: 212, field: "timezone", code: "zone", text: 'there is no time zone "Seoul"; write it like "Asia/Seoul"' },
    {
      line: 641,
      field: "key",
      code: "duplicate",
      text: "K-20386 is in the list already, in entry 1-206; remove the line, or load it into another list",
    },
  ],
};

/** What the server of the scene answers about campaigns. */
export const outbound: Record<string, unknown> = {
  plans: { plans },
  "dial-lists": { dial_lists: lists },
  campaigns: { campaigns, timezone: "Asia/Seoul" },
  previews: { previews: [] },
  ...Object.fromEntries(stats.map((s) => [`campaigns/${s.campaign}/live`, s])),
  "campaigns/1/stats": figures,
  "campaigns/1/results": { results, next: "more" },
  "dial-lists/1/entries": { entries, next: "" },
  "POST dial-lists/1/entries": upload,
  "do-not-call": {
    numbers: [
      { number: "01044443333", note: "전화로 요청", by: "강수진", at: ago(4000) },
      { number: "0255501099", note: "민원", by: "admin", at: new Date(NOW - 86_400_000 * 9).toISOString() },
    ],
    next: "",
  },
};
