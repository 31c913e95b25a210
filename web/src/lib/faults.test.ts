import { expect, it } from "vitest";
import { CATALOGUES } from "../words";
import { koFaults } from "../words/ko-faults";
import { problem } from "./api";
import { faultText, startFault } from "./faults";

const { ko, en } = CATALOGUES;

/** The fields of a refusal as they arrive. */
function refused(...errors: object[]) {
  return problem(422, { code: "invalid_request", detail: "x", errors }).fields;
}

it("tells the faults of a plan in Korean, with bounds in the units of the page", () => {
  const fields = refused(
    { location: "body.mode", code: "missing", message: "is missing; set preview" },
    { location: "body.ring_timeout", code: "range", message: "is 5s; use 15s to 2m0s", least: "15s", most: "2m0s" },
    {
      location: "body.max_abandon_rate",
      code: "range",
      message: "is 0.5; use 0.001 to 0.2",
      least: "0.001",
      most: "0.2",
    },
    { location: "body.retry.busy", code: "range", message: "is 1000h", least: "1s", most: "720h0m0s" },
    { location: "body.name", code: "too_long", message: "is longer than 100 characters", most: "100" },
  );
  const told = Object.fromEntries(Object.entries(fields).map(([field, f]) => [field, faultText(ko, field, f)]));
  expect(told).toEqual({
    mode: "비어 있습니다. 채워 넣으세요.",
    ring_timeout: "15에서 120 사이여야 합니다.",
    max_abandon_rate: "0.1에서 20 사이여야 합니다.",
    "retry.busy": "0.02에서 43200 사이여야 합니다.",
    name: "너무 깁니다. 100자까지 쓸 수 있습니다.",
  });
});

it("tells what it has no words for as the server does", () => {
  const { mode, body } = refused(
    { location: "body.mode", message: "a", code: "of tomorrow" },
    { location: "body.body", message: "b" },
  );
  expect([faultText(ko, "mode", mode!), faultText(ko, "body", body!)]).toEqual(["a", "b"]);
  expect(faultText(en, "mode", { text: "is missing; set it", code: "missing" })).toBe("is missing; set it");
});

it("tells of what a campaign can't start", () => {
  const trunk = { text: "Asterisk has no PJSIP endpoint", code: "trunk_unknown" } as const;
  expect(startFault(ko, "asterisk.trunk_dial", trunk)).toMatch(
    /^회선 \(설정의 asterisk.trunk_dial\): 교환기에 그런 회선/,
  );
  expect(startFault(en, "asterisk.trunk_dial", trunk)).toBe(
    "Trunk (asterisk.trunk_dial): Asterisk has no PJSIP endpoint",
  );
  expect(startFault(ko, "plan.mode", { text: "", code: "missing" })).toBe(
    "발신 전략 (mode): 비어 있습니다. 채워 넣으세요.",
  );
  expect(startFault(ko, "other", { text: "x" })).toBe("other: x");
});

it("has Korean for every word with a Korean ending", () => {
  for (const say of Object.values(koFaults)) expect(say("1", "2")).toMatch(/[가-힣].*\.$|\)\.$/);
});
