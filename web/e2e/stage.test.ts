import type { Page } from "playwright-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agent, call, queue, ring } from "../src/lib/testing";
import { type Browser, openBrowser } from "./chromium";
import { silence } from "./scene";
import { type Cue, Stage } from "./stage";

declare global {
  interface Window {
    /** What desktop notifications said. */
    notified: string[];
  }
}

let stage: Stage;
let browser: Browser;
let page: Page;

const now = () => new Date().toISOString();
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

beforeEach(async () => {
  stage = await Stage.set(
    { id: "me", name: "홍길동", role: "agent", queues: ["1"], phone: "8001" },
    {
      at: now(),
      agent: agent("me", { name: "홍길동" }),
      role: "agent",
      web_phone: false,
      queues: [queue("1", { name: "상담" })],
      agents: [agent("me", { name: "홍길동" }), agent("other", { name: "성춘향" })],
      calls: [],
      asterisk: { state: "up", since: now(), lag_ms: 0 },
      offers: {},
    },
  );
  browser = await openBrowser();
  page = await browser.page();
});
afterEach(async () => {
  stage.strike();
  await browser.close();
  expect(browser.faults).toEqual([]);
});

async function open(): Promise<void> {
  await page.goto(stage.url);
  await page.locator("[data-queue]").first().waitFor();
}

const ringing = (id: string, x = {}) =>
  call(id, { phase: "ringing", begin: ago(3), rings: [ring("me", { at: now() })], ...x });
const alert = (id: string, x = {}): Cue => ({
  type: "call.ringing",
  at: now(),
  call: ringing(id, x),
  rings: [ring("me")],
  alert: { waited_ms: 3000, earlier: [] },
});
const answered = (id: string): Cue => ({
  type: "call.answered",
  at: now(),
  rings: [],
  call: call(id, { phase: "talking", agent: "me", start: now(), rings: [ring("me", { result: "answered" })] }),
});
const ended = (id: string): Cue => ({
  type: "call.ended",
  at: now(),
  rings: [],
  call: call(id, { phase: "ended", agent: "me", start: now(), end: now(), outcome: "answered" }),
});

describe("a call", () => {
  it("shows a hostile caller name as text", async () => {
    await open();
    const name = `<img src=x onerror="document.title='owned'"> {{7*7}} <script>alert(1)</script>`;
    stage.say(alert("a", { caller_name: name }));
    const card = page.locator("[data-alert]");
    await card.waitFor();
    expect(await card.innerText()).toContain(name);
    expect(await page.locator("main img, main script, aside img, aside script").count()).toBe(0);
    expect(await page.title()).not.toBe("owned");
  });

  it("is marked when a VIP calls", async () => {
    stage.welcome.calls = [call("w", { begin: now(), vip: true }), call("x", { begin: now() })];
    await open();
    await page.locator("[data-live=w]", { hasText: "VIP" }).waitFor();
    expect(await page.getByText("VIP").count()).toBe(1);
    stage.say(alert("a", { vip: true }));
    await page.locator("[data-alert]", { hasText: "VIP" }).waitFor();
    const talk = answered("a");
    if (talk.type === "call.answered") talk.call.vip = true;
    stage.say(talk);
    await page.locator("section.talking[data-call=a]", { hasText: "VIP" }).waitFor();
  });

  it("is told to a screen reader, with the earlier calls shown", async () => {
    await open();
    const cue = alert("a");
    if (cue.type === "call.ringing" && cue.alert) {
      const before = { queue: "1", direction: "in", begin: ago(86_400), outcome: "answered", agent: "other" } as const;
      cue.alert.earlier = [{ ...before, id: "b", talk_ms: 61_000, memo: "지난번 메모", disposition: "해지" }];
    }
    stage.say(cue);
    await page.locator("[aria-live=assertive]", { hasText: "010-1234-5678, 상담" }).waitFor({ state: "attached" });
    await page.getByText("지난번 메모").waitFor();
    stage.say({ type: "call.ended", at: now(), rings: [], call: call("a", { phase: "ended", outcome: "abandoned" }) });
    await page.locator("[data-alert]").waitFor({ state: "detached" });
    expect(await page.title()).not.toContain("☎");
  });

  it("links the CRM and offers dispositions when the server does", async () => {
    stage.welcome.offers = {
      away_reasons: ["병원"],
      queues: {
        "1": {
          name: "상담전화_1",
          crm_url: "https://crm.example/?n={number}&a={agent}",
          dispositions: ["판매", "취소"],
        },
      },
    };
    stage.answers["calls/a"] = call("a");
    await open();
    stage.say(alert("a"));
    const link = page.getByRole("link", { name: "고객 정보 열기" });
    expect(await link.getAttribute("href")).toBe("https://crm.example/?n=01012345678&a=me");
    expect(await link.getAttribute("rel")).toBe("noreferrer");
    expect(await link.getAttribute("target")).toBe("_blank");
    stage.say(answered("a"));
    await page.locator("aside select").selectOption("취소");
    await expect
      .poll(() => stage.heard.filter((f) => f.type === "memo"))
      .toMatchObject([{ call: "a", disposition: "취소" }]);
    await page.keyboard.press("F4");
    await page.getByRole("button", { name: "병원" }).waitFor();
  });

  it("keeps the memo of the last call while the next one rings", async () => {
    for (const id of ["a", "b"]) stage.answers[`calls/${id}`] = call(id);
    await open();
    stage.say(answered("a"));
    await page.locator("[data-memo]:focus").waitFor();
    await page.keyboard.type("first");
    stage.say(ended("a"));
    stage.say(alert("b"));
    await page.locator("[data-alert]").waitFor();
    await page.keyboard.type(" and more");
    stage.say(answered("b"));
    await page.locator("section.talking[data-call=b]").waitFor();
    await expect
      .poll(() => stage.heard.findLast((f) => f.type === "memo" && f.call === "a"))
      .toMatchObject({ memo: "first and more" });
    expect(await page.locator("[data-memo]").inputValue()).toBe("");
  });
});

