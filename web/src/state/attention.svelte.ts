import { lead } from "../lib/leader";
import { Ringtone } from "../lib/ringtone";

/** What calls for the user's attention outside the page's own picture: ring tone, desktop notification, title. */
export class Attention {
  readonly #ringtone = new Ringtone((blocked) => (this.blocked = blocked));
  #leads = false;
  #release: () => void = () => undefined;
  #notification: Notification | null = null;

  /** It rings, but the browser does not let the page sound yet. */
  blocked = $state(false);
  permission = $state<NotificationPermission | "none">("Notification" in window ? Notification.permission : "none");

  start(): void {
    this.#release = lead("calld.ring", () => (this.#leads = true));
    addEventListener("pointerdown", this.#touched);
    addEventListener("keydown", this.#touched);
  }

  stop(): void {
    this.quiet();
    this.#release();
    removeEventListener("pointerdown", this.#touched);
    removeEventListener("keydown", this.#touched);
  }

  /** A call rings: of several tabs one sounds and notifies. */
  ring(tone: boolean, title: string, body: string, tag: string): void {
    if (!this.#leads) return;
    if (tone) this.#ringtone.start();
    else this.#ringtone.stop();
    if (!document.hidden || this.permission !== "granted" || this.#notification?.tag === tag) return;
    this.#notification?.close();
    const n = new Notification(title, { body, tag, requireInteraction: true, silent: true });
    n.onclick = () => {
      window.focus();
      n.close();
    };
    this.#notification = n;
  }

  quiet(): void {
    this.#ringtone.stop();
    this.#notification?.close();
    this.#notification = null;
  }

  /** A call has been picked up without the user: one short tone in place of the ringing. */
  chime(): void {
    this.quiet();
    this.#ringtone.chime();
  }

  /** Lets the user hear the tone. */
  listen(): void {
    this.#ringtone.unlock();
    this.#ringtone.once();
  }

  async ask(): Promise<void> {
    this.permission = await Notification.requestPermission();
  }

  #touched = (): void => this.#ringtone.unlock();
}
