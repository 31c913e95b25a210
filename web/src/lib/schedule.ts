import type { Campaign, Draft, Hours } from "./outbound";

/** A campaign as it is edited. Times are those of datetime-local inputs; "": none. */
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

/** A campaign as a form has it; without one, a new campaign. */
export function campaignForm(c?: Campaign): CampaignForm {
  return {
    name: c?.name ?? "",
    plan: c?.plan ?? "",
    dialList: c?.dial_list ?? "",
    queue: c?.queue ?? "",
    next: c?.next_campaign ?? "",
    scheduled: c?.schedule !== undefined,
    from: localInput(c?.schedule?.from),
    until: localInput(c?.schedule?.until),
    hours: structuredClone(c?.schedule?.hours ?? []),
  };
}

/** What is sent of a form. */
export function campaignOf(f: CampaignForm, before?: Pick<Campaign, "id" | "revision">): Draft<Campaign> {
  return {
    ...(before && { id: before.id, revision: before.revision }),
    name: f.name.trim(),
    plan: f.plan,
    dial_list: f.dialList,
    queue: f.queue,
    ...(f.next && { next_campaign: f.next }),
    ...(f.scheduled && {
      schedule: {
        from: f.from ? new Date(f.from).toISOString() : NO_TIME,
        ...(f.until && { until: new Date(f.until).toISOString() }),
        ...(f.hours.length > 0 && { hours: f.hours }),
      },
    }),
  };
}

/** The zero time of the server: left out. The server tells what is wrong with that. */
const NO_TIME = "0001-01-01T00:00:00Z";

/** A time as a datetime-local input has it, in the browser's time zone. */
export function localInput(at: string | undefined): string {
  if (!at) return "";
  const d = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  const date = [d.getFullYear(), two(d.getMonth() + 1), two(d.getDate())].join("-");
  return `${date}T${two(d.getHours())}:${two(d.getMinutes())}`;
}