it("picks up a campaign's customer by itself, and nobody else", async () => {
  await browser.close();
  browser = await openBrowser(undefined, { tone: 1000 });
  page = await browser.page();
  stage.answers["session/phone"] = { uri: "sip:8001@calld.invalid", user: "8001", secret: "" };
  stage.welcome.web_phone = true;
  await open();
  const phone = page.locator("[data-phone=ready]");
  await phone.waitFor();
  stage.farEnd.ring("01012345678");
  await phone.getByRole("button", { name: /^받기/ }).waitFor();
  await page.keyboard.press("Shift+F9");
  await phone.getByRole("button", { name: /^받기/ }).waitFor({ state: "detached" });
  expect(stage.farEnd.answered).toEqual(["486"]);
  stage.farEnd.ring("01012345678", ["Call-Info: <sip:calld>;answer-after=0", "Alert-Info: info=alert-autoanswer"]);
  await expect.poll(() => stage.farEnd.answered).toEqual(["486", "200"]);
});

describe("a memo", () => {
  beforeEach(async () => {
    stage.answers["calls/a"] = call("a");
    await open();
    stage.say(answered("a"));
    await page.locator("[data-memo]:focus").waitFor();
  });

  it("is written in Hangul, syllable by syllable", async () => {
    const cdp = await page.context().newCDPSession(page);
    for (const text of ["ㅎ", "하", "한"]) {
      await cdp.send("Input.imeSetComposition", { text, selectionStart: 1, selectionEnd: 1 });
      await page.waitForTimeout(800); // each pause of typing is saved, and must not end the syllable
    }
    await cdp.send("Input.insertText", { text: "한" });
    await page.keyboard.type("글");
    expect(await page.locator("[data-memo]").inputValue()).toBe("한글");
    await expect.poll(() => stage.heard.findLast((f) => f.type === "memo")).toMatchObject({ memo: "한글" });
  });

  it("is the same in two tabs of one agent", async () => {
    stage.welcome.calls = [call("a", { phase: "talking", agent: "me", start: now() })];
    const other = await browser.page();
    await other.goto(stage.url);
    await other.locator("[data-memo]").waitFor();
    await page.keyboard.type("from the first tab");
    await other.waitForFunction(
      () => document.querySelector<HTMLTextAreaElement>("[data-memo]")?.value === "from the first tab",
    );
    await other.getByText("저장됨").waitFor();
    expect(stage.heard.filter((f) => f.type === "memo")).toHaveLength(1);
  });
});

it("notifies the desktop while the tab is hidden", async () => {
  await page.addInitScript(() => {
    Object.defineProperty(document, "hidden", { get: () => true });
    window.notified = [];
    window.Notification = class {
      static permission = "granted";
      readonly tag: string | undefined;
      constructor(title: string, options: NotificationOptions) {
        this.tag = options.tag;
        window.notified.push(title);
      }
      close() {
        window.notified.push("closed");
      }
    } as unknown as typeof Notification;
  });
  await open();
  stage.say(alert("a"));
  await page.waitForFunction(() => window.notified.length === 1);
  stage.say({ type: "call.ended", at: now(), rings: [], call: call("a", { phase: "ended", outcome: "abandoned" }) });
  await page.waitForFunction(() => window.notified.length === 2);
  expect(await page.evaluate(() => window.notified)).toEqual(["전화가 왔습니다: 010-1234-5678", "closed"]);
});

