import { describe, expect, it } from "vitest";
import type { Missed } from "../wire/messages";
import { MissedView, OpenMissed } from "./missed";
import { AT } from "./testing";

const missed = (id: string, x: Partial<Missed> = {}): Missed => ({
  id,
  queue: "1",
  caller: "01012345678",
  first: AT,
  last: AT,
  tries: 1,
  calls: [id],
  wait_ms: 1000,
  last_wait_ms: 1000,
  last_outcome: "abandoned",
  state: "open",
  callbacks: 0,
  ...x,
});

describe("MissedView", () => {
  it("lists the latest try first, over pages and changes", () => {
    const v = new MissedView();
    v.add([missed("b", { last: "2026-03-02T09:02:00+09:00" }), missed("a", { last: "2026-03-02T09:01:00+09:00" })]);
    v.change(missed("a", { last: "2026-03-02T00:03:00Z", tries: 2 }));
    expect(v.list().map((m) => [m.id, m.tries])).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
  });
  it("drops what is resolved, and what is of another queue", () => {
    const v = new MissedView();
    v.reset("open", "1");
    v.add([missed("a")]);
    v.change(missed("x", { queue: "2" }));
    v.change(missed("a", { state: "resolved" }));
    expect(v.list()).toEqual([]);
  });
  it("takes no page for newer than what was told while it was on its way", () => {
    const v = new MissedView();
    v.reset("open", "");
    v.change(missed("a", { state: "resolved" }));
    v.change(missed("b", { tries: 2 }));
    v.add([missed("a"), missed("b"), missed("c")]);
    expect(v.list().map((m) => [m.id, m.tries])).toEqual([
      ["b", 2],
      ["c", 1],
    ]);
  });
  it("gains what is resolved when those are shown", () => {
    const v = new MissedView();
    v.reset("resolved", "");
    v.change(missed("a", { state: "resolved", queue: "2" }));
    expect(v.list()).toHaveLength(1);
  });
});

it("counts what is open as it was told while the count was on its way", () => {
  const open = new OpenMissed();
  open.ask();
  open.change(missed("a", { state: "resolved" }));
  open.change(missed("b"));
  open.counted([missed("a"), missed("c")], false);
  expect(open.size).toBe(2);
  open.ask();
  open.counted([missed("c")], true);
  expect([open.size, open.more]).toEqual([1, true]);
});
