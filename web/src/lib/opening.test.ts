import { expect, test } from "vitest";
import { openingMoment } from "./opening";

const now = new Date(2026, 10, 20, 19, 0).getTime(); // a Friday
const at = (day: number, hour: number) => new Date(2026, 10, day, hour, 0).toISOString();

test.each([
  ["today", at(20, 22), "22:00", "22:00"],
  ["on another day", at(23, 9), "(월) 09:00", "Mon 09:00"],
  ["later than in a week", at(30, 9), "11. 30. (월) 09:00", "Mon, 11/30, 09:00"],
])("%s", (_, when, ko, en) => {
  expect([openingMoment(when, now, "ko"), openingMoment(when, now, "en")]).toEqual([ko, en]);
});
