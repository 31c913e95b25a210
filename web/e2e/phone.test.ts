import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type Browser, type Microphone, startChromium } from "./chromium";
import { eventually, Switchboard, writeVoice } from "./switchboard";
import { login } from "./user";

/** The agent's voice and the customer's, in Hz. */
const AGENT = 1000;
const CUSTOMER = 440;

let board: Switchboard;
let dir: string;
let voice: Microphone;
const browsers: Browser[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "calld-voice-"));
  voice = { wav: join(dir, "voice.wav") };
  await writeVoice(voice.wav, AGENT);
  board = await Switchboard.open();
}, 240_000);
afterEach(async () => {
  const faults = [];
  for (const b of browsers.splice(0)) {
    faults.push(...b.faults);
    await b.close();
  }
  expect(faults).toEqual([]);
});
afterAll(async () => {
  await board.close();
  await rm(dir, { recursive: true, force: true });
});

/** A browser with a page whose agent is logged in. */
async function agentPage(microphone: Microphone = voice): Promise<Page> {
  const browser = await startChromium(undefined, microphone);
  browsers.push(browser);
  await browser.context.addInitScript(spy);
  const page = await browser.page();
  await login(page, board.url, "홍길동", "demo");
  return page;
}

const ready = (page: Page) => page.locator("[data-phone=ready]").waitFor();

/** Keeps the page's peer connections at hand: what they tell is the proof that sound flows. */
function spy(): void {
  const Real = window.RTCPeerConnection;
  const all: RTCPeerConnection[] = [];
  Object.assign(window, { connections: all });
  window.RTCPeerConnection = new Proxy(Real, {
    construct(target, args: [RTCConfiguration?]) {
      const pc = new target(...args);
      all.push(pc);
      return pc;
    },
  });
}

interface Heard {
  /** Packets from Asterisk and to it. */
  received: number;
  sent: number;
  /** The customer's voice, from 0 to 1. */
  level: number;
}

/** What the newest call of the page has heard so far. */
function heard(page: Page): Promise<Heard> {
  return page.evaluate(async () => {
    const all = (window as unknown as { connections: RTCPeerConnection[] }).connections;
    const h = { received: 0, sent: 0, level: 0 };
    const stats = await all.at(-1)?.getStats();
    stats?.forEach((s: { type: string; packetsReceived?: number; packetsSent?: number; audioLevel?: number }) => {
      if (s.type === "inbound-rtp") [h.received, h.level] = [s.packetsReceived ?? 0, s.audioLevel ?? 0];
      if (s.type === "outbound-rtp") h.sent = s.packetsSent ?? 0;
    });
    return h;
  });
}

/** Both hear each other. */
async function talking(page: Page, customer: Awaited<ReturnType<Switchboard["call"]>>): Promise<void> {
  await customer.hears(AGENT);
  await eventually("the page hears the customer", async () => (await heard(page)).level > 0.1);
}

async function callOf(page: Page): Promise<string> {
  const card = page.locator("section.talking[data-call]");
  await card.waitFor();
  return (await card.getAttribute("data-call"))!;
}

it("is the telephone: rings, is answered, and both voices are heard and recorded", async () => {
  const page = await agentPage();
  await ready(page);
  await page.locator(".state .tag.available").waitFor();
  const customer = await board.call("01012345678", CUSTOMER);
  await page.locator("[data-answer]").waitFor();
  await page.keyboard.press("F9");
  const call = await callOf(page);
  await talking(page, customer);
  const before = await heard(page);
  await eventually("packets flow both ways", async () => {
    const now = await heard(page);
    return now.received > before.received + 50 && now.sent > before.sent + 50;
  });
  await customer.hangup();
  await page.locator("section.talking[data-call]").waitFor({ state: "detached" });
  const [agent, other] = await board.recording(call, [AGENT, CUSTOMER]);
  expect(agent).toBeGreaterThan(0.2);
  expect(other).toBeGreaterThan(0.2);
});
