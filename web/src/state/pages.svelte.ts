/** A list that comes page by page, each search anew. */
export class Pages<T> {
  readonly #ask: (cursor: string) => Promise<{ items: readonly T[]; next: string }>;
  #asked = 0;

  items = $state.raw<readonly T[]>([]);
  /** The cursor of what follows; "" at the end. */
  next = $state("");
  loading = $state(false);
  failed = $state(false);

  /** ask is called for a page, with "" for the first. */
  constructor(ask: (cursor: string) => Promise<{ items: readonly T[]; next: string }>) {
    this.#ask = ask;
  }

  search(): Promise<void> {
    return this.#page("");
  }
  more(): Promise<void> {
    return this.#page(this.next);
  }

  async #page(cursor: string): Promise<void> {
    const asked = ++this.#asked;
    this.loading = true;
    const page = await this.#ask(cursor).catch(() => null);
    if (asked !== this.#asked) return; // searched anew meanwhile
    this.loading = false;
    this.failed = page === null;
    if (!page) return;
    this.items = cursor === "" ? page.items : [...this.items, ...page.items];
    this.next = page.next;
  }
}
