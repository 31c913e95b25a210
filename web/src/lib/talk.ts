import type { Store } from "./storage";

/** What names a SIP call (RFC 3261, section 12): with it another page can take the call up (RFC 3891). */
export interface Dialog {
  callId: string;
  localTag: string;
  remoteTag: string;
}

/** How long Asterisk keeps a call whose page is gone: rtp_timeout of the generated pjsip_calld.conf. */
const KEPT = 15_000;

/**
 * Remembers the call that this browser talks on, for the page that comes
 * after this one: a reload, or another tab.
 */
export class TalkMemory {
  readonly #store: Store;
  readonly #key: string;

  constructor(store: Store, agent: string) {
    this.#store = store;
    this.#key = "calld.talk." + agent;
  }

  /** To be called now and then during a talk, and when the page goes. */
  keep(dialog: Dialog, now: number): void {
    this.#store.setItem(this.#key, JSON.stringify({ ...dialog, at: now }));
  }

  forget(): void {
    this.#store.removeItem(this.#key);
  }

  /** The call to take up, if it can still be there. It is asked for once. */
  take(now: number): Dialog | null {
    const text = this.#store.getItem(this.#key);
    this.forget();
    try {
      const d = JSON.parse(text ?? "null") as Partial<Dialog & { at: number }> | null;
      if (!d?.callId || !d.localTag || !d.remoteTag || !d.at || now - d.at > KEPT || d.at > now) return null;
      return { callId: d.callId, localTag: d.localTag, remoteTag: d.remoteTag };
    } catch {
      return null;
    }
  }
}

/** The Replaces header for a call: its tags are named as the other side sees them (RFC 3891, section 3). */
export function replaces(d: Dialog): string {
  return `Replaces: ${d.callId};to-tag=${d.remoteTag};from-tag=${d.localTag}`;
}
