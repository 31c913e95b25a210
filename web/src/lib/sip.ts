import { UA, WebSocketInterface } from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { IncomingRequest } from "jssip/lib/SIPMessage";
import type { Phone } from "./api";
import { answersItself } from "./autoanswer";
import { type Dialog, replaces } from "./talk";

/** How the telephone stands to Asterisk. */
export type Line = "connecting" | "ready" | "lost" | "refused" | "taken";

/** The call on the telephone. */
export interface PhoneCall {
  phase: "ringing" | "talking" | "resuming";
  /** Who calls; empty when that is withheld. */
  number: string;
  muted: boolean;
  held: boolean;
  /** It asks to be answered without being picked up. */
  answersItself: boolean;
}

export interface SipOptions {
  account: Phone;
  /** The WebSocket's address. */
  url: string;
  microphone: MediaStream;
  onLine(line: Line): void;
  onCall(call: PhoneCall | null): void;
  /** The other side's voice. */
  onVoice(stream: MediaStream): void;
  /** Names the call when a talk begins, and again at its end by null. */
  onDialog(dialog: Dialog | null): void;
}

/** Close codes of /sip (docs/webphone.md) after which trying again is of no use. */
const TAKEN = 4009;
const FINAL = new Set([4001, 4004, 4010]);

/** The extension to call for a call to take up: see extensions_calld.conf. */
const RESUME = "calld-resume";

const REGISTER_AGAIN = 10_000;

const BUSY = { status_code: 486, reason_phrase: "Busy Here" };

/** What of JsSIP's session is not in its types: the dialog's id. */
interface WithDialog {
  _dialog: { id: { call_id: string; local_tag: string; remote_tag: string } } | null;
}

/** JsSIP's event of a session: the request is of the kind that has getHeaders when somebody else began it. */
interface NewSession {
  session: RTCSession;
  request: Pick<IncomingRequest, "getHeaders">;
}

/** A telephone that speaks SIP, with one call at a time. */
export class SipPhone {
  readonly #o: SipOptions;
  readonly #ua: UA;
  readonly #domain: string;
  #microphone: MediaStream;
  #session: RTCSession | null = null;
  #held = false;
  #muted = false;
  #answersItself = false;
  #over = false;
  #again: ReturnType<typeof setTimeout> | undefined;
  #connected = false;

