import type { Hour } from "../wire/messages";

/** How a service level is to be taken: four of five calls in time is what the field aims at. */
export type Grade = "good" | "fair" | "poor";

const GOOD = 0.8;
const FAIR = 0.6;

export function grade(level: number): Grade {
  return level >= GOOD ? "good" : level >= FAIR ? "fair" : "poor";
}

/** A share as whole percents. It is rounded down: 79.9 % is not yet good. */
export function percent(share: number): number {
  return Math.floor(share * 100 + 1e-9);
}

/** One hour as it is drawn: parts of the height, from the bottom. */
export interface Bar {
  hour: number;
  inTime: number;
  late: number;
  missed: number;
  /** Where the line of the service level passes; null when it does not. */
  level: number | null;
}

/** The fewest calls an hour that fill the height, so that a single call looks like little. */
const LEAST = 4;

/** The hours as bars, the busiest one of the full height. */
export function bars(hours: readonly Hour[]): Bar[] {
  const top = Math.max(LEAST, ...hours.map((h) => h.figures.offered));
  return hours.map(({ hour, figures: f }) => ({
    hour,
    inTime: f.in_time / top,
    late: (f.answered - f.in_time) / top,
    missed: f.missed / top,
    level: f.service_level,
  }));
}
