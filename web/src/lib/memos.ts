import { RefusedError } from "./connection";

/** What an agent writes about a call. */
export interface Note {
  memo: string;
  disposition: string;
}

/** A note that the server has not confirmed yet, as kept in the browser. */
interface Draft extends Note {
  /** What was written: the rest may be another agent's, and newer on the server. */
  changed: (keyof Note)[];
  /** What was there when the writing began, so that nothing of another agent's is written over unseen. */
  was: Partial<Note>;
  /** Made anew with each change, so that a late answer can't settle a later text. */
  edit: string;
}

export type Saving = "saved" | "unsaved" | "saving" | "refused" | "stale";

export interface NoteState extends Note {
  saving: Saving;
}

export interface MemoKeeperOptions {
  agent: string;
  /** Survives a reload; the same for all tabs. */
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;
  /** Resolves when what was written of a note is on the server's disk. Refuses as stale when somebody else has written otherwise than was. */
  send: (call: string, note: Partial<Note>, was: Partial<Note>) => Promise<void>;
  /** Told of every change of a call's note, here or in another tab. */
  onChange: (call: string, state: NoteState) => void;
  id?: () => string;
}

/** How long to wait for the end of typing before the note is sent, in ms. */
const TYPING = 700;
/** How long to wait after the server could not write, in ms. */
const AGAIN = 5_000;
/** How long another tab may take to send what it stored. */
const ELSEWHERE = 15_000;
/** The server's own limits, in characters. */
export const MAX_MEMO = 10_000;
export const MAX_DISPOSITION = 100;

const BOTH: (keyof Note)[] = ["memo", "disposition"];

/** Refusals of a note that trying again does not mend. */
const FOR_GOOD: ReadonlySet<string> = new Set(["unknown_call", "forbidden", "malformed", "unknown_disposition"]);

/**
 * Keeps notes until the server has them. Each change is stored in the browser
 * at once and sent a moment later; it is removed there when the server
 * confirms that it is on disk. So neither a reload, nor a broken connection,
 * nor the next call loses a word, and notes of several calls may be open at
 * once.
 */
export class MemoKeeper {
  readonly #o: MemoKeeperOptions;
  readonly #prefix: string;
  #online = false;
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #sending = new Set<string>();

  constructor(o: MemoKeeperOptions) {
    this.#o = o;
    this.#prefix = `calld.memo.${o.agent}.`;
  }

  /** The note of a call that is not on the server yet. */
  draft(call: string): Note | null {
    return this.#read(call);
  }

