import type { components } from "../wire/api";

type Schemas = components["schemas"];
export type QueueReport = Schemas["QueueReport"];
export type AgentReport = Schemas["AgentReport"];
export type QueueRow = Schemas["QueueRow"];
export type AgentRow = Schemas["AgentRow"];

export type Kind = "queues" | "agents";
export type Interval = QueueReport["interval"];
export type ReportPeriod = "today" | "yesterday" | "week" | "month" | "thisMonth" | "lastMonth" | "custom";

/** The days of a period as YYYY-MM-DD: from the first, to the one after the last. The server knows when a day begins. */
export function reportDays(period: ReportPeriod, now: number, first = "", last = ""): { from: string; to: string } {
  const today = new Date(now);
  const day = (daysAgo: number) => new Date(today.getFullYear(), today.getMonth(), today.getDate() - daysAgo);
  const month = (monthsAgo: number) => new Date(today.getFullYear(), today.getMonth() - monthsAgo, 1);
  const range = (from: Date, to: Date) => ({ from: date(from), to: date(to) });
  switch (period) {
    case "today":
      return range(day(0), day(-1));
    case "yesterday":
      return range(day(1), day(0));
    case "week":
      return range(day(6), day(-1));
    case "month":
      return range(day(29), day(-1));
    case "thisMonth":
      return range(month(0), day(-1));
    case "lastMonth":
      return range(month(1), month(0));
    case "custom": {
      const end = last ? new Date(`${last}T00:00`) : day(0);
      end.setDate(end.getDate() + 1);
      return { from: first || date(day(0)), to: date(end) };
    }
  }
}

function date(d: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

/** What the calls of all queues of an interval add up to. */
export interface Slot {
  start: string;
  inTime: number;
  late: number;
  missed: number;
  /** The service level; null when no call counts for it. */
  level: number | null;
}

/** One slot for each interval, those without calls too. */
export function slots(report: QueueReport): Slot[] {
  const sums = new Map(
    (report.starts ?? []).map((s) => [s, { inTime: 0, answered: 0, missed: 0, overflowed: 0, short: 0 }]),
  );
  for (const r of report.rows ?? []) {
    const sum = sums.get(r.start);
    if (!sum) continue;
    sum.inTime += r.in_time;
    sum.answered += r.answered;
    sum.missed += r.missed;
    sum.overflowed += r.overflowed;
    sum.short += r.short;
  }
  return [...sums].map(([start, s]) => {
    const counted = s.answered + s.missed + s.overflowed - s.short;
    return {
      start,
      inTime: s.inTime,
      late: s.answered - s.inTime,
      missed: s.missed,
      level: counted > 0 ? s.inTime / counted : null,
    };
  });
}

/** Where a report is to be had; csv for download. */
export function reportPath(kind: Kind, query: ReportQuery, csv = false): string {
  const q = new URLSearchParams({ from: query.from, to: query.to, interval: query.interval });
  for (const id of query.queues) q.append("queue", id);
  if (kind === "agents") for (const id of query.agents) q.append("agent", id);
  if (csv) q.set("format", "csv");
  return `reports/${kind}?${q}`;
}

export interface ReportQuery {
  from: string;
  to: string;
  interval: Interval;
  queues: string[];
  agents: string[];
}

/** The beginning of an interval as it is written in the report's time zone. */
export function slotText(start: string, interval: Interval, zone: string, lang: string): string {
  const short = interval === "15m" || interval === "hour";
  return new Intl.DateTimeFormat(lang, {
    timeZone: zone,
    ...(interval === "month" ? { year: "numeric", month: "short" } : { month: "numeric", day: "numeric" }),
    ...(interval === "day" && { weekday: "short" }),
    ...(short && { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
  }).format(new Date(start));
}
