import { expect, it } from "vitest";
import { answersItself } from "./autoanswer";

it.each([
  [["<sip:calld>;answer-after=0"], ["info=alert-autoanswer"], true],
  [["<sip:calld>; Answer-After = 0 ;x=1"], [], true],
  [["<http://a>;purpose=icon", "<sip:b>;answer-after=0"], [], true],
  [[], ["<http://127.0.0.1>;info=alert-autoanswer"], true],
  [["<sip:calld>;answer-after=05"], [], false],
  [["<sip:calld>;answer-after=10"], [], false],
  [["<sip:answer-after=0@calld>"], ["<http://127.0.0.1/alert-autoanswer>"], false],
  [[], ["info=alert-autoanswers"], false],
  [[], [], false],
])("Call-Info %j and Alert-Info %j: %s", (callInfo, alertInfo, want) =>
  expect(answersItself(callInfo, alertInfo)).toBe(want),
);
