import { expect, it } from "vitest";
import { ko } from "../words/ko";
import { dialable } from "./number";
import { endText, outcomeText } from "./outcome";

it.each([
  ["in", "failed", "asterisk_restarted", ko.outcome.failed],
  ["in", "abandoned", "16 caller", ko.outcome.abandoned],
  ["out", "answered", "16 agent", ko.outcome.answered],
  ["out", "abandoned", "agent", ko.outcome.abandoned],
  ["out", "failed", "17 busy", ko.dial.cause.busy],
  ["out", "failed", "agent_no_answer", ko.dial.cause.agent_no_answer],
  ["out", "failed", "toString", ko.dial.notReached],
  ["out", "failed", undefined, ko.dial.notReached],
] as const)("says how a call (%s, %s, %s) ended", (direction, outcome, cause, want) => {
  expect(outcomeText(ko, { direction, outcome, cause })).toBe(want);
});

it.each([
  ["16 caller", "고객이 끊음 (16)"],
  ["agent", "상담원이 끊음"],
  ["17 busy", "통화중 (17)"],
  ["asterisk_stopped", "Asterisk가 멈춤"],
  ["34 something", "something (34)"],
  ["toString", "toString"],
])("says why a call ended: %s", (cause, want) => {
  expect(endText(ko, cause)).toBe(want);
});

it.each([
  ["010-1234-5678", true],
  ["+82 (2) 1588.1234", true],
  ["*21#", true],
  ["1", false],
  ["", false],
  ["sales", false],
  ["82+2", false],
])("knows whether %s can be called", (number, want) => {
  expect(dialable(number)).toBe(want);
});
