import { ServerClock } from "../lib/clock";

/** The time that clocks show: the server's, stepping once a second, and standing still while what they time is not live. */
export class Time {
  readonly clock = new ServerClock();
  #now = $state(Date.now());
  #timer: ReturnType<typeof setTimeout> | undefined;
  #frozen = false;

  /** The server's time in ms, as of the last step. */
  get now(): number {
    return this.#now;
  }

  start(): void {
    this.step();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  freeze(frozen: boolean): void {
    this.#frozen = frozen;
    this.step();
  }

  /** Steps now; also after sleep, when timers come late. */
  step(): void {
    clearTimeout(this.#timer);
    const now = this.clock.now(Date.now());
    if (!this.#frozen) this.#now = now;
    this.#timer = setTimeout(() => this.step(), 1000 - (now % 1000) + 5);
  }
}
