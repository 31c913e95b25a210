import { describe, expect, it } from "vitest";
import { isMade } from "./board";
import { actsIn, overLimit, withLive } from "./dialling";
import { hourBars, kindBars, percentOf } from "./figures";
import { type Campaign, contentType, type Plan, type Result, resultsPath } from "./outbound";
import { belongs, planForm, planOf, seconds } from "./plan";
import { lasted, resultKind } from "./results";
import { campaignForm, campaignOf, instant, zonedInput } from "./schedule";
import { call } from "./testing";

const plan: Plan = {
  ...{ id: "7", name: "저녁", mode: "predictive", method: "risk", hang_up_late: true, max_abandon_rate: 0.025 },
  ...{ ring_timeout: "30s", amd: "humans_only", max_tries: 3, max_tries_24h: 2, list_end: "keep_running" },
  retry: { busy: "900s", machine: "86400s" },
  hours: [{ days: ["mon"], from: "09:00", to: "20:00" }],
  ...{ script: "{name}", revision: 4, changed: "" },
};

describe("a plan's form", () => {
  it("gives back the plan", () => {
    const { changed: _, ...body } = plan;
    expect(planOf(planForm(plan), plan)).toEqual(body);
  });
  it("sends nothing that belongs to another mode", () => {
    const form = { ...planForm(plan), powerRatio: 3, messageText: "x", abandonSound: "sorry" };
    const fields = (mode: Plan["mode"]) => Object.keys(planOf({ ...form, mode }));
    expect(fields("power")).toContain("power_ratio");
    expect(fields("message")).toContain("message_text");
    for (const field of ["method", "hang_up_late", "amd", "max_abandon_rate", "abandon_sound", "message_text"])
      expect(fields("preview")).not.toContain(field);
    expect(planOf({ ...form, mode: "preview" }).retry).toEqual({ busy: "900s" });
  });
  it("leaves what is empty to the server's defaults", () => {
    expect(planOf({ ...planForm(), name: " a ", mode: "progressive", ring: null, maxTries: null })).toMatchObject({
      ...{ name: "a", ring_timeout: "0s", max_tries: 0, max_abandon_rate: 0.03 },
    });
  });
  it("has late rings given up by one method alone", () => {
    expect(belongs({ mode: "predictive", method: "lite", amd: "off" }, "hang_up_late")).toBe(false);
  });
});

it.each([
  ["25s", 25],
  ["1h30m0s", 5400],
  ["1.5s", 1.5],
  ["250ms", 0.25],
  ["", 0],
])("%j lasts %d s", (text, want) => expect(seconds(text)).toBe(want));

it("a campaign's form gives back the campaign", () => {
  const schedule = { from: "2026-03-02T00:00:00.000Z", hours: plan.hours! };
  const c = { id: "1", revision: 2, name: "봄", plan: "7", dial_list: "3", queue: "q", schedule, next_campaign: "9" };
  expect(campaignOf("Asia/Seoul", campaignForm("Asia/Seoul", c as Campaign), c)).toEqual(c);
  expect(campaignOf("UTC", { ...campaignForm("UTC", c as Campaign), scheduled: false, next: "" })).toEqual({
    ...{ name: "봄", plan: "7", dial_list: "3", queue: "q" },
  });
});

it.each([
  ["2026-03-02T00:00:00.000Z", "Asia/Seoul", "2026-03-02T09:00"],
  ["2026-03-02T00:00:00.000Z", "America/New_York", "2026-03-01T19:00"],
  ["2026-03-29T00:30:00.000Z", "Europe/Berlin", "2026-03-29T01:30"], // half an hour before clocks are put forward
  ["2026-03-29T01:30:00.000Z", "Europe/Berlin", "2026-03-29T03:30"],
  ["2026-10-25T02:30:00.000Z", "Europe/Berlin", "2026-10-25T03:30"],
])("%s is in %s %s", (at, zone, input) => {
  expect(zonedInput(at, zone)).toBe(input);
  expect(instant(input, zone)).toBe(at);
});

describe("figures", () => {
  it("by kind, the most frequent first", () => {
    expect(kindBars({ busy: 1, answered: 3, failed: 0 })).toEqual([
      { kind: "answered", count: 3, share: 0.75, length: 1 },
      { kind: "busy", count: 1, share: 0.25, length: 1 / 3 },
    ]);
    expect(kindBars({})).toEqual([]);
  });
  it("by hour, the busiest of the full height", () => {
    const counts = { tries: 8, served: 4, abandoned: 2, answered: 6, abandon_rate: 0, talk_ms: 0, kinds: {} };
    expect(hourBars([{ hour: 9, counts }])).toEqual([{ hour: 9, served: 0.5, lost: 0.25, rest: 0.25 }]);
  });
  it("in percent with tenths", () => expect(percentOf(0.0237)).toBe("2.4"));
});

describe("a result in a word", () => {
  it.each([
    [{ dial_result: "busy" }, "busy"],
    [{ dial_result: "" }, null],
    [{ dial_result: "failed", why: "skipped" }, "skipped"],
    [{ dial_result: "failed", why: "force_stop" }, "given_up"],
    [{ dial_result: "answered", why: "force_stop", answered: "x", agent_result: "answered" }, "answered"],
    [{ dial_result: "answered", amd: "MACHINE" }, "machine"],
    [{ dial_result: "answered", agent_result: "no_answer" }, "abandoned"],
    [{ dial_result: "answered", agent_result: "customer_left" }, "customer_left"],
    [{ dial_result: "answered" }, "answered"],
  ])("%j", (r, want) => expect(resultKind(r as unknown as Result)).toBe(want));
  it("lasted from its beginning to its end", () => {
    expect(lasted("2026-03-02T00:00:00Z", "2026-03-02T00:01:00Z", String)).toBe("60");
    expect(lasted(undefined, "2026-03-02T00:01:00Z", String)).toBe("");
  });
});

describe("a campaign", () => {
  it("can be stopped by force while anything of it lives", () => {
    for (const state of ["running", "pausing", "stopping"] as const) expect(actsIn(state)).toContain("force-stop");
    expect(actsIn("stopped")).toEqual(["start"]);
    expect(actsIn("paused")).toEqual(["start", "stop"]);
  });
  it("has the later of the states told", () => {
    const c = { state: "running", since: "2026-03-02T00:00:10Z" } as Campaign;
    const told = (since: string) => withLive(c, { state: "paused", since } as never).state;
    expect(told("2026-03-02T00:00:09Z")).toBe("running");
    expect(told("2026-03-02T00:00:11Z")).toBe("paused");
    expect(withLive(c, undefined)).toBe(c);
  });
  it("is over its limit only where there is one", () => {
    expect([overLimit(0.031, 0.03), overLimit(0.03, 0.03), overLimit(1, 0), overLimit(1, undefined)]).toEqual([
      ...[true, false, false, false],
    ]);
  });
  it("brings customers like callers", () => {
    expect(isMade(call("a", { direction: "out", unique_id: "calld-try-1" }))).toBe(false);
    expect(isMade(call("a", { direction: "out", unique_id: "calld-out-1" }))).toBe(true);
  });
});

it("a file is sent as what its name says", () => {
  expect(["a.JSON", "a.csv", "a"].map(contentType)).toEqual(["application/json", "text/csv", "text/csv"]);
  expect(resultsPath("1", { result: "busy", agent: "" })).toBe("api/v1/campaigns/1/results/export?result=busy");
});