  constructor(o: SipOptions) {
    this.#o = o;
    this.#microphone = o.microphone;
    this.#domain = o.account.uri.slice(o.account.uri.indexOf("@") + 1);
    this.#ua = new UA({
      sockets: [new WebSocketInterface(o.url)],
      uri: o.account.uri,
      // Asterisk calls this address, and requests in the call then come from it: /sip wants the phone's own user there.
      contact_uri: `sip:${o.account.user}@${crypto.randomUUID().slice(0, 12)}.invalid;transport=ws`,
      authorization_user: o.account.user,
      password: o.account.secret,
      register_expires: 120,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 10,
      session_timers: false,
    });
    this.#ua.on("connected", () => (this.#connected = true));
    this.#ua.on("registered", () => {
      o.onLine("ready");
      this.#reach();
    });
    this.#ua.on("registrationFailed", () => {
      if (!this.#connected) return; // disconnected tells it
      o.onLine("refused");
      clearTimeout(this.#again);
      this.#again = setTimeout(() => this.#ua.register(), REGISTER_AGAIN);
    });
    this.#ua.on("disconnected", (e) => this.#disconnected(e.code ?? 0));
    this.#ua.on("newRTCSession", (e: NewSession) => this.#begin(e));
  }

  start(): void {
    this.#o.onLine("connecting");
    this.#ua.start();
  }

  /** Unregisters and hangs up. */
  stop(): void {
    this.#over = true;
    clearTimeout(this.#again);
    this.#ua.stop();
  }

  answer(): void {
    if (this.#session?.direction !== "incoming" || !this.#session.isInProgress()) return;
    this.#session.answer({ mediaStream: this.#microphone, pcConfig: { iceServers: [] } });
  }

  /** Ends the call, whatever its state: busy to one that rings. */
  hangup(): void {
    const s = this.#session;
    if (!s || s.isEnded()) return;
    s.terminate(s.direction === "incoming" && s.isInProgress() ? BUSY : {});
  }

  mute(on: boolean): void {
    this.#muted = on;
    if (on) this.#session?.mute({ audio: true });
    else this.#session?.unmute({ audio: true });
  }

  hold(on: boolean): void {
    if (on) this.#session?.hold();
    else this.#session?.unhold();
  }

  digits(tones: string): void {
    // RFC 4733; JsSIP's name for it is that of the older RFC.
    this.#session?.sendDTMF(tones, { transportType: "RFC2833" as never, duration: 100, interToneGap: 70 });
  }

  /** Speaks into another microphone from now on. */
  async speakInto(microphone: MediaStream): Promise<void> {
    this.#microphone = microphone;
    const track = microphone.getAudioTracks()[0];
    if (!track) return;
    track.enabled = !this.#muted && !this.#held;
    await this.#session?.connection?.getSenders()[0]?.replaceTrack(track);
  }

  /** Takes up a call of a page that is gone. */
  resume(dialog: Dialog): void {
    this.#ua.call(`sip:${RESUME}@${this.#domain}`, {
      mediaStream: this.#microphone,
      pcConfig: { iceServers: [] },
      extraHeaders: [replaces(dialog), "Require: replaces"],
    });
  }

  #disconnected(code: number): void {
    this.#connected = false;
    if (this.#over) return;
    if (code === TAKEN || FINAL.has(code)) {
      this.stop();
      this.#o.onLine(code === TAKEN ? "taken" : "refused");
    } else {
      this.#o.onLine("lost");
    }
  }

  /** After the line was lost in mid-talk: tells Asterisk where this page can be reached now. */
  #reach(): void {
    const s = this.#session;
    if (s?.isEstablished() && s.isReadyToReOffer()) s.renegotiate();
  }

  #begin({ session: s, request }: NewSession): void {
    if (this.#session && !this.#session.isEnded()) {
      s.terminate(BUSY);
      return;
    }
    this.#session = s;
    this.#held = this.#muted = false;
    this.#answersItself =
      s.direction === "incoming" && answersItself(request.getHeaders("Call-Info"), request.getHeaders("Alert-Info"));
    for (const track of this.#microphone.getAudioTracks()) track.enabled = true;
    const listen = (pc: RTCPeerConnection) =>
      pc.addEventListener("track", (e) => this.#o.onVoice(e.streams[0] ?? new MediaStream([e.track])));
    if (s.connection) listen(s.connection);
    else s.on("peerconnection", (e) => listen(e.peerconnection));
    // The first candidate will do: page and Asterisk reach each other without help. Waiting for all costs time.
    s.on("icecandidate", (e) => e.ready());
    s.on("accepted", () => this.#show());
    s.on("confirmed", () => {
      this.#show();
      const id = (s as unknown as WithDialog)._dialog?.id;
      if (id) this.#o.onDialog({ callId: id.call_id, localTag: id.local_tag, remoteTag: id.remote_tag });
    });
    s.on("hold", (e) => this.#holding(e.originator as string, true));
    s.on("unhold", (e) => this.#holding(e.originator as string, false));
    s.on("muted", () => this.#show());
    s.on("unmuted", () => this.#show());
    s.on("ended", () => this.#ended(s));
    s.on("failed", () => this.#ended(s));
    this.#show();
  }

  #holding(by: string, on: boolean): void {
    if (by !== "local") return;
    this.#held = on;
    this.#show();
  }

  #ended(s: RTCSession): void {
    if (this.#session !== s) return;
    this.#session = null;
    this.#o.onDialog(null);
    this.#o.onCall(null);
  }

  #show(): void {
    const s = this.#session;
    if (!s) return;
    const user = s.direction === "incoming" ? (s.remote_identity.uri.user ?? "") : "";
    this.#o.onCall({
      phase: !s.isInProgress() ? "talking" : s.direction === "incoming" ? "ringing" : "resuming",
      number: user === "anonymous" ? "" : user,
      muted: this.#muted,
      held: this.#held,
      answersItself: this.#answersItself,
    });
  }
}
