import { tick } from "svelte";
import { ApiError } from "../lib/api";
import { faultText } from "../lib/faults";
import type { Words } from "../words";

/** Something that is sent to be kept: whether it is on its way, and what kept the last one from being kept. */
export class Keeping {
  readonly #words: () => Words;
  busy = $state(false);
  error = $state.raw<ApiError | null>(null);
  /** What is wrong, by the field. */
  readonly faults: Readonly<Record<string, string>> = $derived.by(() => {
    const words = this.#words();
    const told = Object.entries(this.error?.fields ?? {}).map(([field, f]) => [field, faultText(words, field, f)]);
    return Object.fromEntries(told) as Record<string, string>;
  });

  /** words gives the catalogue of the page. */
  constructor(words: () => Words) {
    this.#words = words;
  }

  /** Sends, and tells whether it was kept. */
  async send(what: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    this.error = null;
    try {
      await what();
    } catch (e) {
      this.error = e instanceof ApiError ? e : new ApiError("", "");
    }
    this.busy = false;
    return this.error === null;
  }

  /** Sends what a form holds; the first field that is wrong has the focus then. */
  async submit(e: SubmitEvent, what: () => Promise<unknown>): Promise<boolean> {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    if (await this.send(what)) return true;
    await tick();
    form.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
    return false;
  }

  /** What is wrong with the fields that begin so. */
  faultsOf(field: string): string[] {
    return Object.entries(this.faults).flatMap(([f, text]) => (f.startsWith(field) ? `${f}: ${text}` : []));
  }
}
