import type { Api } from "../lib/api";
import type { Today } from "../wire/messages";

/** The figures of the day by queue, for supervisors: a report, and what changes after it. */
export class DayFigures {
  readonly #api: Api;
  byQueue = $state.raw<Readonly<Record<string, Today>>>({});
  /** What came while the report was on its way is newer than it. */
  #came: Record<string, Today> | null = null;

  constructor(api: Api) {
    this.#api = api;
  }

  async load(): Promise<void> {
    const came: Record<string, Today> = (this.#came = {});
    const report = await this.#api.today().catch(() => null); // what is known stays; the next welcome asks again
    if (this.#came !== came) return; // asked for anew meanwhile
    this.#came = null;
    if (!report) return;
    this.byQueue = { ...Object.fromEntries((report.queues ?? []).map((t) => [t.queue, t])), ...came };
  }

  changed(today: Today): void {
    if (this.#came) this.#came[today.queue] = today;
    this.byQueue = { ...this.byQueue, [today.queue]: today };
  }
}
