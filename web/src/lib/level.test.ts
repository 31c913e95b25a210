import { describe, expect, it } from "vitest";
import type { Figures } from "../wire/messages";
import { bars, grade, levelLine, percent } from "./level";

const figures = (x: Partial<Figures>): Figures => ({
  offered: 0,
  answered: 0,
  missed: 0,
  abandoned: 0,
  short: 0,
  called_back: 0,
  overflowed: 0,
  in_time: 0,
  service_level: null,
  wait_avg_ms: 0,
  wait_max_ms: 0,
  talk_ms: 0,
  talk_avg_ms: 0,
  ...x,
});

describe("service level", () => {
  it.each([
    [1, "good", 100],
    [0.8, "good", 80],
    [0.7999, "fair", 79],
    [0.6, "fair", 60],
    [0.29, "poor", 29],
    [0, "poor", 0],
  ] as const)("%s is %s, %s %%", (level, want, shown) => {
    expect(grade(level)).toBe(want);
    expect(percent(level)).toBe(shown);
  });
});

describe("the line of the level", () => {
  const at = (...levels: (number | null)[]) => levels.map((level, i) => ({ x: 10 * i + 5, level }));
  it.each([
    ["joins neighbours", at(1, 0.5), "M5 0L15 20"],
    ["breaks where nothing counted, and is a dash where it is alone", at(1, null, 0), "M2 0h6M22 40h6"],
    ["is nothing without calls", at(null), ""],
    ["breaks between bars that are apart", [at(1)[0]!, at(0, 0, 0)[2]!], "M2 0h6M22 40h6"],
  ])("%s", (_, points, want) => expect(levelLine(points, 10, 40)).toBe(want));
});

describe("the line of the level", () => {
  const at = (...levels: (number | null)[]) => levels.map((level, i) => ({ x: 10 * i + 5, level }));
  it.each([
    ["joins neighbours", at(1, 0.5), "M5 0L15 20"],
    ["breaks where nothing counted, and is a dash where it is alone", at(1, null, 0), "M2 0h6M22 40h6"],
    ["is nothing without calls", at(null), ""],
    ["breaks between bars that are apart", [at(1)[0]!, at(0, 0, 0)[2]!], "M2 0h6M22 40h6"],
  ])("%s", (_, points, want) => expect(levelLine(points, 10, 40)).toBe(want));
});

describe("bars", () => {
  it("fill the height in the busiest hour", () => {
    const list = bars([
      { hour: 9, figures: figures({ offered: 10, answered: 8, in_time: 5, missed: 2, service_level: 0.5 }) },
      { hour: 11, figures: figures({ offered: 5, missed: 5, short: 5 }) },
    ]);
    expect(list).toEqual([
      { hour: 9, inTime: 0.5, late: 0.3, missed: 0.2, level: 0.5 },
      { hour: 11, inTime: 0, late: 0, missed: 0.5, level: null },
    ]);
  });
  it("stay low while there is little", () => {
    expect(bars([{ hour: 9, figures: figures({ offered: 1, missed: 1 }) }])[0]?.missed).toBe(0.25);
  });
});
