import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { Call } from "../src/wire/messages";
import { type Browser, type Microphone, openBrowser } from "./chromium";
import { type Customer, eventually, Switchboard } from "./switchboard";
import { goTo, login } from "./user";

// 성춘향 has a telephone that answers by itself; 이몽룡's is the page.
const SUPPORT = "0215885678";
const BOOKING = "0215889012";
/** What who waits hears from the laboratory's Asterisk, in Hz. */
const MUSIC = 350;

/** How long a page may take to find its server again: its pauses grow to 10 s. */
const BACK = 60_000;

let board: Switchboard;
const browsers: Browser[] = [];
const customers: Customer[] = [];

beforeAll(async () => {
  board = await Switchboard.open();
}, 240_000);
afterAll(() => board.close());
afterEach(async () => {
  for (const c of customers.splice(0)) await c.hangup().catch(() => undefined); // many have hung up
  const faults = [];
  for (const b of browsers.splice(0)) {
    faults.push(...b.faults);
    await b.close();
  }
  expect(faults).toEqual([]);
});

async function open(microphone: Microphone = "missing"): Promise<Browser> {
  const browser = await openBrowser(undefined, microphone);
  browsers.push(browser);
  return browser;
}

async function agentPage(id = "성춘향"): Promise<Page> {
  const page = await (await open()).page();
  await login(page, board.url, id);
  return page;
}

const available = (page: Page) => page.locator(".state .tag.available").waitFor();

async function call(from: string, to = SUPPORT, name = ""): Promise<Customer> {
  const customer = await board.call(from, 440, { to, name });
  customers.push(customer);
  return customer;
}

/** Waits until the agent on the page talks; tells the call. */
async function talking(page: Page): Promise<string> {
  const card = page.locator("section.talking[data-call]");
  await card.waitFor();
  return (await card.getAttribute("data-call"))!;
}

const ofServer = (page: Page, id: string) =>
  page.evaluate(async (id) => (await (await fetch(`api/v1/calls/${id}`)).json()) as Call, id);

it("shows a hostile name that comes by SIP as text", async () => {
  const page = await agentPage();
  await available(page);
  const name = `<img src=x onerror="document.title='owned'"><script>alert(1)</script>`;
  const customer = await call("01011112222", SUPPORT, name);
  await page.locator("aside").getByText("<img src=x onerror=").first().waitFor(); // the alert, or the talk already
  const id = await talking(page);
  // It came through Asterisk whole, so that what is shown is what was sent.
  expect((await ofServer(page, id)).caller_name).toContain("<img src=x onerror=");
  await customer.hangup();
  await page.locator(`section:not(.talking)[data-call="${id}"]`).waitFor();
  await page.goto(`${board.url}#/history/${id}`);
  await page.locator("[data-detail]").getByText("<img src=x onerror=").waitFor();
  expect(await page.locator("main img, main script, aside img, aside script").count()).toBe(0);
  expect(await page.title()).not.toBe("owned");
});

it("lives through a kill of the server in mid-talk: nothing is lost, what is shown is new", async () => {
  const page = await agentPage();
  await available(page);
  const customer = await call("01022223333");
  const id = await talking(page);
  await page.locator("[data-memo]:focus").waitFor();
  await page.keyboard.type("before, ");
  await page.locator(".saving.saved").waitFor();

  await board.kill();
  await page.getByText("연결 끊김").first().waitFor();
  await page.locator("main.stale").waitFor();
  await page.keyboard.type("meanwhile, ");
  await page.getByText("연결되면 저장됩니다.").waitFor();
  const other = await call("01033334444"); // who hears music until calld is back

  await board.start();
  await page.locator("main:not(.stale)").waitFor({ timeout: BACK });
  expect(await page.getByText("연결 끊김").count()).toBe(0);
  expect(await talking(page)).toBe(id);
  await page.locator("[data-memo]").focus();
  await page.keyboard.press("End");
  await page.keyboard.type("after");
  await expect.poll(async () => (await ofServer(page, id)).memo, { timeout: BACK }).toBe("before, meanwhile, after");
  await page.locator("[data-live]", { hasText: "010-3333-4444" }).waitFor({ timeout: BACK });

  await customer.hangup();
  await page.locator(`section:not(.talking)[data-call="${id}"]`).waitFor();
  await eventually("the call is in the history", async () => (await ofServer(page, id)).outcome === "answered");
  await other.state("talking");
});

