import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type Browser, type Microphone, openBrowser } from "./chromium";
import { eventually, Switchboard } from "./switchboard";
import { goTo, login } from "./user";

/** The agent's voice, the customer's and a supervisor's, in Hz; none is an overtone of another. */
const AGENT = 1000;
const CUSTOMER = 440;
const SUPERVISOR = 1550;
/** What a customer on hold hears from the laboratory's Asterisk. */
const MUSIC = 350;

let board: Switchboard;
const browsers: Browser[] = [];

beforeAll(async () => {
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
afterAll(() => board.close());

/** A browser with a page whose agent is logged in. */
async function agentPage(microphone: Microphone = { tone: AGENT }, agent = "홍길동"): Promise<Page> {
  const browser = await openBrowser(undefined, microphone);
  browsers.push(browser);
  await browser.context.addInitScript(spy);
  const page = await browser.page();
  await login(page, board.url, agent, "demo");
  return page;
}

const ready = (page: Page) => page.locator("[data-phone=ready]").waitFor();

/** Keeps the page's peer connections and its loudspeaker at hand: what they tell is the proof that sound flows. */
function spy(): void {
  const play = HTMLMediaElement.prototype.setSinkId;
  HTMLMediaElement.prototype.setSinkId = async function (id) {
    await play.call(this, id);
    Object.assign(window, { sink: this.sinkId });
  };
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

/** Whether the newest call of the page hears a tone now. */
function hasTone(page: Page, hz: number): Promise<boolean> {
  return page.evaluate(async (hz) => {
    const all = (window as unknown as { connections: RTCPeerConnection[] }).connections;
    const track = all.at(-1)?.getReceivers()[0]?.track;
    if (!track) return false;
    const context = new AudioContext();
    await context.resume();
    const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    await new Promise((resolve) => setTimeout(resolve, 300)); // until it has heard enough
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    await context.close();
    const at = Math.round((hz * analyser.fftSize) / context.sampleRate);
    return Math.max(...levels.slice(at - 2, at + 3)) > -45; // dB
  }, hz);
}
const hearsTone = (page: Page, hz: number) => eventually(`the page hears ${hz} Hz`, () => hasTone(page, hz));
/** Does not hear a tone in so many looks: they take longer than the pauses of a voice. */
async function hearsNoTone(page: Page, hz: number): Promise<void> {
  for (let looks = 0; looks < 5; looks++) expect(await hasTone(page, hz)).toBe(false);
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

it("speaks into another microphone, mutes, holds, sends digits and hangs up", async () => {
  const { page, customer } = await talk();
  await page.getByRole("button", { name: "마이크와 스피커" }).click();
  for (const [label, device] of [
    [/^마이크/, "Fake Audio Input 2"],
    [/^스피커/, "Fake Audio Output 2"],
  ] as const)
    await page.getByRole("combobox", { name: label }).selectOption({ label: device });
  await eventually("both are in use", () =>
    page.evaluate(async () => {
      const { connections, sink } = window as unknown as { connections: RTCPeerConnection[]; sink: string };
      const speaker = (await navigator.mediaDevices.enumerateDevices()).find((d) => d.label === "Fake Audio Output 2");
      return sink === speaker?.deviceId && connections.at(-1)?.getSenders()[0]?.track?.label === "Fake Audio Input 2";
    }),
  );
  await page.keyboard.press("Escape");
  await talking(page, customer);

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
  await handToColleague(page, call);
});

/** Hands the talk to 성춘향, whose telephone answers by itself; both pages show it. */
async function handToColleague(page: Page, call: string): Promise<void> {
  const colleague = await agentPage("missing", "성춘향");
  await colleague.locator(".state .tag.available").waitFor();
  await page.getByRole("button", { name: "전달" }).click();
  await page
    .getByRole("dialog")
    .getByRole("button", { name: /성춘향/ })
    .click();
  await page.locator("[data-handover]", { hasText: "성춘향" }).waitFor();
  expect(await callOf(colleague)).toBe(call);
  await page.locator(`section:not(.talking)[data-call="${call}"] .what`, { hasText: "전달" }).waitFor();
  await page.locator(`[data-live="${call}"]`, { hasText: "성춘향" }).waitFor();
  await colleague.getByRole("button", { name: "끊기" }).click();
  await colleague.locator(`section:not(.talking)[data-call="${call}"]`).waitFor();
}

it("hands a caller to a colleague", async () => {
  const { page, customer, call } = await talk();
  await handToColleague(page, call);
  await customer.state("over");
});

it("lets a supervisor listen, whisper and barge in on a phone that is a page too", async () => {
  const boss = await agentPage({ tone: SUPERVISOR }, "감독");
  await ready(boss);
  const { page, customer } = await talk();
  await goTo(boss, "board");
  const row = boss.locator("[data-agent=홍길동]");
  for (const [act, says, toAgent, toCustomer] of [
    ["listen", "받으면 홍길동의 통화가 들립니다", false, false],
    ["whisper", "내 말이 홍길동에게만 들립니다", true, false],
    ["barge", "고객과 함께 통화합니다", true, true],
  ] as const) {
    await row.getByRole("button", { name: "홍길동" }).click();
    await row.locator(`[data-act=${act}]`).click();
    await boss.getByRole("status").getByText(says).waitFor();
    await boss.getByRole("button", { name: /^받기/ }).waitFor();
    await boss.keyboard.press("F9");
    await boss.locator("[data-phone]", { hasText: "통화 중" }).waitFor();
    await hearsTone(boss, CUSTOMER);
    await hearsTone(boss, AGENT);
    await Promise.all([
      toAgent ? hearsTone(page, SUPERVISOR) : hearsNoTone(page, SUPERVISOR),
      toCustomer ? customer.hears(SUPERVISOR) : customer.doesNotHear(SUPERVISOR),
    ]);
    await boss.getByRole("button", { name: "끊기" }).click();
    await boss.locator("[data-phone]", { hasText: "통화 중" }).waitFor({ state: "detached" });
  }
  await talking(page, customer); // which went on all the time
});

it("lets one of two agents call a missed caller back, and tells the other who does", async () => {
  const names = ["심청", "전우치"];
  const pages = await Promise.all(names.map((agent) => agentPage(undefined, agent)));
  for (const page of pages) {
    await ready(page);
    await page.keyboard.press("F4");
    await page.keyboard.press("1");
    await page.locator(".state .tag.away").waitFor();
  }
  const customer = await board.call("01066667777", CUSTOMER, { to: "0215883456" });
  await pages[0]!.locator("[data-live]", { hasText: "010-6666-7777" }).waitFor();
  await customer.hangup();
  const row = (page: Page) => page.locator("[data-missed]", { hasText: "010-6666-7777" });
  for (const page of pages) {
    await goTo(page, "missed");
    await row(page).waitFor();
  }
  const callBack = (page: Page) => row(page).getByRole("button", { name: "전화 걸기", exact: true });
  // Both press at the same moment, whatever the one has been told of the other.
  await Promise.all(pages.map((page) => callBack(page).evaluate((button: HTMLButtonElement) => button.click())));
  const caller = await Promise.race(
    pages.map(async (page, i) => {
      await page.locator("section.outgoing[data-call]").waitFor();
      return i;
    }),
  );
  const other = pages[1 - caller]!;
  for (const page of pages) await row(page).getByText(`${names[caller]} 처리 중`).waitFor();
  expect(await callBack(other).isDisabled()).toBe(true);
  expect(await other.locator("section.outgoing").count()).toBe(0);
  await pages[caller]!.getByRole("button", { name: "취소" }).click();
  await other.locator("[data-missed] [data-callbacks]", { hasText: names[caller]! }).waitFor();
  await callBack(other).and(other.locator(":enabled")).waitFor();
  for (const page of pages) {
    await page.keyboard.press("F2"); // the next test finds them as they were
    await page.locator(".state .tag.available").waitFor();
  }
});

it("rings with two others at once, and is quiet when one of them has answered", async () => {
  const pages = await Promise.all(["심청", "전우치", "방자"].map((agent) => agentPage(undefined, agent)));
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