describe("a number", () => {
  const caller = (id: string, number: string, x = {}) => call(id, { caller: number, begin: ago(60), ...x });
  const button = (where: string, number: string) =>
    page.locator(where).getByRole("button", { name: `${number} 전화 걸기`, exact: true });
  beforeEach(() => {
    const ended = { phase: "ended", agent: "me", start: ago(50), end: ago(30), outcome: "answered" } as const;
    stage.welcome.calls = [caller("live", "0212345678"), caller("withheld", "")];
    stage.answers["history"] = { calls: [caller("past", "010-****-6666", ended)], next: "" };
    stage.answers["missed"] = {
      missed: [
        { id: "m", queue: "1", caller: "01077778888", first: ago(90), last: ago(90), tries: 1, callbacks: 0 },
        { id: "taken", queue: "1", caller: "01099990000", first: ago(90), last: ago(90), tries: 1, callbacks: 0 },
      ].map((m) => ({
        ...{ ...m, calls: [], wait_ms: 9000, last_wait_ms: 9000, last_outcome: "abandoned", state: "open" },
        ...(m.id === "taken" && { owner: "other" }),
      })),
      next: "",
    };
    stage.answers["calls"] = stage.answers["missed/m/callback"] = call("out", { direction: "out" });
  });

  it("is called from wherever it stands, by mouse and by keyboard", async () => {
    await open();
    await button("[data-live=live]", "02-1234-5678").click();
    await button("aside", "010-****-6666").press("Enter");
    expect(await page.locator("section[data-call]").count()).toBe(0);
    await page.getByRole("button", { name: "010-****-6666 메모 열기" }).click();
    await page.locator("section[data-call=past]").waitFor(); // the row beside the number does what it did
    expect(await page.locator("[data-live=withheld] button").count()).toBe(0);

    await page.keyboard.press("Alt+3");
    await button("[data-history=past]", "010-****-6666").press("Enter");
    expect(new URL(page.url()).hash).toBe("#/history");
    await page.locator("[data-history=past] a").press("Enter");
    await page.locator("[data-detail=past]").waitFor();

    // A missed caller is called back, so that nobody else does it at the same time.
    await page.keyboard.press("Alt+2");
    await button("[data-missed=m]", "010-7777-8888").click();
    await page.locator("[data-missed=taken]", { hasText: "010-9999-0000" }).waitFor();
    expect(await page.locator("[data-missed=taken] button.number").count()).toBe(0);
    // The call is named, not the number: it may be masked, as the second here.
    const order = (of: string) => ({ path: "calls", body: { call: of, queue: "1" } });
    await expect
      .poll(() => stage.posted)
      .toEqual([order("live"), order("past"), order("past"), { path: "missed/m/callback", body: null }]);
  });

  it("is text for a supervisor without a phone", async () => {
    stage.me = { id: "me", name: "홍길동", role: "supervisor", queues: null, phone: "" };
    stage.welcome.role = "supervisor";
    await open();
    for (const [screen, row] of [
      ["now", "[data-live=live]"],
      ["history", "[data-history=past]"],
      ["missed", "[data-missed=m]"],
      ["board", "[data-agent=other]"],
    ]) {
      await page.goto(`${stage.url}#/${screen}`);
      await page.locator(row!).waitFor();
      expect(await page.locator("button.number").count()).toBe(0);
    }
  });
});

describe("a recording", () => {
  const open = async (x = {}) => {
    const done = { phase: "ended", agent: "other", start: ago(60), end: ago(30), outcome: "answered" } as const;
    stage.answers["calls/a"] = call("a", { ...done, record: "a.wav", ...x });
    await page.goto(stage.url + "#/history/a");
  };

  it.each([
    ["no_recording", "녹음이 없습니다.", 0],
    ["recording_not_ready", "녹음을 아직 저장하고 있습니다.", 1],
    ["recording_unreadable", "녹음 파일을 읽을 수 없습니다.", 1],
    ["store_unavailable", "녹음을 불러오지 못했습니다.", 1],
  ])("that can't be had tells why: %s", async (code, text, retries) => {
    stage.refusals["calls/a/recording"] = code;
    await open();
    await page.locator("[data-recording]").getByText(text).waitFor();
    expect(await page.locator("[data-recording] button").count()).toBe(retries);
  });

  it("is there on a second try", async () => {
    stage.refusals["calls/a/recording"] = "recording_not_ready";
    await open();
    await page.getByText("녹음을 아직 저장하고 있습니다.").waitFor();
    stage.answers["calls/a/recording"] = silence(3);
    await page.getByRole("button", { name: "다시 시도" }).click();
    const audio = page.locator("[data-recording] audio");
    await expect.poll(() => audio.evaluate((a: HTMLAudioElement) => a.duration)).toBe(3);
  });

  it("of a live call is not there yet", async () => {
    await open({ phase: "talking", end: null });
    await page.getByText("통화가 끝나면 들을 수 있습니다.").waitFor();
  });
});

