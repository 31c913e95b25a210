import type { Call, Outcome, RingResult } from "../wire/messages";

/** One thing that happened to a call. */
export type Step =
  | { at: string; what: "came" }
  | { at: string; what: "called" }
  | { at: string; what: "rang"; agent: string; result: RingResult; seconds: number | null }
  | { at: string; what: "answered"; agent: string }
  | { at: string; what: "transferred" | "consulted"; to: string; result: string }
  | { at: string; what: "overflowed"; to: string; result: string; why: Outcome }
  | { at: string; what: "ended"; outcome: Outcome | undefined };

/** The queue that was called; a call may have gone to another one since. */
export function firstQueue(c: Call): string {
  return c.transfers?.[0]?.queue ?? c.queue;
}

/** What happened to a call, in order. */
export function timeline(c: Call): Step[] {
  const steps: Step[] = [{ at: c.begin, what: c.direction === "out" ? "called" : "came" }];
  for (const r of c.rings ?? []) {
    const seconds = r.end ? (Date.parse(r.end) - Date.parse(r.rang ?? r.at)) / 1000 : null;
    steps.push({ at: r.at, what: "rang", agent: r.agent, result: r.result, seconds });
  }
  // Each agent to whom the call was handed over has answered too.
  const answers = c.direction === "in" ? (c.rings ?? []).filter((r) => r.result === "answered" && r.end) : [];
  for (const r of answers) steps.push({ at: r.end!, what: "answered", agent: r.agent });
  if (c.start && answers.length === 0)
    steps.push({ at: c.start, what: "answered", agent: c.agent || (c.transfers?.at(-1)?.to ?? "") });
  for (const { at, to, result, reason: why, kind } of c.transfers ?? []) {
    steps.push(
      why
        ? { at, what: "overflowed", to, result, why }
        : { at, what: kind === "consultative" ? "consulted" : "transferred", to, result },
    );
  }
  if (c.end) steps.push({ at: c.end, what: "ended", outcome: c.outcome });
  // Sorting is stable: what happened in the same millisecond keeps this order.
  return steps.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}
