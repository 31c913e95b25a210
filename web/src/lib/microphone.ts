/** Why there is no microphone to speak into. */
export type MicFault = "missing" | "blocked" | "busy" | "insecure";

export class MicError extends Error {
  constructor(readonly fault: MicFault) {
    super(fault);
  }
}

/** Opens a microphone, the chosen one if it is there; the browser may ask the user first. */
export async function openMicrophone(id: string): Promise<MediaStream> {
  // Browsers hide microphones from pages of plain http, but for those of the own machine.
  const devices = (navigator as Partial<Navigator>).mediaDevices;
  if (!devices) throw new MicError("insecure");
  try {
    // Chromium takes a device that is merely preferred for no more than a hint.
    return await devices.getUserMedia({ audio: id ? { deviceId: { exact: id } } : true });
  } catch (e) {
    if (id && isGone(e)) return openMicrophone("");
    throw new MicError(micFault(e));
  }
}

/** Whether the microphone that was asked for is not plugged in. */
function isGone(e: unknown): boolean {
  // Not every browser's OverconstrainedError is an Error.
  const name = (e as Partial<Error> | null)?.name;
  return name === "OverconstrainedError" || name === "NotFoundError";
}

/** What an error of getUserMedia means for the user. */
export function micFault(e: unknown): MicFault {
  switch (e instanceof Error || e instanceof DOMException ? e.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "blocked";
    case "NotReadableError":
    case "AbortError":
      return "busy";
  }
  return "missing";
}

export interface Device {
  id: string;
  name: string;
}

/** The microphones and loudspeakers; their names are known once a microphone was allowed. */
export async function listDevices(): Promise<{ microphones: Device[]; speakers: Device[] }> {
  const all = (await (navigator as Partial<Navigator>).mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  const of = (kind: MediaDeviceKind) =>
    all.filter((d) => d.kind === kind && d.deviceId).map((d) => ({ id: d.deviceId, name: d.label || d.deviceId }));
  return { microphones: of("audioinput"), speakers: of("audiooutput") };
}

/** How loud a microphone is, from 0 to 1. */
export class Meter {
  readonly #context = new AudioContext();
  readonly #analyser = this.#context.createAnalyser();
  readonly #samples = new Float32Array(512);
  #source: MediaStreamAudioSourceNode | null = null;

  constructor() {
    this.#analyser.fftSize = this.#samples.length;
  }

  follow(stream: MediaStream): void {
    this.#source?.disconnect();
    this.#source = this.#context.createMediaStreamSource(stream);
    this.#source.connect(this.#analyser);
    void this.#context.resume();
  }

  read(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const x of this.#samples) sum += x * x;
    // Speech is around -30 dB: shown in dB, from -60 to 0.
    const db = 10 * Math.log10(sum / this.#samples.length + 1e-9);
    return Math.min(1, Math.max(0, 1 + db / 60));
  }

  close(): void {
    this.#source?.disconnect();
    void this.#context.close();
  }
}
