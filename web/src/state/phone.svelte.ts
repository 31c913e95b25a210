import type { Api } from "../lib/api";
import { lead } from "../lib/leader";
import { type Device, listDevices, Meter, MicError, type MicFault, openMicrophone } from "../lib/microphone";
import type { Line, PhoneCall, SipPhone } from "../lib/sip";
import type { Store } from "../lib/storage";
import { type Dialog, TalkMemory } from "../lib/talk";
import type { Prefs } from "./prefs.svelte";

/** How the telephone is; off: the agent has one on the desk. elsewhere: it is in another tab. */
export type PhoneState = "off" | "elsewhere" | "microphone" | Line;

/** How often the microphone's level is shown, and the talk remembered. */
const LEVEL_EVERY = 100;
const KEEP_EVERY = 2_000;
const AGAIN = 5_000;

/**
 * The telephone inside the page. Of several tabs one has it. Without a
 * microphone it does not register: nobody is rung who can't speak.
 */
export class WebPhone {
  readonly #api: Api;
  readonly #prefs: Prefs;
  readonly #store: Store;
  readonly #memory: TalkMemory;
  readonly #onAnswered: () => void;
  #started = false;
  #release: () => void = () => undefined;
  #sip: SipPhone | null = null;
  #stream: MediaStream | null = null;
  #meter: Meter | null = null;
  #voice: HTMLAudioElement | null = null;
  #dialog: Dialog | null = null;
  #opening = false;
  #take = false;
  #timers: ReturnType<typeof setInterval>[] = [];
  #again: ReturnType<typeof setTimeout> | undefined;

  state = $state<PhoneState>("off");
  fault = $state<MicFault | null>(null);
  /** The browser is asking the user for the microphone. */
  asking = $state(false);
  call = $state.raw<PhoneCall | null>(null);
  /** How loud the microphone is, from 0 to 1. */
  level = $state(0);
  microphones = $state.raw<Device[]>([]);
  speakers = $state.raw<Device[]>([]);
  /** Whether the browser lets one choose the loudspeaker. */
  readonly choosesSpeaker = "setSinkId" in HTMLMediaElement.prototype;

  /** onAnswered: the phone has picked up by itself. */
  constructor(agent: string, api: Api, store: Store, prefs: Prefs, onAnswered: () => void) {
    this.#api = api;
    this.#prefs = prefs;
    this.#store = store;
    this.#memory = new TalkMemory(store, agent);
    this.#onAnswered = onAnswered;
  }

