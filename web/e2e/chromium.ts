import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser as Process, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll } from "vitest";
import { writeVoice } from "./voice";

const EXECUTABLE = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Nothing may leave this machine: neither DNS look-ups nor multicast. */
const OFFLINE = [
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  "--disable-features=WebRtcHideLocalIpsWithMdns,MediaRouter,OptimizationHints",
];

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A browser's microphone: who speaks into it has a tone (Hz) for a voice; or there is none, or the user has forbidden it. */
export type Microphone = { tone: number } | "missing" | "blocked";

/** Calls stay on this machine's loopback, as all else. */
const CALLS = ["--allow-loopback-in-peer-connection"];

async function microphoneFlags(m: Microphone, dir: string): Promise<string[]> {
  if (m === "blocked") return ["--use-fake-device-for-media-stream"];
  const allowed = ["--use-fake-ui-for-media-stream"];
  if (m === "missing") return allowed;
  const voice = join(dir, "voice.wav");
  await writeVoice(voice, m.tone);
  return [...allowed, "--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${voice}`];
}

/** One user's browser: nothing of another user is in it. */
export interface Browser {
  context: BrowserContext;
  /** What pages said on their consoles as errors, CSP violations included. */
  faults: string[];
  page(): Promise<Page>;
  close(): Promise<void>;
}

/** One Chromium for each kind of microphone, which is a matter of its command line; all tests of a file share them. */
const started = new Map<string, Promise<Chromium>>();

/** A browser with a profile of its own. */
export async function openBrowser(
  size = { width: 1280, height: 720 },
  microphone: Microphone = "missing",
): Promise<Browser> {
  const kind = JSON.stringify(microphone);
  const starting = started.get(kind) ?? launch(microphone);
  started.set(kind, starting);
  const { process } = await starting;
  const context = await process.newContext({ viewport: size, locale: "ko-KR", timezoneId: "Asia/Seoul" });
  const faults: string[] = [];
  return {
    context,
    faults,
    async page() {
      const page = await context.newPage();
      page.on("pageerror", (e) => faults.push(String(e)));
      page.on("console", (m) => {
        // What the network does is the tests' own doing; the rest is a fault of the page.
        if (m.type() === "error" && !/WebSocket connection|Failed to load resource/.test(m.text()))
          faults.push(m.text());
      });
      return page;
    },
    close: () => context.close(),
  };
}

afterAll(async () => {
  for (const starting of started.values()) {
    const { process, dir } = await starting;
    await process.close();
    await rm(dir, { recursive: true, force: true });
  }
});

interface Chromium {
  process: Process;
  /** Where its user's voice is. */
  dir: string;
}

async function launch(microphone: Microphone): Promise<Chromium> {
  const dir = await mkdtemp(join(tmpdir(), "calld-chromium-"));
  const process = await chromium.launch({
    executablePath: EXECUTABLE,
    headless: true,
    args: [...OFFLINE, ...QUIET, ...CALLS, ...(await microphoneFlags(microphone, dir))],
  });
  return { process, dir };
}
