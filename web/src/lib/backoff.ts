/** The longest pause between two tries to connect, in ms. */
export const LONGEST_PAUSE = 15_000;

/**
 * How long to wait before the nth try to connect (from 1), in ms: doubling,
 * and different for each page, so that a thousand pages don't come back at
 * once. random is from 0 to 1.
 */
export function pause(tries: number, random: number): number {
  const most = Math.min(LONGEST_PAUSE, 1000 * 2 ** (tries - 1));
  return Math.round(most * (0.3 + 0.7 * random));
}
