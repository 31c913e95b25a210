import { type Api, ApiError } from "../lib/api";
import type { Preview } from "../lib/outbound";
import type { Stats } from "../wire/messages";

/** The campaigns whose customers I see before they are called, and on whom I am to decide. */
export class Previews {
  readonly #api: Api;
  #asked = 0;
  /** What was told of each campaign that changes what there is to see. */
  readonly #told = new Map<string, string>();

  list = $state.raw<readonly Preview[]>([]);
  /** The code of why the last thing was refused; "": it was not. */
  refused = $state("");
  busy = $state(false);

  constructor(api: Api) {
    this.#api = api;
  }

  /** The one that the keys are for: that with a customer shown, or else the first. */
  get first(): Preview | undefined {
    return this.list.find((p) => p.shown) ?? this.list[0];
  }

  async load(): Promise<void> {
    const asked = ++this.#asked;
    const list = await this.#api.outbound.previews().catch(() => null); // what is known stays
    if (list && asked === this.#asked) this.list = list;
  }

  /** Takes the figures of a campaign: it may have begun or ended, or shown a customer no longer. */
  changed(s: Stats): void {
    const told = s.state + s.preview;
    if (this.#told.get(s.campaign) === told) return;
    this.#told.set(s.campaign, told);
    if (!s.pacing) void this.load();
  }

  /** Shows the next customer, or calls the one that is shown. */
  goOn(p: Preview | undefined = this.first): Promise<void> {
    if (!p) return Promise.resolve();
    const { outbound } = this.#api;
    return this.#try(() => (p.shown ? outbound.decide(p.shown, "dial") : outbound.preview(p.campaign)));
  }

  skip(p: Preview | undefined = this.first): Promise<void> {
    const shown = p?.shown;
    return shown ? this.#try(() => this.#api.outbound.decide(shown, "skip")) : Promise.resolve();
  }

  async #try(what: () => Promise<unknown>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.refused = "";
    try {
      await what();
    } catch (e) {
      this.refused = e instanceof ApiError ? e.code : "failed";
    }
    this.busy = false;
    await this.load();
  }
}
