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

/**
 * The line of the service level through the middles of bars, as the path of a picture of that height. It breaks where no
 * call counted; a bar alone has a dash.
 */
export function levelLine(
  points: readonly { x: number; level: number | null }[],
  step: number,
  height: number,
): string {
  const joined = (i: number) => {
    const [a, b] = [points[i - 1], points[i]];
    return a?.level != null && b?.level != null && b.x - a.x < 1.5 * step;
  };
  return points
    .map(({ x, level }, i) => {
      if (level === null) return "";
      const y = height * (1 - level);
      if (joined(i)) return `L${x} ${y}`;
      return joined(i + 1) ? `M${x} ${y}` : `M${x - 0.3 * step} ${y}h${0.6 * step}`;
    })
    .join("");
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
