import { describe, expect, it } from "vitest";
import { search } from "./api";
import { moment, periodRange } from "./dates";
import { command, type Key } from "./keys";
import { crmLink } from "./offers";
import { formatRoute, parseRoute, screensOf } from "./route";
import { CATALOGUES, reasonText } from "../words";

describe("route", () => {
  it.each([
    ["", { screen: "now", item: null }],
    ["#/missed", { screen: "missed", item: null }],
    ["#/history/a%2Fb", { screen: "history", item: "a/b" }],
    ["#/history/%E0%A4%A", { screen: "history", item: null }],
    ["#/admin", { screen: "now", item: null }],
    ["#/nonsense", { screen: "now", item: null }],
  ] as const)("%j for an agent", (hash, want) => expect(parseRoute(hash, "agent")).toEqual(want));

  it("comes back from its text", () => {
    for (const screen of screensOf("admin")) expect(parseRoute(formatRoute(screen), "admin").screen).toBe(screen);
    const id = "통화 1/2?#";
    expect(parseRoute(formatRoute("history", id), "agent").item).toBe(id);
  });
});

describe("keys", () => {
  const key = (x: Partial<Key>): Key => ({
    key: "",
    code: "",
    altKey: false,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    ...x,
  });
  it.each([
    [{ key: "F2" }, true, { do: "available" }],
    [{ key: "F4" }, true, { do: "away" }],
    [{ key: "F8" }, false, { do: "memo" }],
    [{ key: "F4", altKey: true }, false, null],
    [{ key: "/", code: "Slash" }, false, { do: "search" }],
    [{ key: "/", code: "Slash" }, true, null],
    [{ key: "?", code: "Slash", shiftKey: true }, false, { do: "help" }],
    [{ key: "ㅁ", code: "Digit3", altKey: true }, true, { do: "screen", index: 2 }],
    [{ key: "9", code: "Digit9", altKey: true }, false, null],
    [{ key: "F2", ctrlKey: true }, false, null],
    [{ key: "F9" }, true, { do: "answer" }],
    [{ key: "F9", shiftKey: true }, true, { do: "decline" }],
    [{ key: "ㅡ", code: "KeyM", altKey: true }, true, { do: "mute" }],
    [{ key: "m", code: "KeyM" }, false, null],
  ] as const)("%j while typing %j", (k, typing, want) => expect(command(key(k), typing)).toEqual(want));
});

describe("periods", () => {
  const now = new Date(2026, 2, 1, 15, 30).getTime();
  const day = (d: number, month = 2) => new Date(2026, month, d).toISOString();
  it.each([
    ["today", { from: day(1) }],
    ["yesterday", { from: day(28, 1), to: day(1) }],
    ["week", { from: day(23, 1) }],
    ["any", {}],
  ] as const)("%s", (p, want) => expect(periodRange(p, now)).toEqual(want));
  it("custom days are both included", () => {
    expect(periodRange("custom", now, "2026-02-27", "2026-02-28")).toEqual({ from: day(27, 1), to: day(1) });
    expect(periodRange("custom", now, "", "nonsense")).toEqual({});
  });
});

it("a moment of another day has its date", () => {
  const now = new Date(2026, 2, 2, 15, 0).getTime();
  expect(moment(new Date(2026, 2, 2, 9, 5, 7).toISOString(), now, "ko")).toBe("09:05:07");
  expect(moment(new Date(2026, 2, 1, 9, 5, 7).toISOString(), now, "ko")).toBe("3. 1. 09:05");
  expect(moment(new Date(2025, 2, 1, 9, 5, 7).toISOString(), now, "en")).toContain("2025");
});

it("search leaves out what is empty", () => {
  expect(search({ a: "", b: undefined, c: "큐", d: 5 })).toBe("?c=%ED%81%90&d=5");
  expect(search({})).toBe("");
});

describe("crmLink", () => {
  const call = { id: "c1", queue: "상담", number: "0101&x", agent: "홍 길동" };
  it("fills in and escapes", () => {
    expect(crmLink("https://crm/{number}?q={queue}&c={call}&a={agent}", call)).toBe(
      "https://crm/0101%26x?q=%EC%83%81%EB%8B%B4&c=c1&a=%ED%99%8D%20%EA%B8%B8%EB%8F%99",
    );
    expect(crmLink("https://crm/{number}", { ...call, number: "{call}" })).toBe("https://crm/%7Bcall%7D");
  });
  it("is nothing without a template, a number or a web address", () => {
    expect(crmLink(undefined, call)).toBeNull();
    expect(crmLink("https://crm/{number}", { ...call, number: "" })).toBeNull();
    expect(crmLink("javascript:alert({number})", call)).toBeNull();
  });
});

describe("words", () => {
  const leaves = (o: object, path = ""): string[] =>
    Object.entries(o).flatMap(([k, v]) =>
      v !== null && typeof v === "object" ? leaves(v, `${path}${k}.`) : [path + k],
    );
  it("are the same in each language, none empty", () => {
    expect(leaves(CATALOGUES.en).sort()).toEqual(leaves(CATALOGUES.ko).sort());
    for (const words of Object.values(CATALOGUES)) expect(JSON.stringify(words)).not.toContain(':""');
  });
  it("translate known reasons, and show others as they are", () => {
    expect(reasonText(CATALOGUES.ko, "no_answer")).toBe("응답 없음");
    expect(reasonText(CATALOGUES.en, "병원")).toBe("병원");
  });
});
