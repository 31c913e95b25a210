/** The Korean ringing tone: 440 and 480 Hz, one second on and two off. */
const HERTZ = [440, 480];
const ON = 1;
const EVERY = 3;
const VOLUME = 0.12;
/** What is heard when the phone has answered by itself. */
const CHIME = { hertz: [880], seconds: 0.2 };

/**
 * The page's ring tone. Browsers let a page sound only after it was touched
 * once: until then blocked is true.
 */
export class Ringtone {
  #context: AudioContext | null = null;
  #sounding: GainNode | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #onBlocked: (blocked: boolean) => void;

  constructor(onBlocked: (blocked: boolean) => void) {
    this.#onBlocked = onBlocked;
  }

  /** Call it on the user's first touch of the page. */
  unlock(): void {
    this.#context ??= new AudioContext();
    void this.#context.resume().then(() => this.#tell());
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#context ??= new AudioContext();
    this.#tell();
    this.once();
    this.#timer = setInterval(() => this.once(), EVERY * 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#sounding?.disconnect();
    this.#sounding = null;
    this.#onBlocked(false);
  }

  /** One ring. */
  once(): void {
    this.#sound(HERTZ, ON);
  }

  /** One short tone. */
  chime(): void {
    this.#context ??= new AudioContext();
    this.#sound(CHIME.hertz, CHIME.seconds);
  }

  #sound(tones: readonly number[], seconds: number): void {
    const c = this.#context;
    if (!c || c.state !== "running") return;
    const gain = (this.#sounding = c.createGain());
    const t = c.currentTime;
    gain.gain.setValueAtTime(0, t);
    gain.gain.linearRampToValueAtTime(VOLUME, t + 0.02);
    gain.gain.setValueAtTime(VOLUME, t + seconds - 0.05);
    gain.gain.linearRampToValueAtTime(0, t + seconds);
    gain.connect(c.destination);
    for (const hertz of tones) {
      const o = c.createOscillator();
      o.frequency.value = hertz;
      o.connect(gain);
      o.start(t);
      o.stop(t + seconds);
    }
  }

  #tell(): void {
    this.#onBlocked(this.#timer !== undefined && this.#context?.state !== "running");
  }
}
