import { describe, expect, it } from "vitest";
import { duration, secondsSince, secondsUntil, ServerClock } from "./clock";

describe("ServerClock", () => {
  it("takes the frame that travelled fastest", () => {
    const c = new ServerClock();
    c.sample(10_000, 4_000); // 6 s ahead, travelled for no time
    c.sample(11_000, 5_400); // 400 ms late
    expect(c.now(6_000)).toBe(12_000);
  });
  it("follows a clock that was set, after a reset", () => {
    const c = new ServerClock();
    c.sample(10_000, 4_000);
    c.reset();
    c.sample(10_000, 9_900);
    expect(c.now(10_000)).toBe(10_100);
  });
  it("keeps its offset between a reset and the next frame", () => {
    const c = new ServerClock();
    c.sample(10_000, 4_000);
    c.reset();
    expect(c.now(4_000)).toBe(10_000);
  });
  it("forgets old samples by itself", () => {
    const c = new ServerClock();
    c.sample(1_000_000, 0);
    for (let i = 0; i < 64; i++) c.sample(i, i);
    expect(c.now(5)).toBe(5);
  });
  it("ignores what is no time", () => {
    const c = new ServerClock();
    c.sample(Number.NaN, 1);
    expect(c.now(7)).toBe(7);
  });
});

describe("seconds", () => {
  const at = "2026-01-01T00:00:00.900Z";
  const t = Date.parse(at);
  it("step with the whole second, never two at once", () => {
    const shown = Array.from({ length: 5 }, (_, i) => secondsSince(at, Math.floor(t / 1000) * 1000 + i * 1000));
    expect(shown).toEqual([0, 1, 2, 3, 4]);
  });
  it("are never negative", () => {
    expect(secondsSince(at, t - 60_000)).toBe(0);
    expect(secondsUntil(at, t + 60_000)).toBe(0);
  });
  it("count down to the end", () => {
    const shown = Array.from({ length: 4 }, (_, i) => secondsUntil(at, t - 2000 + i * 1000));
    expect(shown).toEqual([2, 1, 0, 0]);
  });
});

it.each([
  [0, "0:00"],
  [7, "0:07"],
  [754, "12:34"],
  [3599, "59:59"],
  [3723, "1:02:03"],
  [-5, "0:00"],
])("duration(%d) is %s", (s, want) => expect(duration(s)).toBe(want));
