import type { Lang } from "../words";

/** The time of day, with the date before it when it is not today's. */
export function moment(at: string, now: number, lang: Lang): string {
  const d = new Date(at);
  const today = new Date(now).toDateString() === d.toDateString();
  const time = new Intl.DateTimeFormat(lang, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  if (today) return time.format(d);
  const date = new Intl.DateTimeFormat(lang, {
    month: "numeric",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    ...(new Date(now).getFullYear() !== d.getFullYear() && { year: "numeric" }),
  });
  return date.format(d);
}

/** The date and time in full. */
export function fullMoment(at: string, lang: Lang): string {
  return new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" }).format(
    new Date(at),
  );
}

export type Period = "today" | "yesterday" | "week" | "month" | "any" | "custom";

/** From and to of a period, as RFC 3339; days begin at midnight here. Custom days are YYYY-MM-DD, both included. */
export function periodRange(period: Period, now: number, fromDay = "", toDay = ""): { from?: string; to?: string } {
  const midnight = (daysAgo: number) => {
    const d = new Date(now);
    d.setHours(0, 0, 0, 0);
    d.setDate(d.getDate() - daysAgo);
    return d.toISOString();
  };
  switch (period) {
    case "today":
      return { from: midnight(0) };
    case "yesterday":
      return { from: midnight(1), to: midnight(0) };
    case "week":
      return { from: midnight(6) };
    case "month":
      return { from: midnight(29) };
    case "any":
      return {};
    case "custom": {
      const from = day(fromDay, 0);
      const to = day(toDay, 1);
      return { ...(from && { from }), ...(to && { to }) };
    }
  }
}

function day(text: string, later: number): string {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!parts) return "";
  return new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]) + later).toISOString();
}
