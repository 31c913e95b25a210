import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RefusedError } from "./connection";
import { MemoKeeper, type Note, type Saving } from "./memos";

/** A Storage that several keepers (tabs, reloads) may share. */
class FakeStorage {
  #map = new Map<string, string>();
  get length() {
    return this.#map.size;
  }
  key = (i: number) => [...this.#map.keys()][i] ?? null;
  getItem = (k: string) => this.#map.get(k) ?? null;
  setItem = (k: string, v: string) => void this.#map.set(k, v);
  removeItem = (k: string) => void this.#map.delete(k);
}

type Sent = { call: string; note: Partial<Note>; was: Partial<Note>; done: () => void; refuse: (code: string) => void };

let storage: FakeStorage;
let sent: Sent[];
let told: [string, string, Saving][];

function keeper(agent = "me") {
  return new MemoKeeper({
    agent,
    storage,
    send: (call, note, was) =>
      new Promise((resolve, reject) => {
        sent.push({ call, note, was, done: resolve, refuse: (code) => reject(new RefusedError(code)) });
      }),
    onChange: (call, s) => told.push([call, s.memo, s.saving]),
  });
}

const note = (memo: string, disposition = ""): Note => ({ memo, disposition });
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  storage = new FakeStorage();
  [sent, told] = [[], []];
});
afterEach(() => vi.useRealTimers());

