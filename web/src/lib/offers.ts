/** Reasons for being away where the server names none: their names are in the catalogue. */
export const AWAY_REASONS = ["break", "meal", "training", "meeting", "work"] as const;

/** The CRM's link for a call; null when there is none, or it is no web address. */
export function crmLink(
  template: string | undefined,
  call: { id: string; queue: string; number: string; agent: string },
): string | null {
  if (!template || !call.number) return null;
  const url = template
    .replaceAll("{number}", encodeURIComponent(call.number))
    .replaceAll("{queue}", encodeURIComponent(call.queue))
    .replaceAll("{call}", encodeURIComponent(call.id))
    .replaceAll("{agent}", encodeURIComponent(call.agent));
  return /^https?:\/\//i.test(url) ? url : null;
}
