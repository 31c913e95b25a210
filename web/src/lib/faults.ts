import type { FaultCode } from "../wire/messages";
import type { Words } from "../words";
import { seconds } from "./plan";

/** What is wrong with a field, as the server tells it. */
export interface FieldFault {
  /** In English, with the mend. */
  text: string;
  code?: FaultCode | undefined;
  /** The bounds that were not kept, as the server writes them. */
  least?: string | undefined;
  most?: string | undefined;
}

/** The fault in the words of the page, or else in the server's. */
export function faultText(words: Words, field: string, f: FieldFault): string {
  const known = f.code && words.campaigns.fault(f.code, bound(field, f.least), bound(field, f.most));
  return known || f.text;
}

/** What keeps a campaign from starting: of what, and the fault. */
export function startFault(words: Words, field: string, f: FieldFault): string {
  const parts = words.campaigns.act.fault as Record<string, string>;
  const part = field.split(".")[0]!;
  const what = parts[field] ?? (parts[part] ? `${parts[part]} (${field.slice(part.length + 1)})` : field);
  return `${what}: ${faultText(words, field, f)}`;
}

/** A bound in the unit that the field has on the page. */
function bound(field: string, value = ""): string {
  const part = field.replace(/^plan\./, "");
  if (part.startsWith("retry.")) return String(Number((seconds(value) / 60).toFixed(2)));
  if (part === "ring_timeout") return String(seconds(value));
  if (part === "max_abandon_rate") return String(Number(value) * 100);
  return value;
}
