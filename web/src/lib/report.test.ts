import { describe, expect, it } from "vitest";
import { type QueueReport, reportDays, reportPath, slots, slotText } from "./report";

describe("the days of a period", () => {
  const now = new Date(2026, 2, 2, 10).getTime(); // 2 March
  it.each([
    ["today", "2026-03-02", "2026-03-03"],
    ["yesterday", "2026-03-01", "2026-03-02"],
    ["week", "2026-02-24", "2026-03-03"],
    ["month", "2026-02-01", "2026-03-03"],
    ["thisMonth", "2026-03-01", "2026-03-03"],
    ["lastMonth", "2026-02-01", "2026-03-01"],
  ] as const)("%s", (period, from, to) => expect(reportDays(period, now)).toEqual({ from, to }));
  it("as given, both included", () =>
    expect(reportDays("custom", now, "2026-02-27", "2026-02-28")).toEqual({ from: "2026-02-27", to: "2026-03-01" }));
  it("not given yet", () => expect(reportDays("custom", now)).toEqual({ from: "2026-03-02", to: "2026-03-03" }));
});

it("adds up the queues of each interval", () => {
  const row = (start: string, x: object) => ({
    start,
    in_time: 1,
    answered: 3,
    missed: 2,
    overflowed: 0,
    short: 1,
    ...x,
  });
  const report = {
    starts: ["a", "b"],
    rows: [row("a", { queue: "1" }), row("a", { queue: "2", in_time: 3, overflowed: 2 })],
  } as unknown as QueueReport;
  expect(slots(report)).toEqual([
    { start: "a", inTime: 4, late: 2, missed: 4, level: 0.4 },
    { start: "b", inTime: 0, late: 0, missed: 0, level: null },
  ]);
});

it("asks for queues and agents by name, Hangul too", () => {
  const query = { from: "2026-03-01", to: "2026-03-02", interval: "day", queues: ["상담"], agents: ["a&b"] } as const;
  const asked = (kind: "queues" | "agents", csv?: boolean) =>
    reportPath(kind, { ...query, queues: [...query.queues], agents: [...query.agents] }, csv);
  expect(asked("queues")).toBe("reports/queues?from=2026-03-01&to=2026-03-02&interval=day&queue=%EC%83%81%EB%8B%B4");
  expect(asked("agents", true)).toMatch(/^reports\/agents\?.*&agent=a%26b&format=csv$/);
});

it("writes intervals in the server's time zone", () => {
  expect(slotText("2026-03-01T15:00:00Z", "hour", "Asia/Seoul", "ko")).toMatch(/^3\. 2\.? 00:00$/);
  expect(slotText("2026-03-01T15:00:00Z", "day", "Asia/Seoul", "en")).toMatch(/3\/2/);
});
