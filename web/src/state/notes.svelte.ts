import { untrack } from "svelte";
import { SvelteMap } from "svelte/reactivity";
import type { Api } from "../lib/api";
import { MAX_MEMO, MemoKeeper, type Note, type NoteState } from "../lib/memos";
import type { Store } from "../lib/storage";

const EMPTY: NoteState = { memo: "", disposition: "", saving: "saved" };

/** The notes that the page shows, of calls at hand and in the history. */
export class Notes {
  readonly #keeper: MemoKeeper;
  readonly #api: Api;
  readonly #notes = new SvelteMap<string, NoteState>();
  /** What somebody else has written while I wrote. */
  readonly #theirs = new SvelteMap<string, Note>();
  /** Told when a note has reached the server. */
  onSaved: (call: string, note: Note) => void = () => undefined;

  constructor(
    agent: string,
    store: Store,
    api: Api,
    send: (call: string, note: Partial<Note>, was: Partial<Note>) => Promise<void>,
  ) {
    this.#api = api;
    this.#keeper = new MemoKeeper({
      agent,
      storage: store,
      send,
      onChange: (call, state) => {
        this.#notes.set(call, state);
        if (state.saving === "stale") void this.#lookAgain(call);
        if (state.saving !== "saved") return;
        this.#theirs.delete(call);
        this.onSaved(call, state);
      },
    });
    for (const call of this.#keeper.unsaved()) {
      const draft = this.#keeper.draft(call);
      if (draft) this.#notes.set(call, { ...draft, saving: "unsaved" });
    }
  }

  /** The note of a call; null until it is known. */
  of(call: string): NoteState | null {
    return this.#notes.get(call) ?? null;
  }

  /** The calls whose notes are not on the server yet. */
  get unsaved(): string[] {
    return [...this.#notes].filter(([, n]) => n.saving !== "saved").map(([call]) => call);
  }

  /** What somebody else has written meanwhile, and I have not decided about; null for nothing. */
  theirs(call: string): Note | null {
    return this.#theirs.get(call) ?? null;
  }

  /** Theirs with mine below; null when that is too long. */
  both(call: string): string | null {
    const memo = `${this.#theirs.get(call)?.memo ?? ""}\n${this.#notes.get(call)?.memo ?? ""}`.trim();
    return memo.length > MAX_MEMO ? null : memo;
  }

  /** Writes mine over theirs, or another text made of both. */
  insist(call: string, memo?: string): void {
    const [mine, theirs] = [this.#notes.get(call), this.#theirs.get(call)];
    if (!mine || !theirs) return;
    this.#theirs.delete(call);
    this.#keeper.insist(call, { memo: memo ?? mine.memo, disposition: mine.disposition }, theirs);
  }

  /** Gives up mine for theirs. */
  yield(call: string): void {
    const theirs = this.#theirs.get(call);
    this.discard(call);
    if (theirs) this.known(call, theirs);
  }

  async #lookAgain(call: string): Promise<void> {
    const c = await this.#api.call(call).catch(() => null); // told again when it is sent again
    if (c && this.#notes.get(call)?.saving === "stale") {
      this.#theirs.set(call, { memo: c.memo ?? "", disposition: c.disposition ?? "" });
    }
  }

  /** Takes what the server has for a call, unless something newer is to be saved. */
  known(call: string, note: { memo?: string | undefined; disposition?: string | undefined }): void {
    const now = this.#notes.get(call);
    if (now && now.saving !== "saved") return;
    this.#notes.set(call, { ...EMPTY, memo: note.memo ?? "", disposition: note.disposition ?? "" });
  }

  /** Asks the server for a note: whom the call was handed to may have written on. It follows nothing by itself. */
  async load(call: string): Promise<void> {
    const before = untrack(() => this.#notes.get(call));
    if (before && before.saving !== "saved") return;
    const c = await this.#api.call(call).catch(() => null); // the editor waits, and asks again when it is shown again
    // What was written and saved meanwhile is newer.
    if (c && this.#notes.get(call) === before) this.known(call, c);
  }

  edit(call: string, change: Partial<Note>): void {
    const was = this.#notes.get(call) ?? EMPTY;
    const { memo, disposition } = { ...was, ...change };
    this.#keeper.edit(call, { memo, disposition }, Object.keys(change) as (keyof Note)[], was);
  }

  flush(call: string): void {
    this.#keeper.flush(call);
  }

  /** Gives up a note that the server refused. */
  discard(call: string): void {
    this.#keeper.discard(call);
    this.#theirs.delete(call);
    this.#notes.delete(call);
  }

  setOnline(online: boolean): void {
    this.#keeper.setOnline(online);
  }

  storageChanged = (e: StorageEvent): void => {
    this.#keeper.changedElsewhere(e.key, e.newValue, e.oldValue);
  };

  close(): void {
    this.#keeper.close();
  }
}
