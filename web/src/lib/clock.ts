/**
 * What time it is for the server. Each frame says when something happened; it
 * arrives a little later. So the largest (server − local) seen is the nearest
 * to the truth, as long as neither clock was set.
 */
export class ServerClock {
  #samples: { at: number; ahead: number }[] = [];
  #ahead = 0;

  /** Takes the time a frame names, and when it arrived; both in ms. */
  sample(server: number, local: number): void {
    if (Number.isNaN(server)) return;
    this.#samples.push({ at: local, ahead: server - local });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
    this.#ahead = -Infinity;
    for (const s of this.#samples) this.#ahead = Math.max(this.#ahead, s.ahead);
  }

  /** Forgets the samples: a new connection may follow a clock that was set. */
  reset(): void {
    this.#samples = [];
  }

  /** The server's time now, in ms. */
  now(local: number): number {
    return local + this.#ahead;
  }
}

/** How many frames tell the time. */
const SAMPLES = 64;

/** Whole seconds from a time until now, as a clock that steps once a second shows them; never negative. */
export function secondsSince(from: string, now: number): number {
  return Math.max(0, Math.floor(now / 1000) - Math.floor(Date.parse(from) / 1000));
}

/** Whole seconds from now until a time, stepping as secondsSince does; never negative. */
export function secondsUntil(to: string, now: number): number {
  return Math.max(0, Math.floor(Date.parse(to) / 1000) - Math.floor(now / 1000));
}

/** A length of time as 0:07, 12:34 or 1:02:03. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes}:${two(s % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}`;
}
