import type { CampaignHour } from "./outbound";

/** One kind of result as it is drawn: its count, and its share of the largest. */
export interface KindBar {
  kind: string;
  count: number;
  /** Of all, 0 to 1. */
  share: number;
  /** Of the longest bar, 0 to 1. */
  length: number;
}

/** The results by kind as bars, the most frequent first. */
export function kindBars(kinds: Readonly<Record<string, number>>): KindBar[] {
  const list = Object.entries(kinds).filter(([, n]) => n > 0);
  const sum = list.reduce((total, [, n]) => total + n, 0);
  const top = Math.max(1, ...list.map(([, n]) => n));
  return list
    .map(([kind, count]) => ({ kind, count, share: count / sum, length: count / top }))
    .sort((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1));
}

/** A share in percent with one decimal: limits of a few percent are held by tenths. */
export function percentOf(share: number): string {
  return (share * 100).toFixed(1);
}

/** One hour's tries as they are drawn: parts of the height, from the bottom. */
export interface HourBar {
  hour: number;
  /** Talked with an agent. */
  served: number;
  /** Answered, and no agent came in time. */
  lost: number;
  rest: number;
}

/** The fewest tries an hour that fill the height, so that a single one looks like little. */
const LEAST = 4;

/** The hours as bars, the busiest one of the full height. */
export function hourBars(hours: readonly CampaignHour[]): HourBar[] {
  const top = Math.max(LEAST, ...hours.map((h) => h.counts.tries));
  return hours.map(({ hour, counts: c }) => ({
    hour,
    served: c.served / top,
    lost: c.abandoned / top,
    rest: (c.tries - c.served - c.abandoned) / top,
  }));
}
