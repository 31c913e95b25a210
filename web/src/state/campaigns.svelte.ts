import type { Api } from "../lib/api";
import { withLive } from "../lib/dialling";
import type { Campaign, DialList, Plan } from "../lib/outbound";
import type { Stats } from "../wire/messages";

/** The campaigns and what they are made of: what the server has, and the live figures that come after it. */
export class Campaigns {
  readonly #api: Api;
  #asked = 0;
  /** What came while an answer was on its way is newer than it. */
  #came: Record<string, Stats> = {};

  /** As the server had them; null: not known yet. */
  #kept = $state.raw<readonly Campaign[] | null>(null);
  plans = $state.raw<readonly Plan[]>([]);
  lists = $state.raw<readonly DialList[]>([]);
  /** The time zone of the schedules. */
  zone = $state("UTC");
  failed = $state(false);
  /** The live figures by campaign. */
  live = $state.raw<Readonly<Record<string, Stats>>>({});

  constructor(api: Api) {
    this.#api = api;
  }

  /** With their states as they are now; null: not known yet. */
  all = $derived.by(() => this.#kept?.map((c) => withLive(c, this.live[c.id])) ?? null);

  async load(): Promise<void> {
    const asked = ++this.#asked;
    const came: Record<string, Stats> = (this.#came = {});
    const { outbound } = this.#api;
    try {
      const [kept, plans, lists] = await Promise.all([outbound.campaigns(), outbound.plans(), outbound.lists()]);
      const all = kept.campaigns ?? [];
      const live = await Promise.all(all.map(async (c) => [c.id, await outbound.live(c.id)] as const));
      if (asked !== this.#asked) return; // asked for anew meanwhile
      [this.#kept, this.zone, this.plans, this.lists] = [all, kept.timezone, plans, lists];
      this.live = { ...Object.fromEntries(live), ...came };
      this.failed = false;
    } catch {
      if (asked === this.#asked) this.failed = true; // what is known stays
    }
  }

  /** Takes figures that the server tells of. */
  changed(s: Stats): void {
    this.#came[s.campaign] = s;
    this.live = { ...this.live, [s.campaign]: s };
  }

  campaign(id: string): Campaign | undefined {
    return this.all?.find((c) => c.id === id);
  }
  plan(id: string): Plan | undefined {
    return this.plans.find((p) => p.id === id);
  }
  list(id: string): DialList | undefined {
    return this.lists.find((l) => l.id === id);
  }
}