  get rings(): boolean {
    return this.call?.phase === "ringing";
  }
  get talks(): boolean {
    return this.call !== null && this.call.phase !== "ringing";
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.state = "elsewhere";
    (navigator as Partial<Navigator>).mediaDevices?.addEventListener("devicechange", this.#plugged);
    addEventListener("pagehide", this.#leaving);
    addEventListener("beforeunload", this.#warn);
    this.#release = lead("calld.phone", () => void this.#open());
  }

  stop(): void {
    if (!this.#started) return;
    this.#started = false;
    (navigator as Partial<Navigator>).mediaDevices?.removeEventListener("devicechange", this.#plugged);
    removeEventListener("pagehide", this.#leaving);
    removeEventListener("beforeunload", this.#warn);
    this.#hangUpLine();
    this.#meter?.close();
    this.#meter = null;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    for (const t of this.#timers) clearInterval(t);
    this.#timers = [];
    clearTimeout(this.#again);
    this.#release();
    this.state = "off";
    this.fault = null;
  }

  /** Tries again what did not work: the microphone, or the line that another browser has. */
  retry(): void {
    this.#take = this.state === "taken";
    void this.#open();
  }

  answer(): void {
    this.#sip?.answer();
  }
  /** Hangs up, or declines a call that rings. */
  hangup(): void {
    this.#sip?.hangup();
  }
  toggleMute(): void {
    if (this.talks) this.#sip?.mute(!this.call!.muted);
  }
  toggleHold(): void {
    if (this.talks) this.#sip?.hold(!this.call!.held);
  }
  digits(tones: string): void {
    if (this.talks) this.#sip?.digits(tones);
  }

  async useMicrophone(id: string): Promise<void> {
    this.#prefs.microphone = id;
    await this.#open();
  }

  async useSpeaker(id: string): Promise<void> {
    this.#prefs.speaker = id;
    // A loudspeaker that was unplugged: the browser goes on with its own choice.
    if (this.choosesSpeaker) await this.#voice?.setSinkId(id).catch(() => undefined);
  }

  /** Opens the microphone anew, and the line if there is none. */
  async #open(): Promise<void> {
    if (!this.#started || this.#opening) return;
    this.#opening = true;
    clearTimeout(this.#again);
    try {
      if (!this.#sip) this.state = "microphone";
      const fault = await this.#openMicrophone();
      if (!this.#started) return;
      this.fault = fault;
      if (fault !== null) {
        // A talk that is under way may at least be heard.
        if (!this.call) this.#hangUpLine();
        if (!this.#sip) this.state = "microphone";
        return;
      }
      if (!this.#sip) await this.#openLine();
    } finally {
      this.#opening = false;
    }
  }

  async #openMicrophone(): Promise<MicFault | null> {
    this.asking = this.#stream === null;
    try {
      const stream = await openMicrophone(this.#prefs.microphone);
      if (!this.#started) {
        for (const track of stream.getTracks()) track.stop();
        return null;
      }
      const old = this.#stream;
      this.#stream = stream;
      for (const track of stream.getAudioTracks()) track.addEventListener("ended", this.#plugged);
      await this.#sip?.speakInto(stream);
      for (const track of old?.getTracks() ?? []) track.stop();
      this.#meter ??= new Meter();
      this.#meter.follow(stream);
      if (this.#timers.length === 0) {
        this.#timers = [setInterval(this.#measure, LEVEL_EVERY), setInterval(this.#keep, KEEP_EVERY)];
      }
      return null;
    } catch (e) {
      if (e instanceof MicError) return e.fault;
      throw e;
    } finally {
      this.asking = false;
      const { microphones, speakers } = await listDevices();
      this.microphones = microphones;
      this.speakers = speakers;
    }
  }

  async #openLine(): Promise<void> {
    this.state = "connecting";
    // Its own chunk: who has a telephone on the desk does not load it.
    const [account, sip] = await Promise.all([this.#api.phone(), import("../lib/sip")]).catch(() => []);
    if (!this.#started || !this.#stream) return;
    if (!account || !sip) {
      this.state = "lost";
      this.#again = setTimeout(() => void this.#open(), AGAIN);
      return;
    }
    const phone = new sip.SipPhone({
      account,
      url: this.#url(),
      microphone: this.#stream,
      onLine: (line) => this.#sip === phone && this.#lined(line),
      onCall: (call) => this.#called(call),
      onVoice: (stream) => this.#play(stream),
      onDialog: (d) => {
        this.#dialog = d;
        if (d) this.#keep();
        else this.#memory.forget();
      },
    });
    this.#sip = phone;
    phone.start();
  }

  #url(): string {
    const url = new URL("sip", document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    url.searchParams.set("browser", this.#browser());
    if (this.#take) url.searchParams.set("take", "1");
    return url.href;
  }

  /** What this browser's lines are known by. */
  #browser(): string {
    const key = "calld.browser";
    const name = this.#store.getItem(key) ?? crypto.randomUUID();
    this.#store.setItem(key, name);
    return name;
  }

  #lined(line: Line): void {
    this.state = line;
    if (line === "taken") this.#sip = null; // until the user wants it back
    if (line !== "ready" || this.call) return;
    const left = this.#memory.take(Date.now());
    if (left) this.#sip?.resume(left);
  }

  #called(call: PhoneCall | null): void {
    const begins = this.call === null;
    this.call = call;
    // Without a microphone whoever calls would hear nobody: it rings on, as long as it is offered.
    if (!begins || !call?.answersItself || call.phase !== "ringing" || this.fault !== null) return;
    this.answer();
    this.#onAnswered();
  }

  #hangUpLine(): void {
    this.#sip?.stop();
    this.#sip = null;
    this.call = null;
    this.#voice?.pause();
    this.#voice = null;
  }

  #play(stream: MediaStream): void {
    this.#voice?.pause();
    const voice = (this.#voice = new Audio());
    voice.srcObject = stream;
    void this.useSpeaker(this.#prefs.speaker).then(() => voice.play());
  }

  /** A device came or went: another one may have to do. */
  #plugged = (): void => {
    void listDevices().then(({ microphones, speakers }) => {
      this.microphones = microphones;
      this.speakers = speakers;
      const live = this.#stream?.getAudioTracks().some((t) => t.readyState === "live");
      if (!live && this.state !== "elsewhere" && this.state !== "taken") void this.#open();
    });
  };

  #measure = (): void => {
    const level = document.hidden ? 0 : Math.round((this.#meter?.read() ?? 0) * 20) / 20;
    if (level !== this.level) this.level = level;
  };

  #keep = (): void => {
    if (this.#dialog) this.#memory.keep(this.#dialog, Date.now());
  };

  /** The page goes: the next one takes the talk up. */
  #leaving = (): void => this.#keep();

  #warn = (e: BeforeUnloadEvent): void => {
    if (this.talks) e.preventDefault();
  };
}