  /** The calls whose notes are not on the server yet. */
  unsaved(): string[] {
    const calls: string[] = [];
    for (let i = 0; i < this.#o.storage.length; i++) {
      const key = this.#o.storage.key(i);
      if (key?.startsWith(this.#prefix)) calls.push(key.slice(this.#prefix.length));
    }
    return calls.sort();
  }

  /** Takes a note, of which only what is named was written here, and what it was before. */
  edit(call: string, note: Note, changed: (keyof Note)[] = BOTH, was: Partial<Note> = {}): void {
    const before = this.#read(call);
    const all = BOTH.filter((f) => before?.changed.includes(f) || changed.includes(f));
    this.#store(call, { ...note, changed: all, was: { ...only(changed, was), ...before?.was } });
    this.#later(call, TYPING);
  }

  /** Writes a note although somebody else has written meanwhile: that was seen. */
  insist(call: string, note: Note, seen: Note): void {
    const changed = this.#read(call)?.changed ?? BOTH;
    this.#store(call, { ...note, changed, was: only(changed, seen) });
    this.#later(call, 0);
  }

  #store(call: string, d: Omit<Draft, "edit">): void {
    const draft: Draft = {
      memo: d.memo,
      disposition: d.disposition,
      changed: d.changed,
      was: d.was,
      edit: (this.#o.id ?? randomId)(),
    };
    this.#o.storage.setItem(this.#prefix + call, JSON.stringify(draft));
    this.#tell(call, draft, "unsaved");
  }

  /** Sends without waiting for the end of typing. */
  flush(call: string): void {
    if (this.#read(call)) this.#later(call, 0);
  }

  /** Gives up a note that the server refused. */
  discard(call: string): void {
    this.#stopTimer(call);
    this.#o.storage.removeItem(this.#prefix + call);
  }

  /** Tells whether the server can be reached. When it can again, what waits is sent. */
  setOnline(online: boolean): void {
    if (online === this.#online) return;
    this.#online = online;
    if (!online) return;
    for (const call of this.unsaved()) this.#later(call, 0);
  }

  /** Takes what another tab stored or settled (a storage event). That tab sends it, unless it is closed too soon. */
  changedElsewhere(key: string | null, value: string | null, old: string | null): void {
    if (!key?.startsWith(this.#prefix)) return;
    const call = key.slice(this.#prefix.length);
    this.#stopTimer(call);
    const draft = parse(value);
    const before = parse(old);
    if (draft) {
      this.#tell(call, draft, "unsaved");
      this.#later(call, ELSEWHERE);
    } else if (before) {
      this.#tell(call, before, "saved");
    }
  }

  close(): void {
    for (const call of [...this.#timers.keys()]) this.#stopTimer(call);
  }

  #later(call: string, wait: number): void {
    this.#stopTimer(call);
    this.#timers.set(
      call,
      setTimeout(() => {
        this.#timers.delete(call);
        void this.#send(call);
      }, wait),
    );
  }

  async #send(call: string): Promise<void> {
    const draft = this.#read(call);
    // One at a time for each call, so that an older text can't overtake.
    if (!draft || !this.#online || this.#sending.has(call)) return;
    this.#sending.add(call);
    this.#tell(call, draft, "saving");
    let refused: string | null = null;
    const written = only(draft.changed, draft);
    try {
      await this.#o.send(call, written, draft.was);
    } catch (e) {
      refused = e instanceof RefusedError ? e.code : "failed";
    }
    this.#sending.delete(call);
    const now = this.#read(call);
    if (now && now.edit !== draft.edit) {
      if (refused === null)
        this.#o.storage.setItem(this.#prefix + call, JSON.stringify({ ...now, was: { ...now.was, ...written } }));
      if (!this.#timers.has(call)) this.#later(call, 0); // written on meanwhile
      return;
    }
    if (refused === null) {
      this.#o.storage.removeItem(this.#prefix + call);
      this.#tell(call, draft, "saved");
      return;
    }
    if (refused === "stale") {
      this.#tell(call, draft, "stale"); // whoever writes decides
      return;
    }
    const forGood = FOR_GOOD.has(refused);
    this.#tell(call, draft, forGood ? "refused" : "unsaved");
    if (!forGood && refused !== "lost") this.#later(call, AGAIN);
  }

  #tell(call: string, note: Note, saving: Saving): void {
    this.#o.onChange(call, { memo: note.memo, disposition: note.disposition, saving });
  }

  #read(call: string): Draft | null {
    return parse(this.#o.storage.getItem(this.#prefix + call));
  }

  #stopTimer(call: string): void {
    clearTimeout(this.#timers.get(call));
    this.#timers.delete(call);
  }
}

function parse(text: string | null): Draft | null {
  if (text === null) return null;
  try {
    const d = JSON.parse(text) as Partial<Draft> | null;
    if (typeof d?.memo === "string" && typeof d.disposition === "string" && typeof d.edit === "string") {
      // An earlier page did not keep what was written.
      const changed = Array.isArray(d.changed) ? BOTH.filter((f) => d.changed?.includes(f)) : BOTH;
      return { memo: d.memo, disposition: d.disposition, changed, was: d.was ?? {}, edit: d.edit };
    }
  } catch {
    // Not ours, or cut short: there is nothing to be saved in it.
  }
  return null;
}

/** What is named of a note. */
function only(fields: (keyof Note)[], note: Partial<Note>): Partial<Note> {
  return Object.fromEntries(fields.filter((f) => note[f] !== undefined).map((f) => [f, note[f]]));
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint32Array(2));
  return `${bytes[0]}-${bytes[1]}`;
}
