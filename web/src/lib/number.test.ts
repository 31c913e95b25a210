import { describe, expect, it } from "vitest";
import { formatNumber, plainNumber } from "./number";

describe("formatNumber", () => {
  it.each([
    ["0215881234", "02-1588-1234"],
    ["027891234", "02-789-1234"],
    ["01012345678", "010-1234-5678"],
    ["0111234567", "011-123-4567"],
    ["0311234567", "031-123-4567"],
    ["03112345678", "031-1234-5678"],
    ["0647401234", "064-740-1234"],
    ["07012345678", "070-1234-5678"],
    ["0801234567", "080-123-4567"],
    ["0601234567", "060-123-4567"],
    ["05051234567", "0505-123-4567"],
    ["050712345678", "0507-1234-5678"],
    ["15881234", "1588-1234"],
    ["16610000", "1661-0000"],
    ["18991234", "1899-1234"],
    ["+821012345678", "010-1234-5678"],
    ["+82 (0)10-1234-5678", "010-1234-5678"],
    ["821012345678", "010-1234-5678"],
    ["+82215881234", "02-1588-1234"],
    ["+8215881234", "1588-1234"],
    ["010-1234-5678", "010-1234-5678"],
    [" 0215881234 ", "02-1588-1234"],
  ])("%s is %s", (raw, want) => expect(formatNumber(raw)).toBe(want));

  it.each([
    "",
    "112",
    "8001",
    "82",
    "8201",
    "+14155550123",
    "+8599",
    "anonymous",
    "0212",
    "010123456789",
    "099123456789",
  ])("leaves %j as it is", (raw) => expect(formatNumber(raw)).toBe(raw));

  it("never adds or loses a digit of a national number", () => {
    for (let i = 0; i < 5000; i++) {
      const raw = String(Math.floor(Math.abs(Math.sin(i)) * 10 ** (3 + (i % 10)))).padStart(3 + (i % 10), "0");
      const shown = formatNumber(raw);
      const digits = shown.replace(/\D/g, "");
      expect(raw === digits || (raw.startsWith("82") && raw.endsWith(digits.replace(/^0/, "")))).toBe(true);
      expect(formatNumber(shown)).toBe(shown);
    }
  });
});

describe("plainNumber", () => {
  it.each([
    ["010-1234-5678", "01012345678"],
    ["+82 10 1234 5678", "01012345678"],
    ["02) 1588 1234", "0215881234"],
    ["1588-1234", "15881234"],
    ["8001", "8001"],
    ["+1 415-555-0123", "+14155550123"],
  ])("%s is %s", (typed, want) => expect(plainNumber(typed)).toBe(want));
});
