import { type Api, ApiError, type Whom } from "../lib/api";
import { dialable } from "../lib/number";
import type { Call } from "../wire/messages";

/** What keeps a call from being made: a code of the API. */
export type DialFault =
  | "agent_busy"
  | "agent_offline"
  | "phone_unreachable"
  | "no_phone"
  | "asterisk_away"
  | "invalid_request"
  | "claimed_by_other"
  | "already_resolved"
  | "no_number"
  | "failed";

const FAULTS: readonly string[] = [
  "agent_busy",
  "agent_offline",
  "phone_unreachable",
  "no_phone",
  "asterisk_away",
  "invalid_request",
  "claimed_by_other",
  "already_resolved",
  "no_number",
] satisfies DialFault[];

/** The calls that I make. */
export class Calls {
  readonly #api: Api;
  readonly #queues: readonly string[];
  /** I have a phone, and a queue to call for. */
  readonly able: boolean;

  /** Whom to call once the queue is chosen, and their number as it is shown. */
  asking = $state.raw<{ whom: Whom; number: string } | null>(null);
  /** A call is being ordered. */
  busy = $state(false);
  /** Why the last call could not be made; null when it could. */
  fault = $state.raw<DialFault | null>(null);

  constructor(api: Api, phone: string, queues: readonly string[]) {
    this.#api = api;
    this.#queues = queues;
    this.able = phone !== "" && queues.length > 0;
  }

  /** Whether a number can be called by me. */
  can(number: string): boolean {
    return this.able && dialable(number);
  }

  /** Calls somebody, shown by number, for a queue; asks for which one when that can't be told. */
  async call(whom: Whom, number: string, queue?: string): Promise<void> {
    const known = queue !== undefined && this.#queues.includes(queue) ? queue : undefined;
    const chosen = known ?? (this.#queues.length === 1 ? this.#queues[0] : undefined);
    if (chosen === undefined) {
      this.asking = { whom, number };
      return;
    }
    this.asking = null;
    await this.#order(() => this.#api.makeCall(whom, chosen));
  }

  callBack(missed: string): Promise<void> {
    return this.#order(() => this.#api.callBack(missed));
  }

  /** Gives up a call that has not been answered. */
  cancel(call: string): Promise<void> {
    return this.#api.hangUp(call).catch(() => undefined); // it is over, or the picture will tell
  }

  async #order(make: () => Promise<Call>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.fault = null;
    try {
      await make();
    } catch (e) {
      const code = e instanceof ApiError ? e.code : "";
      this.fault = FAULTS.includes(code) ? (code as DialFault) : "failed";
    } finally {
      this.busy = false;
    }
  }
}
