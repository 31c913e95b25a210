import type { Missed, MissedState } from "../wire/messages";

/** A list of missed calls under a filter, which pages and changes fill: the latest try first. */
export class MissedView {
  #state: MissedState = "open";
  #queue = "";
  readonly #byId = new Map<string, Missed>();
  /** Those of which a change was told: a page that was on its way then does not know it. */
  readonly #told = new Set<string>();

  /** Starts anew under another filter; queue "" is all. */
  reset(state: MissedState, queue: string): void {
    this.#state = state;
    this.#queue = queue;
    this.#byId.clear();
    this.#told.clear();
  }

  add(page: Missed[]): void {
    for (const m of page) if (!this.#told.has(m.id)) this.#byId.set(m.id, m);
  }

  change(m: Missed): void {
    this.#told.add(m.id);
    if (m.state === this.#state && (this.#queue === "" || m.queue === this.#queue)) this.#byId.set(m.id, m);
    else this.#byId.delete(m.id);
  }

  list(): Missed[] {
    return [...this.#byId.values()].sort((a, b) => Date.parse(b.last) - Date.parse(a.last));
  }
}
