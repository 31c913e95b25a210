import type { AgentStatus, Call, CallChange, QueueStatus, Ring, ServerFrame, Welcome } from "../wire/messages";

/** Makers of messages for tests: a plain one, and what is to differ. */
export const AT = "2026-03-02T09:00:00+09:00";

export const agent = (id: string, x: Partial<AgentStatus> = {}): AgentStatus => ({
  id,
  name: id,
  phone: "8001",
  queues: ["1"],
  state: "available",
  since: AT,
  device: "idle",
  calls: 0,
  ...x,
});

export const queue = (id: string, x: Partial<QueueStatus> = {}): QueueStatus => ({
  id,
  name: `queue ${id}`,
  number: "0215881234",
  waiting: 0,
  ringing: 0,
  talking: 0,
  agents: {},
  hours: { open: true },
  ...x,
});

export const ring = (agent: string, x: Partial<Ring> = {}): Ring => ({ agent, at: AT, result: "", ...x });

export const call = (id: string, x: Partial<Call> = {}): Call => ({
  id,
  queue: "1",
  direction: "in",
  phase: "waiting",
  caller: "01012345678",
  callee: "0215881234",
  agent: "",
  channel: "PJSIP/trunk-1",
  unique_id: "1.1",
  begin: AT,
  start: null,
  end: null,
  wait_ms: 0,
  talk_ms: 0,
  rings: [],
  ...x,
});

export const welcome = (x: Partial<Welcome> = {}): Welcome => ({
  seq: 1,
  type: "welcome",
  at: AT,
  agent: agent("me"),
  role: "agent",
  web_phone: false,
  queues: [queue("1")],
  agents: [agent("me"), agent("other")],
  calls: [],
  asterisk: { state: "up", since: AT, lag_ms: 0 },
  offers: {},
  ...x,
});

export const change = (
  type: "call.waiting" | "call.ringing" | "call.answered" | "call.changed" | "call.ended",
  c: Call,
  x: Partial<CallChange> = {},
): ServerFrame => ({ seq: 2, at: AT, call: c, rings: [], ...x, type });
