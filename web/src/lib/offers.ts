import type { Welcome } from "../wire/messages";

/**
 * What an installation offers beyond the protocol, by its configuration. The
 * server tells it in the welcome; what is absent the page does without.
 */
export interface Offers {
  /** Reasons for being away. */
  away_reasons?: string[] | null;
  queues?: Record<string, QueueOffers> | null;
}

export interface QueueOffers {
  /** The CRM's address for a caller: {number}, {queue} and {call} are filled in. */
  crm_url?: string;
  /** Disposition codes. */
  dispositions?: string[] | null;
}

export function offersOf(w: Welcome): Offers {
  return (w as Welcome & { offers?: Offers }).offers ?? {};
}

/** Reasons for being away where the server names none: their names are in the catalogue. */
export const AWAY_REASONS = ["break", "meal", "training", "meeting", "work"] as const;

/** The CRM's link for a call; null when there is none, or it is no web address. */
export function crmLink(
  template: string | undefined,
  call: { id: string; queue: string; number: string },
): string | null {
  if (!template || !call.number) return null;
  const url = template
    .replaceAll("{number}", encodeURIComponent(call.number))
    .replaceAll("{queue}", encodeURIComponent(call.queue))
    .replaceAll("{call}", encodeURIComponent(call.id));
  return /^https?:\/\//i.test(url) ? url : null;
}
