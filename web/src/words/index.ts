import { en } from "./en";
import { ko, type Words } from "./ko";

export type { Words };
export type Lang = "ko" | "en";

export const CATALOGUES: Record<Lang, Words> = { ko, en };
export const LANGS: readonly Lang[] = ["ko", "en"];

/** A reason for being away, or how a missed call was settled: translated where the catalogue knows its code. */
export function reasonText(words: Words, reason: string): string {
  return (words.reason as Record<string, string>)[reason] ?? reason;
}
