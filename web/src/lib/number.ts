/**
 * Telephone numbers as people in Korea write them: 02-1588-1234,
 * 010-1234-5678, 1588-1234. What is no Korean number stays as it is.
 */
export function formatNumber(raw: string): string {
  const text = raw.trim();
  const national = toNational(text);
  return (national && group(national)) || text;
}

/** The digits of what somebody typed, national: +82 10-1234-5678 is 01012345678. */
export function plainNumber(typed: string): string {
  const text = typed.trim();
  return toNational(text) ?? text.replace(/[\s().-]/g, "");
}

/** Whether the server lets a number be called: digits, * and #, with + in front if need be. */
export function dialable(typed: string): boolean {
  return /^\+?[\d*#]{2,32}$/.test(typed.replace(/[\s().-]/g, ""));
}

/** The number with its country's prefix taken off, as digits; null for what is no Korean number. */
function toNational(text: string): string | null {
  if (!/^\+?[\d\s().-]+$/.test(text)) return null;
  const international = text.startsWith("+");
  const digits = text.replace(/\D/g, "");
  if (!international && !digits.startsWith("82")) return digits;
  const rest = digits.startsWith("82") ? digits.slice(2).replace(/^0/, "") : null;
  if (rest === null) return null;
  // Trunks often leave the + away: 82 is a country only before a full number.
  for (const candidate of [rest, "0" + rest]) if (group(candidate)) return candidate;
  return international ? null : digits;
}

/** Each kind of number: what it looks like, and the lengths of its groups. */
const PLANS: readonly { pattern: RegExp; groups: readonly number[] }[] = [
  { pattern: /^02\d{7}$/, groups: [2, 3, 4] }, // Seoul
  { pattern: /^02\d{8}$/, groups: [2, 4, 4] },
  { pattern: /^050\d\d{7}$/, groups: [4, 3, 4] }, // personal numbers
  { pattern: /^050\d\d{8}$/, groups: [4, 4, 4] },
  // Areas (031 to 064), mobiles (010 to 019), internet (070), free (080) and paid (060) calls.
  { pattern: /^0(1[016-9]|3[1-3]|4[1-4]|5[1-5]|6[0-4]|70|80)\d{7}$/, groups: [3, 3, 4] },
  { pattern: /^0(1[016-9]|3[1-3]|4[1-4]|5[1-5]|6[0-4]|70|80)\d{8}$/, groups: [3, 4, 4] },
  { pattern: /^1[568]\d{6}$/, groups: [4, 4] }, // nationwide service numbers: 1588, 1661, 1899
];

function group(digits: string): string | null {
  const plan = PLANS.find((p) => p.pattern.test(digits));
  if (!plan) return null;
  const parts: string[] = [];
  let at = 0;
  for (const n of plan.groups) {
    parts.push(digits.slice(at, at + n));
    at += n;
  }
  return parts.join("-");
}
