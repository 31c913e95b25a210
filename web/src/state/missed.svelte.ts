import type { Api, MissedPage } from "../lib/api";
import { MissedView, OpenMissed } from "../lib/missed";
import type { Missed, MissedState } from "../wire/messages";

/** The missed calls, open or resolved, of one queue or all; open ones change live. */
export class MissedList {
  readonly #api: Api;
  readonly #view = new MissedView();
  readonly #open = new OpenMissed();
  #asked = 0;
  #counted = 0;

  list = $state.raw<Missed[]>([]);
  state = $state<MissedState>("open");
  queue = $state("");
  /** The cursor of what follows; "" at the end. */
  next = $state("");
  loading = $state(false);
  failed = $state(false);
  /** How many are open in all queues, and whether there are more than could be counted. */
  open = $state.raw({ count: 0, more: false });

  constructor(api: Api) {
    this.#api = api;
  }

  /** Starts anew, with the filters as they are. */
  async load(): Promise<void> {
    await Promise.all([this.#page(""), this.#count()]);
  }

  more(): Promise<void> {
    return this.#page(this.next);
  }

  /** Takes a change that the server tells of. */
  changed(m: Missed): void {
    this.#open.change(m);
    this.#tellOpen();
    this.#view.change(m);
    this.list = this.#view.list();
  }

  #tellOpen(): void {
    this.open = { count: this.#open.size, more: this.#open.more };
  }

  async #count(): Promise<void> {
    const counted = ++this.#counted;
    this.#open.ask();
    const page = await this.#api.missed({ state: "open", limit: COUNTED }).catch(() => null); // the list says so
    if (!page || counted !== this.#counted) return;
    this.#open.counted(page.missed ?? [], page.next !== "");
    this.#tellOpen();
  }

  async #page(cursor: string): Promise<void> {
    const asked = ++this.#asked;
    this.loading = true;
    if (cursor === "") {
      this.#view.reset(this.state, this.queue);
      this.list = [];
      this.next = "";
    }
    let page: MissedPage | null = null;
    try {
      page = await this.#api.missed({ state: this.state, queue: this.queue, limit: 50, cursor });
    } catch {
      // shown as failed
    }
    if (asked !== this.#asked) return; // the filters have changed meanwhile
    this.loading = false;
    this.failed = page === null;
    if (!page) return;
    this.#view.add(page.missed ?? []);
    this.list = this.#view.list();
    this.next = page.next;
  }
}

/** Up to how many open missed calls are counted. */
const COUNTED = 200;
