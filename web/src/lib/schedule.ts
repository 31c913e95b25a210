import type { Campaign, Draft, Hours } from "./outbound";

/** A campaign as it is edited. Times are those of datetime-local inputs in the time zone of the schedules; "": none. */
export interface CampaignForm {
  name: string;
  plan: string;
  dialList: string;
  queue: string;
  next: string;
  scheduled: boolean;
  from: string;
  until: string;
  hours: Hours[];
}

/** A campaign as a form has it; without one, a new campaign. zone is that of the schedules. */
export function campaignForm(zone: string, c?: Campaign): CampaignForm {
  return {
    name: c?.name ?? "",
    plan: c?.plan ?? "",
    dialList: c?.dial_list ?? "",
    queue: c?.queue ?? "",
    next: c?.next_campaign ?? "",
    scheduled: c?.schedule !== undefined,
    from: zonedInput(c?.schedule?.from, zone),
    until: zonedInput(c?.schedule?.until, zone),
    hours: structuredClone(c?.schedule?.hours ?? []),
  };
}

/** What is sent of a form. */
export function campaignOf(zone: string, f: CampaignForm, before?: Pick<Campaign, "id" | "revision">): Draft<Campaign> {
  return {
    ...(before && { id: before.id, revision: before.revision }),
    name: f.name.trim(),
    plan: f.plan,
    dial_list: f.dialList,
    queue: f.queue,
    ...(f.next && { next_campaign: f.next }),
    ...(f.scheduled && {
      schedule: {
        from: f.from ? instant(f.from, zone) : NO_TIME,
        ...(f.until && { until: instant(f.until, zone) }),
        ...(f.hours.length > 0 && { hours: f.hours }),
      },
    }),
  };
}

/** The zero time of the server: left out. The server tells what is wrong with that. */
const NO_TIME = "0001-01-01T00:00:00Z";

/** A time as a datetime-local input has it, in a time zone. */
export function zonedInput(at: string | undefined, zone: string): string {
  return at
    ? new Date(Date.parse(at) + offset(Date.parse(at), zone)).toISOString().slice(0, "2026-03-02T00:00".length)
    : "";
}

/**
 * When a datetime-local input means, in a time zone. Where clocks are put forward over it, a time that is one
 * hour beside it; where they are put back, the first or the second of the two.
 */
export function instant(input: string, zone: string): string {
  const asUTC = Date.parse(input + "Z");
  const guess = asUTC - offset(asUTC, zone);
  return new Date(asUTC - offset(guess, zone)).toISOString();
}

/** How many milliseconds the clocks of a time zone are ahead of UTC. */
function offset(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en", {
    timeZone: zone,
    hourCycle: "h23",
    ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" },
  }).formatToParts(at);
  const n = (type: string) => Number(parts.find((p) => p.type === type)?.value);
  const shown = Date.UTC(n("year"), n("month") - 1, n("day"), n("hour"), n("minute"), n("second"));
  return shown - Math.floor(at / 1000) * 1000;
}