it("shows the admin what is wrong in the configuration, and what a good one changes", async () => {
  const good = await board.configuration();
  const page = await agentPage("admin");
  const agent = await agentPage();
  await available(agent);
  await goTo(page, "admin");
  const reload = page.getByRole("button", { name: "설정 다시 읽기" });

  await board.configure(good.replace('ring_timeout = "30s"', 'ring_timout = "30s"') + '\nqueues = ["999"]\n');
  await reload.click();
  const line = good.split("\n").findIndex((l) => l.startsWith("ring_timeout")) + 1;
  await page
    .getByText(`calld.toml:${line}: queues.123456.ring_timout: unknown key; did you mean ring_timeout?`)
    .waitFor();
  await page.getByText(/calld\.toml:\d+: agents\.admin\.queues: there is no queue "999"/).waitFor();

  await board.configure(
    good
      .replace('ring_timeout = "30s"', 'ring_timeout = "29s"')
      .replace("[server]", '[server]\naway_reasons = ["병원"]')
      .replace('name = "기술지원"', 'name = "기술지원"\ndispositions = ["해결", "방문"]'),
  );
  await reload.click();
  const row = page.locator("tr", { hasText: "queues.123456.ring_timeout" });
  await row.waitFor();
  expect(await row.locator("del").innerText()).toContain("30s");
  expect(await row.locator("ins").innerText()).toContain("29s");
  expect(await page.locator("tr", { hasText: "queues.234567.dispositions" }).locator("ins").innerText()).toContain(
    "해결",
  );

  // The agents' pages have it at once.
  await agent.keyboard.press("F4");
  await agent.getByRole("button", { name: "병원" }).waitFor();
  await agent.keyboard.press("Escape");
  await call("01044445555");
  await talking(agent);
  await agent.getByLabel("상담 결과").selectOption("방문");

  await board.configure(good);
  await reload.click();
  await page.locator("tr", { hasText: "away_reasons" }).waitFor();
});

it("is the same in two tabs of one agent, who stays while one is open", async () => {
  const browser = await open();
  const [page, other] = [await browser.page(), await browser.page()];
  await login(page, board.url, "성춘향");
  await other.goto(board.url);
  for (const tab of [page, other]) await available(tab);
  await page.keyboard.press("F4");
  await page.keyboard.press("1");
  for (const tab of [page, other]) await tab.locator(".state .tag.away").waitFor();
  await other.keyboard.press("F2");
  await available(page);
  await call("01055556666");
  const ids = [await talking(page), await talking(other)];
  expect(ids[0]).toBe(ids[1]);
  await page.close();
  await other.locator("[data-memo]").fill("in the second tab");
  const memo = async () => (await ofServer(other, ids[0]!)).memo;
  await expect.poll(memo).toBe("in the second tab");

  // Somebody else writes on it. What I write then is not lost, nor is theirs.
  const admin = await agentPage("admin");
  await admin.goto(`${board.url}#/history/${ids[0]}`);
  const theirs = admin.locator(`[data-detail="${ids[0]}"] textarea`);
  await expect.poll(() => theirs.inputValue()).toBe("in the second tab");
  await theirs.fill("theirs");
  await expect.poll(memo).toBe("theirs");
  await other.locator("[data-memo]").fill("mine");
  await other.getByRole("alert").getByText("theirs").waitFor();
  expect(await other.locator("[data-memo]").inputValue()).toBe("mine");
  await other.getByRole("button", { name: "아래에 이어 쓰기" }).click();
  await expect.poll(memo).toBe("theirs\nmine");
  await other.locator(".stale[role=alert]").waitFor({ state: "detached" });
});

it("is right again after the tab slept", async () => {
  const page = await agentPage();
  await available(page);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
  const watcher = await agentPage("admin"); // tells when it has come about
  await call("01066667777");
  await watcher.locator("[data-live]", { hasText: "010-6666-7777" }).locator("text=성춘향").first().waitFor();
  await cdp.send("Page.setWebLifecycleState", { state: "active" });
  await talking(page);
  await page.locator("main:not(.stale)").waitFor();
  await page.locator("section.talking").getByText("010-6666-7777").waitFor();
});

it("is worked by keyboard alone, from the login to the end of after-call work", async () => {
  const page = await (await open({ tone: 1000 })).page();
  await page.goto(board.url);
  const press = (key: string) => page.keyboard.press(key);
  await page.locator("input[autocomplete=username]:focus").waitFor();
  await page.keyboard.insertText("이몽룡");
  await press("Tab");
  await page.keyboard.type("demo");
  await press("Enter");
  await page.locator("[data-phone=ready]").waitFor();
  await available(page);

  const customer = await call("01077778888", BOOKING);
  await page.locator("[data-answer]").waitFor();
  await press("F9");
  const id = await talking(page);
  await page.locator("[data-memo]:focus").waitFor();
  await page.keyboard.type("two nights");
  await press("Tab"); // to the result
  await press("ArrowDown");
  await customer.hangup();
  await page.locator(".tag.wrapup").first().waitFor();
  await eventually("memo and result are written", async () => {
    const c = await ofServer(page, id);
    return c.memo === "two nights" && c.disposition === "예약";
  });
  await press("F2"); // available, which ends after-call work
  await available(page);
  for (const [key, screen] of [
    ["Alt+2", "missed"],
    ["Alt+3", "history"],
    ["Alt+1", "now"],
  ] as const) {
    await press(key);
    await page.waitForURL(`**/#/${screen}`);
  }
});