describe("the connection", () => {
  it.each([
    [4001, "로그아웃했습니다."],
    [4002, "로그인한 지 오래되었습니다."],
    [4004, "이 아이디는 더 이상 쓸 수 없습니다."],
  ])("closed with %d goes to the login", async (code, text) => {
    await open();
    stage.close(code);
    await page.getByText(text).waitFor();
  });

  it("comes back by itself after a restart of the server, with a new picture", async () => {
    await open();
    stage.refuseSockets = true;
    stage.close(1012);
    await page.getByText("연결 끊김").waitFor();
    stage.welcome.calls = [call("new", { begin: now() })];
    stage.refuseSockets = false;
    await page.locator("[data-live=new]").waitFor({ timeout: 20_000 });
    expect(await page.getByText("연결 끊김").count()).toBe(0);
  });

  it("finds the session over when it comes back", async () => {
    await open();
    stage.session = false;
    stage.close(1001);
    await page.getByText("로그인한 지 오래되었습니다.").waitFor();
  });

  it("shows clocks by the server's time", async () => {
    const ahead = (s: number) => new Date(Date.now() + 3_600_000 - s * 1000).toISOString();
    stage.welcome.at = ahead(0);
    stage.welcome.calls = [call("a", { begin: ahead(65) })];
    await open();
    expect(await page.locator("[data-live=a] time").innerText()).toMatch(/^1:0[5-7]$/);
  });
});

it("tells that a queue is closed, and when it opens", async () => {
  const until = new Date(Date.now() + 3_600_000).toISOString();
  stage.welcome.queues = [queue("1", { hours: { open: false, holiday: "창립기념일", until } }), queue("2")];
  await open();
  await expect
    .poll(async () => (await page.locator("[data-closed]").allInnerTexts()).join("|"))
    .toMatch(/^상담 종료\s+창립기념일\s+[^|]+에 시작$/);
  stage.say({ type: "queue.stats", at: now(), queue: queue("1", { hours: { open: true } }) });
  await page.locator("[data-closed]").waitFor({ state: "detached" });
});

it("fits a phone's width: state and alert at the top", async () => {
  await page.setViewportSize({ width: 375, height: 700 });
  await open();
  stage.say(alert("a"));
  const card = page.locator("[data-alert]");
  await card.waitFor();
  const box = (await card.boundingBox())!;
  expect(box.y + box.height).toBeLessThan(700);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(375);
});

describe("reports", () => {
  it("are asked for as they are chosen, and downloaded as they are shown", async () => {
    const asked: string[] = [];
    const times = { from: ago(86_400), to: now(), interval: "hour", timezone: "Asia/Seoul", starts: [] };
    const answer = (q: URLSearchParams) => {
      asked.push(String(q));
      return { ...times, rows: [], totals: [], total: {}, resolved_days: 7 };
    };
    stage.answers["reports/queues"] = answer;
    stage.answers["reports/agents"] = answer;
    stage.me = { ...stage.me, role: "supervisor" };
    stage.welcome.role = "supervisor";
    await page.goto(stage.url + "#/reports");
    await page.locator("[data-report=queues]").waitFor();
    expect(asked.at(-1)).toMatch(/^from=[\d-]{10}&to=[\d-]{10}&interval=hour$/);
    await page.getByLabel("기간").selectOption("lastMonth");
    await page.getByRole("combobox", { name: "구간" }).selectOption("week");
    await page.locator("summary", { hasText: "큐" }).click();
    await page.getByRole("checkbox", { name: "상담" }).check();
    await expect.poll(() => asked.at(-1)).toMatch(/^from=\d{4}-\d\d-01&to=\d{4}-\d\d-01&interval=week&queue=1$/);
    await page.getByRole("button", { name: "상담원별" }).click();
    await page.locator("[data-report=agents]").waitFor();
    expect(await page.getByRole("link", { name: "CSV" }).getAttribute("href")).toBe(
      `api/v1/reports/agents?${asked.at(-1)}&format=csv`,
    );
  });

  it("are no screen of agents", async () => {
    await page.goto(stage.url + "#/reports");
    await page.locator("[data-queue]").first().waitFor();
    expect(await page.getByRole("link", { name: "보고서" }).count()).toBe(0);
  });
});
