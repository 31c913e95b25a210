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

export interface Browser {
  context: BrowserContext;
  /** What pages said on their consoles as errors, CSP violations included. */
  faults: string[];
  page(): Promise<Page>;
  close(): Promise<void>;
}

/** A Chromium with a profile of its own: one user's browser. */
export async function startChromium(size = { width: 1280, height: 720 }): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "calld-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: EXECUTABLE,
    headless: true,
    args: [...OFFLINE, ...QUIET],
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
