import { untrack } from "svelte";
import { SvelteMap } from "svelte/reactivity";
import type { Api } from "../lib/api";
import { MemoKeeper, type Note, type NoteState } from "../lib/memos";
import type { Store } from "../lib/storage";

const EMPTY: NoteState = { memo: "", disposition: "", saving: "saved" };

/** The notes that the page shows, of calls at hand and in the history. */
export class Notes {
  readonly #keeper: MemoKeeper;
  readonly #api: Api;
  readonly #notes = new SvelteMap<string, NoteState>();
  /** Told when a note has reached the server. */
  onSaved: (call: string, note: Note) => void = () => undefined;

  constructor(agent: string, store: Store, api: Api, send: (call: string, note: Partial<Note>) => Promise<void>) {
    this.#api = api;
    this.#keeper = new MemoKeeper({
      agent,
      storage: store,
      send,
      onChange: (call, state) => {
        this.#notes.set(call, state);
        if (state.saving === "saved") this.onSaved(call, state);
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
    const { memo, disposition } = { ...(this.#notes.get(call) ?? EMPTY), ...change };
    this.#keeper.edit(call, { memo, disposition }, Object.keys(change) as (keyof Note)[]);
  }

  flush(call: string): void {
    this.#keeper.flush(call);
  }

  /** Gives up a note that the server refused. */
  discard(call: string): void {
    this.#keeper.discard(call);
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
