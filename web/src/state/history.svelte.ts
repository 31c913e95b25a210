import { type Api, type HistoryPage, type HistoryQuery } from "../lib/api";
import { type Period, periodRange } from "../lib/dates";
import type { Note } from "../lib/memos";
import { plainNumber } from "../lib/number";
import type { Call, Direction, Outcome } from "../wire/messages";

export interface Filters {
  queue: string;
  number: string;
  agent: string;
  outcome: Outcome | "";
  direction: Direction | "";
  period: Period;
  from: string;
  to: string;
  text: string;
}

export const NO_FILTERS: Filters = {
  queue: "",
  number: "",
  agent: "",
  outcome: "",
  direction: "",
  period: "week",
  from: "",
  to: "",
  text: "",
};

/** The history under a filter, page by page. It stays as it is while other screens are shown. */
export class History {
  readonly #api: Api;
  #asked = 0;
  #query: HistoryQuery = {};
  #abort = new AbortController();

  filters = $state<Filters>({ ...NO_FILTERS });
  calls = $state.raw<Call[]>([]);
  next = $state("");
  loading = $state(false);
  failed = $state(false);
  /** Whether it was ever asked for. */
  begun = false;
  /** The count of ended calls (Live.ended) at the last search. */
  endedThen = $state(0);

  constructor(api: Api) {
    this.#api = api;
  }

  /** Searches anew. */
  search(now: number, ended: number): Promise<void> {
    const f = this.filters;
    this.begun = true;
    this.endedThen = ended;
    this.#query = {
      queue: f.queue,
      caller: plainNumber(f.number),
      agent: f.agent,
      text: f.text.trim(),
      limit: PAGE,
      ...(f.outcome && { outcome: f.outcome }),
      ...(f.direction && { direction: f.direction }),
      ...periodRange(f.period, now, f.from, f.to),
    };
    return this.#page("");
  }

  /** Asks anew for what is shown. */
  async again(): Promise<void> {
    if (this.begun) await this.#page("");
  }

  more(): Promise<void> {
    return this.#page(this.next);
  }

  /** A memo was saved. */
  noted(id: string, note: Note): void {
    if (!this.calls.some((c) => c.id === id)) return;
    const { memo, disposition } = note;
    this.calls = this.calls.map((c) => (c.id === id ? { ...c, memo, disposition } : c));
  }

  async #page(cursor: string): Promise<void> {
    const asked = ++this.#asked;
    this.#abort.abort();
    this.#abort = new AbortController();
    this.loading = true;
    let page: HistoryPage | null = null;
    try {
      page = await this.#api.history({ ...this.#query, cursor }, this.#abort.signal);
    } catch {
      // shown as failed, unless a newer search has taken its place
    }
    if (asked !== this.#asked) return;
    this.loading = false;
    this.failed = page === null;
    if (!page) return;
    this.calls = cursor === "" ? (page.calls ?? []) : [...this.calls, ...(page.calls ?? [])];
    this.next = page.next;
  }
}

const PAGE = 50;