it("shows who left a message and who is to be called back, no number to agents, and forgets whom it is told to", async () => {
  const admin = await agentPage("admin");
  await board.configure((await board.configuration()) + '\n[privacy]\nmask_numbers_for = ["agent"]\n');
  expect(await admin.evaluate(async () => (await fetch("api/v1/reload", { method: "POST" })).status)).toBe(200);

  const page = await (await open()).page();
  /** All that the agent's page was told, and showed at the ends of chapters. */
  const told: string[] = [];
  page.on("websocket", (ws) => ws.on("framereceived", (f) => told.push(f.payload.toString())));
  page.on("response", async (r) => {
    if (!r.url().includes("/api/")) return;
    told.push(JSON.stringify(r.headers()));
    if (r.headers()["content-type"]?.includes("json")) told.push(await r.text().catch(() => "")); // the page may be gone
  });
  const look = async () => told.push(await page.content());
  await login(page, board.url, "성춘향");
  await page.keyboard.press("F4");
  await page.keyboard.press("1");
  await page.locator(".state .tag.away").waitFor();

  const speaker = await call("01012348888");
  const booker = await call("01055556666");
  const other = await call("01077779999");
  for (const c of [speaker, booker, other]) await c.hears(MUSIC);
  await speaker.press("2");
  await page.locator("[data-live].message", { hasText: "010-****-8888" }).waitFor();
  await booker.press("1");
  await page.locator("[data-live].callback", { hasText: "010-****-6666" }).getByText("콜백 예약").waitFor();
  await other.press("1");
  const withdrawn = page.locator("[data-live].callback", { hasText: "010-****-9999" });
  await withdrawn.locator("[data-cancel]").click();
  await page.getByRole("dialog").getByRole("button", { name: "콜백 예약 취소" }).click();
  await withdrawn.waitFor({ state: "detached" });
  await page.waitForTimeout(1_500); // that much is said at the least
  await speaker.press("#");
  await speaker.state("over");
  await look();

  await goTo(page, "missed");
  const row = page.locator("[data-missed]", { hasText: "010-****-8888" });
  await row.getByRole("button", { name: /음성 ?메시지/ }).click();
  const audio = row.locator("audio");
  await expect.poll(() => audio.evaluate((a: HTMLAudioElement) => a.currentTime)).toBeGreaterThan(0.3);
  const part = await audio.evaluate(async (a: HTMLAudioElement) => {
    const r = await fetch(a.src, { headers: { Range: "bytes=0-43" } });
    return [r.status, (await r.arrayBuffer()).byteLength];
  });
  expect(part).toEqual([206, 44]);
  await look();
  await row.getByRole("button", { name: "처리하기" }).click();
  await page.getByRole("button", { name: "연락 불필요" }).click();
  await page.getByRole("button", { name: "처리 완료" }).click();
  await row.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "처리한 것" }).click();
  await row.getByText("연락 불필요").waitFor();
  await look();

  await page.keyboard.press("F2"); // the place's turn has come
  await goTo(page, "now");
  await page.locator("section:is(.outgoing, .talking)[data-call]", { hasText: "콜백" }).waitFor();
  await talking(page);
  await look();
  await page.getByRole("button", { name: "끊기" }).click();
  await goTo(page, "history");
  await page.locator("[data-history]", { hasText: "010-****-6666" }).getByText("콜백", { exact: true }).waitFor();
  const spoken = page.locator("[data-history]", { hasText: "010-****-8888" });
  await spoken.locator("a").click();
  await page.locator("[data-detail]", { hasText: "010-****-8888" }).waitFor();
  await look();
  for (const part of ['"call.waiting"', '"missed":[', "<html"])
    expect(told.some((text) => text.includes(part))).toBe(true);
  expect(told.filter((text) => /1234-?8888|5555-?6666|7777-?9999/.test(text))).toEqual([]);

  await goTo(admin, "admin");
  const form = admin.locator("[data-forget]");
  await form.getByLabel("고객 전화번호").fill("010-1234-8888");
  await form.getByRole("button").click();
  await admin.getByRole("dialog").getByRole("button", { name: "삭제", exact: true }).click();
  await spoken.waitFor({ state: "detached" });
  await page.locator("[data-detail]").getByText("통화를 찾을 수 없습니다.").waitFor();
  await goTo(page, "missed");
  await row.waitFor({ state: "detached" });
});
