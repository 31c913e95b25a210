import type { Result, ResultKind } from "./outbound";

/** A result in a word, as the server sums it up (campaign.Result.Kind); null while the try is under way. */
export function resultKind(r: Result): ResultKind | null {
  if (r.why === "skipped" || r.why === "given_up" || r.why === "do_not_call") return r.why;
  if (r.why === "force_stop" && !r.answered) return "given_up";
  if (r.dial_result !== "answered") return r.dial_result || null;
  switch (r.agent_result) {
    case "customer_left":
      return "customer_left";
    case "abandoned":
    case "no_answer":
    case "busy":
      return "abandoned";
    case undefined:
      return r.amd === "MACHINE" ? "machine" : "answered";
    default:
      return "answered";
  }
}

/** How long something lasted, as format has it; "" when it did not come to that. */
export function lasted(from: string | undefined, to: string | undefined, format: (seconds: number) => string): string {
  return from && to ? format((Date.parse(to) - Date.parse(from)) / 1000) : "";
}
