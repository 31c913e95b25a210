import type { Draft, Hours, Mode, Plan } from "./outbound";

export const MODES: readonly Mode[] = ["predictive", "progressive", "power", "preview", "message"];
export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
/** After which results a number may be tried again. */
export const RESTS = ["busy", "no_answer", "congestion", "failed", "machine", "abandoned"] as const;
export type Rest = (typeof RESTS)[number];

/** A number as an input has it; null: left empty. */
export type Typed = number | null | undefined;

/** A plan as it is edited: each field in the unit that its input has. */
export interface PlanForm {
  name: string;
  mode: Mode | "";
  method: "risk" | "lite";
  hangUpLate: boolean;
  powerRatio: Typed;
  /** In percent. */
  abandonRate: Typed;
  /** In seconds. */
  ring: Typed;
  callerID: string;
  amd: NonNullable<Plan["amd"]>;
  maxTries: Typed;
  maxTries24h: Typed;
  /** In minutes; empty or 0: no other try. */
  retry: Record<Rest, Typed>;
  hours: Hours[];
  listEnd: NonNullable<Plan["list_end"]>;
  maxLines: Typed;
  maxRate: Typed;
  abandonSound: string;
  messageSound: string;
  messageText: string;
  messageKey: string;
  script: string;
}

/** The fields that only some modes have. */
type Special =
  | "method"
  | "hang_up_late"
  | "power_ratio"
  | "max_abandon_rate"
  | "amd"
  | "abandon_sound"
  | "message"
  | "limits"
  | "machine"
  | "abandoned";

/** Whether a field belongs to the mode. */
export function belongs(form: Pick<PlanForm, "mode" | "method" | "amd">, field: Special): boolean {
  const { mode } = form;
  switch (field) {
    case "method":
      return mode === "predictive";
    case "hang_up_late":
      return mode === "predictive" && form.method === "risk";
    case "power_ratio":
      return mode === "power";
    case "message":
      return mode === "message";
    case "max_abandon_rate":
      return mode === "predictive" || mode === "power" || mode === "progressive";
    case "machine":
      return mode !== "preview" && form.amd !== "off";
    default:
      return mode !== "preview";
  }
}

/** A plan as a form has it; without one, a new plan. */
export function planForm(p?: Plan): PlanForm {
  const retry = p ? (p.retry ?? {}) : { busy: "15m", no_answer: "4h" };
  const minutes = (r: Rest) => (retry[r] ? seconds(retry[r]) / 60 || null : null);
  return {
    name: p?.name ?? "",
    mode: p?.mode ?? "",
    method: p?.method === "lite" ? "lite" : "risk",
    hangUpLate: p?.hang_up_late ?? false,
    powerRatio: p?.power_ratio || 1.5,
    abandonRate: round((p?.max_abandon_rate ?? 0.03) * 100),
    ring: p?.ring_timeout ? seconds(p.ring_timeout) : 25,
    callerID: p?.caller_id ?? "",
    amd: p?.amd ?? "off",
    maxTries: p?.max_tries ?? 3,
    maxTries24h: p?.max_tries_24h || null,
    retry: Object.fromEntries(RESTS.map((r) => [r, minutes(r)])) as Record<Rest, Typed>,
    hours: structuredClone(p ? (p.hours ?? []) : [{ days: DAYS.slice(0, 5), from: "09:00", to: "20:00" }]),
    listEnd: p?.list_end ?? "stop",
    maxLines: p?.max_lines || null,
    maxRate: p?.max_rate || null,
    abandonSound: p?.abandon_sound ?? "",
    messageSound: p?.message_sound ?? "",
    messageText: p?.message_text ?? "",
    messageKey: p?.message_key ?? "",
    script: p?.script ?? "",
  };
}

/** What is sent of a form: nothing that is another mode's. */
export function planOf(f: PlanForm, before?: Pick<Plan, "id" | "revision">): Draft<Plan> {
  const has = (field: Special) => belongs(f, field);
  const rests = RESTS.filter((r) => f.retry[r] && (r !== "machine" || has("machine")) && (r !== "abandoned" || has(r)));
  return {
    ...(before && { id: before.id, revision: before.revision }),
    name: f.name.trim(),
    mode: f.mode as Mode, // an empty one is told by the server, with all other faults
    ...(has("method") && { method: f.method }),
    ...(has("hang_up_late") && f.hangUpLate && { hang_up_late: true }),
    ...(has("power_ratio") && { power_ratio: f.powerRatio ?? 0 }),
    ...(has("max_abandon_rate") && { max_abandon_rate: round((f.abandonRate ?? 0) / 100, 6) }),
    ring_timeout: `${f.ring ?? 0}s`,
    ...(f.callerID.trim() && { caller_id: f.callerID.trim() }),
    ...(has("amd") && { amd: f.amd }),
    max_tries: f.maxTries ?? 0,
    ...(f.maxTries24h && { max_tries_24h: f.maxTries24h }),
    retry: Object.fromEntries(rests.map((r) => [r, `${round(f.retry[r]! * 60)}s`])),
    hours: f.hours,
    list_end: f.listEnd,
    ...(has("limits") && f.maxLines && { max_lines: f.maxLines }),
    ...(has("limits") && f.maxRate && { max_rate: f.maxRate }),
    ...(has("abandon_sound") && f.abandonSound.trim() && { abandon_sound: f.abandonSound.trim() }),
    ...(has("message") && {
      ...(f.messageSound.trim() && { message_sound: f.messageSound.trim() }),
      ...(f.messageText.trim() && { message_text: f.messageText }),
      ...(f.messageKey && { message_key: f.messageKey }),
    }),
    ...(f.script.trim() && { script: f.script }),
  };
}

/** The seconds of a duration as the server writes it: 25s, 1h30m0s; 0 when it is none. */
export function seconds(duration: string): number {
  const units = { h: 3600, m: 60, s: 1, ms: 0.001 };
  let sum = 0;
  for (const [, n, unit] of duration.matchAll(/([\d.]+)(ms|h|m|s)/g))
    sum += Number(n) * units[unit as keyof typeof units];
  return sum;
}

function round(n: number, places = 3): number {
  return Number(n.toFixed(places));
}
