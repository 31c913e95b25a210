import type { Words } from "../words";
import type { Direction, Outcome } from "../wire/messages";

/** Why an outbound call reached nobody, from a cause such as "17 busy"; null when it does not tell. */
export function causeText(words: Words, cause: string): string | null {
  const why = cause.replace(/^\d+ /, "");
  return Object.hasOwn(words.dial.cause, why) ? words.dial.cause[why as keyof Words["dial"]["cause"]] : null;
}

/** Why a call ended, with the hang-up cause of Q.850 where there is one: "고객이 끊음 (16)". */
export function endText(words: Words, cause: string): string {
  const [, code, why] = /^(?:(\d+) )?(.*)$/.exec(cause)!;
  const known = Object.hasOwn(words.history.ended, why!) ? words.history.ended[why!] : causeText(words, why!);
  return (known ?? why!) + (code ? ` (${code})` : "");
}

/** How a call ended. A failed one that an agent made is no fault of the system: the customer was not reached. */
export function outcomeText(
  words: Words,
  c: { direction: Direction; outcome?: Outcome; cause?: string | undefined },
): string {
  if (!c.outcome) return "";
  if (c.direction === "out" && c.outcome === "failed") return causeText(words, c.cause ?? "") ?? words.dial.notReached;
  return words.outcome[c.outcome];
}
