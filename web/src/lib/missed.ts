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

/** Which missed calls are open, by a count that is asked for and the changes that are told. */
export class OpenMissed {
  #ids = new Set<string>();
  /** What was told since the count was asked for is newer than it. */
  readonly #told = new Map<string, boolean>();
  /** Whether there are more than were counted. */
  more = false;

  get size(): number {
    return this.#ids.size;
  }

  /** A count is asked for. */
  ask(): void {
    this.#told.clear();
  }

  counted(open: Missed[], more: boolean): void {
    this.#ids = new Set(open.map((m) => m.id));
    for (const [id, isOpen] of this.#told) this.#set(id, isOpen);
    this.more = more;
  }

  change(m: Missed): void {
    const isOpen = m.state === "open";
    this.#told.set(m.id, isOpen);
    this.#set(m.id, isOpen);
  }

  #set(id: string, isOpen: boolean): void {
    if (isOpen) this.#ids.add(id);
    else this.#ids.delete(id);
  }
}
