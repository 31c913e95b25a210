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
/** What a customer on hold hears from the laboratory's Asterisk. */
const MUSIC = 350;

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
  await board.hangUpAll();
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
async function agentPage(microphone: Microphone = voice, agent = "홍길동"): Promise<Page> {
  const browser = await startChromium(undefined, microphone);
  browsers.push(browser);
  await browser.context.addInitScript(spy);
  const page = await browser.page();
  await login(page, board.url, agent, "demo");
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

/** A talk between the agent on a new page and a customer. */
async function talk() {
  const page = await agentPage();
  await ready(page);
  await page.locator(".state .tag.available").waitFor();
  const customer = await board.call("01012345678", CUSTOMER);
  await page.locator("[data-answer]").click();
  const call = await callOf(page);
  await talking(page, customer);
  return { page, customer, call };
}

it("is the telephone: rings, is answered by key, and both voices are heard and recorded", async () => {
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

it("mutes, holds, sends digits and hangs up", async () => {
  const { page, customer } = await talk();
  await page.keyboard.press("Alt+M");
  await page.getByRole("button", { name: "음소거됨" }).waitFor();
  await customer.doesNotHear(AGENT);
  await page.keyboard.press("Alt+M");
  await customer.hears(AGENT);

  await page.getByRole("button", { name: "보류", exact: true }).click();
  await page.locator("section.held .what", { hasText: "보류 중" }).waitFor();
  await page.locator("li.held[data-live]").waitFor();
  await customer.hears(MUSIC);
  await customer.doesNotHear(AGENT);
  await page.getByRole("button", { name: "보류 해제" }).click();
  await talking(page, customer);

  await page.getByRole("button", { name: "키패드" }).click();
  for (const key of ["1", "9", "#"]) await page.locator(".pad").getByRole("button", { name: key }).click();
  await eventually("the digits arrive", async () => (await customer.look()).digits === "19#");

  await page.getByRole("button", { name: "끊기" }).click();
  await customer.state("over");
});

it("declines", async () => {
  const page = await agentPage();
  await ready(page);
  const customer = await board.call("01012345678", CUSTOMER);
  await page.locator("[data-answer]").waitFor();
  await page.keyboard.press("Shift+F9");
  await page.locator("[data-alert]").waitFor({ state: "detached" });
  await customer.hears(MUSIC); // until somebody takes the call
});

it("takes the talk up again after a reload", async () => {
  const { page, customer, call } = await talk();
  let warned = false;
  page.on("dialog", (d) => {
    warned = d.type() === "beforeunload";
    void d.accept();
  });
  await page.reload();
  await ready(page);
  await talking(page, customer);
  expect(warned).toBe(true);
  // It is the same call for everybody, and stays so.
  expect(await callOf(page)).toBe(call);
  await page.waitForTimeout(6_000);
  expect(await callOf(page)).toBe(call);
  await talking(page, customer);
  await page.getByRole("button", { name: "끊기" }).click();
  await customer.state("over");
  await page.locator("section.talking[data-call]").waitFor({ state: "detached" });
});

it("takes the held customer back after one reload and after another", async () => {
  const { page, customer, call } = await talk();
  page.on("dialog", (d) => void d.accept());
  await page.getByRole("button", { name: "보류", exact: true }).click();
  await page.locator("section.held").waitFor();
  await customer.hears(MUSIC);
  for (let i = 0; i < 2; i++) {
    await page.reload();
    await ready(page);
    await page.locator("[data-phone]", { hasText: "통화 중" }).waitFor();
    await page.waitForTimeout(3_000); // it stays so
    expect(await callOf(page)).toBe(call);
    await page.locator("section.held").waitFor();
    await customer.hears(MUSIC);
  }
  await page.getByRole("button", { name: "보류 해제" }).click();
  await talking(page, customer);
  await page.getByRole("button", { name: "끊기" }).click();
  await customer.state("over");
  await page.locator("section.talking[data-call]").waitFor({ state: "detached" });
});

it("goes over to another tab when its own is closed in mid-talk", async () => {
  const { page, customer, call } = await talk();
  const other = await browsers[0]!.page();
  await other.goto(board.url);
  await other.locator("[data-phone=elsewhere]").waitFor();
  await page.close();
  await ready(other);
  await talking(other, customer);
  expect(await callOf(other)).toBe(call);
  await customer.hangup();
  await other.locator("section.talking[data-call]").waitFor({ state: "detached" });
});

it.each([
  ["missing", "마이크를 찾을 수 없습니다."],
  ["blocked", "마이크 사용이 막혀 있습니다."],
] as const)("says that the microphone is %s, and is not rung", async (fault, text) => {
  const page = await agentPage(fault);
  await page.locator(`[data-fault=${fault}]`, { hasText: text }).waitFor();
  await page.locator(".state .tag.unreachable").waitFor();
});

it("takes calls once the microphone is allowed", async () => {
  const page = await agentPage("blocked");
  await page.locator("[data-fault=blocked]").waitFor();
  await browsers[0]!.context.grantPermissions(["microphone"], { origin: new URL(board.url).origin });
  await page.getByRole("button", { name: "다시 시도" }).click();
  await ready(page);
  await page.locator(".state .tag.available").waitFor();
});

it("ends with the log-out, in the middle of a talk too", async () => {
  const { page, customer } = await talk();
  page.on("dialog", (d) => void d.accept());
  await page.getByRole("button", { name: /설정/ }).click();
  await page.getByRole("button", { name: "로그아웃" }).click();
  await page.getByText("로그아웃했습니다.").waitFor();
  await customer.state("over");
  await eventually("the line is closed", async () =>
    /^calld_web_phones 0$/m.test(await (await fetch(board.url + "metrics")).text()),
  );
});

it("is given over to another browser when that is asked for, and not before", async () => {
  const { page, customer } = await talk();
  const other = await agentPage();
  await other.locator("[data-phone=taken]").waitFor();
  await talking(page, customer);
  await customer.hangup();
  await page.locator("section.talking[data-call]").waitFor({ state: "detached" });
  await other.getByRole("button", { name: "여기서 받기" }).click();
  await ready(other);
  await page.locator("[data-phone=taken]").waitFor();
});

it("comes back by itself when Asterisk was restarted", async () => {
  const page = await agentPage();
  await ready(page);
  await Promise.all([page.locator("[data-phone=lost]").waitFor(), board.ask("POST", "asterisk/restart")]);
  await ready(page);
  await page.locator(".state .tag.available").waitFor();
  await board.call("01012345678", CUSTOMER);
  await page.locator("[data-answer]").waitFor();
});

it("goes on talking while calld is killed and started again", async () => {
  const { page, customer, call } = await talk();
  await Promise.all([page.locator("[data-phone=lost]").waitFor(), board.kill()]);
  await talking(page, customer);
  await board.start();
  await ready(page);
  expect(await callOf(page)).toBe(call);
  await talking(page, customer);
  // The customer's goodbye finds the way to the page, which has a new line now.
  await customer.hangup();
  await page.locator("[data-phone]", { hasText: "통화 중" }).waitFor({ state: "detached" });
  await page.locator("section.talking[data-call]").waitFor({ state: "detached" });
});

/** The agent has a customer called. */
async function callOut(page: Page, number: string): Promise<void> {
  const status = await page.evaluate(async (number) => {
    const body = JSON.stringify({ agent: "홍길동", queue: "123456", number });
    const headers = { "Content-Type": "application/json" };
    return (await fetch("api/v1/calls", { method: "POST", headers, body })).status;
  }, number);
  expect(status).toBeLessThan(300);
}

it("picks up by itself when its agent has a customer called", async () => {
  const page = await agentPage();
  await ready(page);
  await page.locator(".state .tag.available").waitFor();
  const picked = page.evaluate(
    () =>
      new Promise((resolve) => {
        const look = new MutationObserver(() => {
          if (document.querySelector("[data-phone] .state")?.textContent.includes("통화 중")) resolve(true);
        });
        look.observe(document.body, { subtree: true, childList: true });
      }),
  );
  await callOut(page, "01099998888");
  expect(await picked).toBe(true);
});

it("takes a held customer back after a reload whom its agent has called", async () => {
  const page = await agentPage();
  await ready(page);
  await page.locator(".state .tag.available").waitFor();
  page.on("dialog", (d) => void d.accept());
  await callOut(page, "01055556666"); // answers with the customer's voice
  const hears = () => eventually("the page hears the customer", async () => (await heard(page)).level > 0.1);
  await hears();
  const call = await callOf(page);
  await page.getByRole("button", { name: "보류", exact: true }).click();
  await page.locator("section.held").waitFor();
  await page.reload();
  await ready(page);
  await page.locator("[data-phone]", { hasText: "통화 중" }).waitFor();
  await page.waitForTimeout(3_000); // it stays so
  expect(await callOf(page)).toBe(call);
  await page.locator("section.held").waitFor();
  await page.getByRole("button", { name: "보류 해제" }).click();
  await hears();
  await page.getByRole("button", { name: "끊기" }).click();
  await page.locator("section.talking[data-call]").waitFor({ state: "detached" });
});

it("rings with two others at once, and is quiet when one of them has answered", async () => {
  const pages = await Promise.all(["심청", "전우치", "방자"].map((agent) => agentPage(voice, agent)));
  for (const page of pages) {
    await ready(page);
    await page.locator(".state .tag.available").waitFor();
  }
  const customer = await board.call("01012345678", CUSTOMER, { to: "0215883456" });
  for (const page of pages) await page.locator("[data-answer]").waitFor();
  const [first, second, third] = pages as [Page, Page, Page];
  await second.keyboard.press("F9");
  await callOf(second);
  await talking(second, customer);
  for (const page of [first, third]) {
    await page.locator("[data-alert]").waitFor({ state: "detached" });
    await page.locator(".state .tag.available").waitFor();
    await page.locator("li[data-live]", { hasText: "전우치" }).waitFor();
  }
});
