import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";

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

/** A browser's microphone: a wav file (48 kHz, mono, 16 bit), none at all, or one that the user has forbidden. */
export type Microphone = { wav: string } | "missing" | "blocked";

/** Calls stay on this machine's loopback, as all else. */
const CALLS = ["--allow-loopback-in-peer-connection"];

function microphoneFlags(m: Microphone): string[] {
  if (m === "blocked") return ["--use-fake-device-for-media-stream"];
  const allowed = ["--use-fake-ui-for-media-stream"];
  if (m === "missing") return allowed;
  return [...allowed, "--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${m.wav}`];
}

export interface Browser {
  context: BrowserContext;
  /** What pages said on their consoles as errors, CSP violations included. */
  faults: string[];
  page(): Promise<Page>;
  close(): Promise<void>;
}

/** A Chromium with a profile of its own: one user's browser. */
export async function startChromium(
  size = { width: 1280, height: 720 },
  microphone: Microphone = "missing",
): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "calld-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: EXECUTABLE,
    headless: true,
    args: [...OFFLINE, ...QUIET, ...CALLS, ...microphoneFlags(microphone)],
    viewport: size,
    locale: "ko-KR",
    timezoneId: "Asia/Seoul",
  });
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
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
