import { expect, it } from "vitest";
import { call, ring } from "./testing";
import { timeline } from "./timeline";

const t = (s: number) => new Date(Date.UTC(2026, 2, 2, 0, 0, s)).toISOString();

it("tells what happened in order", () => {
  const steps = timeline(
    call("a", {
      begin: t(0),
      start: t(9),
      end: t(60),
      agent: "홍",
      outcome: "answered",
      rings: [
        ring("이", { at: t(1), rang: t(2), end: t(5), result: "no_answer" }),
        ring("홍", { at: t(5), end: t(9), result: "answered" }),
      ],
      transfers: [{ at: t(30), to: "심", kind: "blind", result: "busy" }],
    }),
  );
  expect(steps.map((s) => s.what)).toEqual(["came", "rang", "rang", "answered", "transferred", "ended"]);
  expect(steps[1]).toMatchObject({ agent: "이", seconds: 3 });
});

it("a live call has no end, and one that we made did not come in", () => {
  expect(timeline(call("a", { direction: "out", rings: null })).map((s) => s.what)).toEqual(["called"]);
});