describe("MemoKeeper", () => {
  it("sends what was written alone: another agent may have written the rest", async () => {
    const k = keeper();
    k.edit("a", note("old", "sold"), ["disposition"]);
    k.edit("b", note("old", "sold"), ["disposition"]);
    k.edit("b", note("new", "sold"), ["memo"]);
    const reloaded = keeper();
    reloaded.setOnline(true);
    await settle();
    expect(sent.map((s) => s.note)).toEqual([{ disposition: "sold" }, { memo: "new", disposition: "sold" }]);
  });

  it("tells what was there when the writing began, and then what it wrote itself", async () => {
    const k = keeper();
    k.setOnline(true);
    k.edit("a", note("one"), ["memo"], note("", "sold"));
    k.edit("a", note("one two"), ["memo"], note("one", "sold"));
    await vi.advanceTimersByTimeAsync(700);
    k.edit("a", note("one two three"), ["memo"], note("one two", "sold"));
    sent[0]!.done();
    await vi.advanceTimersByTimeAsync(700);
    expect(sent.map((s) => s.was)).toEqual([{ memo: "" }, { memo: "one two" }]);
  });

  it("leaves it to the writer when somebody else has written meanwhile, and loses no word", async () => {
    const k = keeper();
    k.setOnline(true);
    k.edit("a", note("mine"), ["memo"], note(""));
    await vi.advanceTimersByTimeAsync(700);
    sent[0]!.refuse("stale");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(1);
    expect(told.at(-1)).toEqual(["a", "mine", "stale"]);
    expect(k.draft("a")).toMatchObject(note("mine"));
    k.edit("a", note("mine!"), ["memo"], note("mine")); // writing on decides nothing
    await vi.advanceTimersByTimeAsync(700);
    sent[1]!.refuse("stale");
    await settle();
    k.insist("a", note("theirs\nmine!"), note("theirs", "sold"));
    await settle();
    expect(sent.slice(1).map(({ note, was }) => ({ note, was }))).toEqual([
      { note: { memo: "mine!" }, was: { memo: "" } },
      { note: { memo: "theirs\nmine!" }, was: { memo: "theirs" } },
    ]);
    sent[2]!.done();
    await settle();
    expect(k.unsaved()).toEqual([]);
  });

  it("stores at once, sends after the typing, forgets when the server has it", async () => {
    const k = keeper();
    k.setOnline(true);
    k.edit("a", note("안"));
    k.edit("a", note("안녕"));
    expect(k.unsaved()).toEqual(["a"]);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(700);
    expect(sent.map((s) => s.note.memo)).toEqual(["안녕"]);
    sent[0]!.done();
    await settle();
    expect(k.unsaved()).toEqual([]);
    expect(told.map((t) => t[2])).toEqual(["unsaved", "unsaved", "saving", "saved"]);
  });

  it("survives a reload", async () => {
    keeper().edit("a", note("kept", "sold"));
    const after = keeper();
    expect(after.draft("a")).toMatchObject(note("kept", "sold"));
    after.setOnline(true);
    await settle();
    expect(sent.map((s) => s.note)).toEqual([note("kept", "sold")]);
  });

  it("sends what waited when the connection is back", async () => {
    const k = keeper();
    k.edit("a", note("1"));
    k.edit("b", note("2"));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toEqual([]);
    k.setOnline(true);
    await settle();
    expect(sent.map((s) => s.call)).toEqual(["a", "b"]);
  });

  it("keeps what was on its way when the connection broke", async () => {
    const k = keeper();
    k.setOnline(true);
    k.edit("a", note("1"));
    await vi.advanceTimersByTimeAsync(700);
    k.setOnline(false);
    sent[0]!.refuse("lost");
    await settle();
    expect(k.unsaved()).toEqual(["a"]);
    k.setOnline(true);
    await settle();
    expect(sent).toHaveLength(2);
  });

  it("does not take the answer to an older text for one to the newer", async () => {
    const k = keeper();
    k.setOnline(true);
    k.edit("a", note("old"));
    await vi.advanceTimersByTimeAsync(700);
    k.edit("a", note("new"));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent).toHaveLength(1); // one at a time
    sent[0]!.done();
    await settle();
    expect(k.unsaved()).toEqual(["a"]);
    await settle();
    expect(sent[1]!.note.memo).toBe("new");
    sent[1]!.done();
    await settle();
    expect(k.unsaved()).toEqual([]);
  });

  it("tries again when the server could not write, and not when it refuses", async () => {
    const k = keeper();
    k.setOnline(true);
    k.edit("a", note("1"));
    await vi.advanceTimersByTimeAsync(700);
    sent[0]!.refuse("failed");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent).toHaveLength(2);
    sent[1]!.refuse("forbidden");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(2);
    expect(told.at(-1)).toEqual(["a", "1", "refused"]);
    expect(k.unsaved()).toEqual(["a"]);
    k.discard("a");
    expect(k.unsaved()).toEqual([]);
  });

  it("shows what another tab writes, and leaves it to that tab", async () => {
    const [one, two] = [keeper(), keeper()];
    one.setOnline(true);
    two.setOnline(true);
    one.edit("a", note("from one"));
    const stored = storage.getItem("calld.memo.me.a");
    two.changedElsewhere("calld.memo.me.a", stored, null);
    expect(told.at(-1)).toEqual(["a", "from one", "unsaved"]);
    await vi.advanceTimersByTimeAsync(700);
    expect(sent).toHaveLength(1);
    sent[0]!.done();
    await settle();
    two.changedElsewhere("calld.memo.me.a", null, stored);
    expect(told.at(-1)).toEqual(["a", "from one", "saved"]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(1);
  });

  it("sends what another tab stored when that tab is gone", async () => {
    const [one, two] = [keeper(), keeper()];
    two.setOnline(true);
    one.edit("a", note("left behind"));
    one.close();
    two.changedElsewhere("calld.memo.me.a", storage.getItem("calld.memo.me.a"), null);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(sent.map((s) => s.note.memo)).toEqual(["left behind"]);
  });

  it("keeps each agent's notes apart, and ignores what is no note", () => {
    keeper("you").edit("a", note("yours"));
    storage.setItem("calld.memo.me.b", "{");
    storage.setItem("calld.memo.me.c", "null");
    const k = keeper();
    expect(k.draft("a")).toBeNull();
    expect(k.draft("b")).toBeNull();
    expect(k.draft("c")).toBeNull();
  });

  it("loses no last text, whatever happens", async () => {
    for (let seed = 1; seed <= 300; seed++) {
      storage = new FakeStorage();
      [sent, told] = [[], []];
      let x = seed * 7919;
      const dice = (n: number) => (x = (x * 1103515245 + 12345) & 0x7fffffff) % n;
      const server = new Map<string, string>();
      const last = new Map<string, string>();
      let k = keeper();
      let open: Sent[] = [];
      for (let step = 0; step < 60; step++) {
        open.push(...sent.splice(0));
        switch (dice(6)) {
          case 0:
          case 1: {
            const c = "abc"[dice(3)]!;
            k.edit(c, note(`${seed}.${step}`));
            last.set(c, `${seed}.${step}`);
            break;
          }
          case 2: {
            const s = open.shift();
            if (s) server.set(s.call, s.note.memo!);
            s?.done();
            break;
          }
          case 3:
            k.setOnline(false);
            for (const s of open) s.refuse("lost");
            open = [];
            break;
          case 4:
            k.setOnline(true);
            break;
          default: // a reload: what is on its way is lost
            k.close();
            open = [];
            k = keeper();
        }
        await vi.advanceTimersByTimeAsync(dice(1000));
      }
      open.push(...sent.splice(0));
      for (const s of open) s.refuse("lost");
      k.setOnline(false);
      k.setOnline(true);
      for (let i = 0; i < 20; i++) {
        await vi.advanceTimersByTimeAsync(6000);
        for (const s of sent.splice(0)) {
          server.set(s.call, s.note.memo!);
          s.done();
        }
      }
      expect([seed, server]).toEqual([seed, last]);
      expect(k.unsaved()).toEqual([]);
      k.close();
    }
  });
});
