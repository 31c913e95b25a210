import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { HistoryPage } from "../src/lib/api";
import { Cable } from "./cable";
import { type Centre, startCentre } from "./centre";
import { type Browser, openBrowser } from "./chromium";
import { goTo, login } from "./user";

let centre: Centre;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  centre = await startCentre();
}, 240_000);
afterAll(() => centre.stop());
beforeEach(async () => {
  browser = await openBrowser();
  page = await browser.page();
});
afterEach(async () => {
  await browser.close();
  expect(browser.faults).toEqual([]);
});

/** Has the agent go away by key, for the reason that the second key is for, now or after the talk. */
async function goAway(p: Page, reason: string): Promise<void> {
  for (;;) {
    await p.keyboard.press("F4");
    await p.keyboard.press(reason);
    const told = p.locator(".state .tag.away, .next.away").first();
    // Calls come all the time: one that is answered between the keys takes the second into its memo.
    if (
      await told.waitFor({ timeout: 3_000 }).then(
        () => true,
        () => false,
      )
    )
      break;
    await p.keyboard.press("Escape");
  }
  await p.locator(".state .tag.away").waitFor({ timeout: 110_000 });
}

/** Waits until the agent on the page talks; the phones of the demonstration answer by themselves. */
async function talk(p: Page): Promise<string> {
  const card = p.locator("section.talking[data-call]");
  await card.waitFor({ timeout: 110_000 });
  return (await card.getAttribute("data-call"))!;
}

it("refuses a wrong password, and tells so", async () => {
  await login(page, centre.url, "홍길동", "wrong");
  await page.getByRole("alert").getByText("아이디나 비밀번호가 맞지 않습니다.").waitFor();
});

it("takes a call from the alert to the memo in the history", async () => {
  await login(page, centre.url, "홍길동");
  const alert = page.locator("[data-alert]");
  await alert.waitFor({ timeout: 110_000 });
  expect(await alert.innerText()).toMatch(/010-\d{4}-\d{4}/);
  expect(await page.title()).toMatch(/^☎ 010-\d{4}-\d{4} · 상담전화_1$/);

  const link = await page.getByRole("link", { name: "고객 정보 열기" }).getAttribute("href");
  expect(link).toMatch(/^https:\/\/crm\.example\/customers\?tel=010\d{8}&call=\d{8}-\d{6}-\w+$/);

  const call = await talk(page);
  // The memo opens by itself, ready to be written.
  await page.locator("[data-memo]:focus").waitFor();
  await page.keyboard.type("환불 문의 – 내일 회신");
  await page.locator(".saving.saved").waitFor();

  await page.locator("aside select").selectOption("재안내");

  // It survives a reload in the middle of the talk.
  await page.reload();
  await page.waitForFunction(
    () => document.querySelector<HTMLTextAreaElement>("[data-memo]")?.value === "환불 문의 – 내일 회신",
  );

  await page.locator(`section:not(.talking)[data-call="${call}"]`).waitFor({ timeout: 110_000 });
  await goTo(page, "history");
  await page.fill("form input[maxlength='200']", "환불");
  await page.keyboard.press("Enter");
  await page.locator(`[data-history="${call}"] a`).click();
  const detail = page.locator("[data-detail]");
  await detail.getByText("홍길동 응답").waitFor();
  expect(await detail.locator("textarea").inputValue()).toBe("환불 문의 – 내일 회신");
  expect(await detail.getByLabel("상담 결과").inputValue()).toBe("재안내");
});

it("plays the recording of a call, and gives it for keeping", async () => {
  await login(page, centre.url, "supervisor");
  const call = await page.evaluate(async () => {
    for (;;) {
      const page = (await (await fetch("api/v1/history?outcome=answered")).json()) as HistoryPage;
      const long = page.calls?.find((c) => c.talk_ms > 4000);
      // Asterisk may still be writing.
      if (long && (await fetch(`api/v1/calls/${long.id}/recording`, { method: "HEAD" })).ok) return long;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  });
  await page.goto(`${centre.url}#/history/${call.id}`);
  const audio = page.locator("[data-recording] audio");
  await expect.poll(() => audio.evaluate((a: HTMLAudioElement) => a.duration)).toBeGreaterThan(2);
  const at = () => audio.evaluate((a: HTMLAudioElement) => a.currentTime);

  await audio.focus();
  await page.keyboard.press("Space");
  await expect.poll(at).toBeGreaterThan(0.5);
  await page.getByLabel("빠르기").selectOption("2");
  expect(await audio.evaluate((a: HTMLAudioElement) => a.playbackRate)).toBe(2);
  await audio.focus();
  await page.keyboard.press("Space");
  await expect.poll(() => audio.evaluate((a: HTMLAudioElement) => a.paused)).toBe(true);
  await page.getByRole("button", { name: "−10초" }).click();
  await expect.poll(at).toBe(0);

  const heard = await audio.evaluate(async (a: HTMLAudioElement) => {
    const part = await fetch(a.src, { headers: { Range: "bytes=0-43" } });
    const whole = await (await fetch(a.src)).arrayBuffer();
    const size = whole.byteLength;
    const sound = await new OfflineAudioContext(1, 1, 8000).decodeAudioData(whole);
    return {
      status: part.status,
      range: part.headers.get("Content-Range") === `bytes 0-43/${size}`,
      bytes: (await part.arrayBuffer()).byteLength,
      loudest: sound.getChannelData(0).reduce((max, x) => Math.max(max, Math.abs(x)), 0),
    };
  });
  expect(heard).toMatchObject({ status: 206, range: true, bytes: 44 });
  expect(heard.loudest).toBeGreaterThan(0.05); // somebody speaks

  const saved = page.waitForEvent("download");
  await page.getByRole("link", { name: "내려받기" }).click();
  expect((await saved).suggestedFilename()).toMatch(/^\d{8}-\d{6}_010\d{8}_.+\.wav$/);
});

it("says during a call what comes after it, and gives the focus back to the memo", async () => {
  await login(page, centre.url, "이몽룡");
  await page.locator("[data-alert]").waitFor({ timeout: 110_000 }); // of a talk that is not about to end
  await talk(page);
  await page.locator("[data-memo]:focus").waitFor();
  await page.keyboard.press("F4");
  await page.keyboard.press("1");
  await page.getByText("통화 뒤 상담불가능").waitFor();
  await page.locator("[data-memo]:focus").waitFor();
  await page.keyboard.press("F2");
  await page.getByText("통화 뒤 상담가능").waitFor();
});

it("sets the own state by key, with a reason", async () => {
  await login(page, centre.url, "성춘향");
  await page.locator(".state .tag").waitFor();
  await goAway(page, "2");
  await page.locator(".state .tag.away", { hasText: "식사" }).waitFor();
  await page.keyboard.press("F2");
  await page.locator(".state .tag:not(.away)").waitFor();
});

/** Dials a number until the agent is free to call: customers come all the time. */
async function dial(p: Page, number: string): Promise<void> {
  const field = p.locator("[data-dial] input");
  for (;;) {
    await goAway(p, "1"); // nobody is sent to me
    await field.fill(number);
    await field.press("Enter");
    const card = p.locator("section.outgoing[data-call]");
    const fault = p.locator("aside .fault");
    await card.or(fault).first().waitFor();
    if (await card.isVisible()) return;
    await fault.getByRole("button").click();
  }
}

it("calls a number: the own phone rings first, then the customer's, and the memo is open", async () => {
  await login(page, centre.url, "홍길동");
  await page.locator("[data-dial]").waitFor();
  await dial(page, "010-9876-5432");
  await page.getByText("전화기를 드세요. 받으면 고객에게 겁니다.").waitFor();
  const call = (await page.locator("section.outgoing").getAttribute("data-call"))!;
  await page.locator("[data-memo]:focus").waitFor();
  await page.keyboard.type("안내 전화");
  expect(await page.locator("[data-alert]").count()).toBe(0);

  // The demonstration's agent does not always answer; whatever came of it, the history tells.
  await page.locator(`section:not(.talking):not(.outgoing)[data-call="${call}"]`).waitFor({ timeout: 110_000 });
  await goTo(page, "history");
  const row = page.locator(`[data-history="${call}"]`);
  await row.getByText("발신", { exact: true }).waitFor();
  expect(await row.innerText()).toContain("010-9876-5432");
  await row.locator("a").click();
  await page.locator("[data-detail]").getByRole("button", { name: "010-9876-5432 전화 걸기" }).waitFor();
  expect(await page.locator("[data-detail] textarea").inputValue()).toBe("안내 전화");
});

it("calls a missed caller back in one click", async () => {
  await login(page, centre.url, "홍길동");
  await page.locator("[data-queue]").first().waitFor();
  await goAway(page, "1");
  await goTo(page, "missed");
  const button = page.getByRole("button", { name: "전화 걸기", exact: true });
  const first = page.locator("[data-missed]").filter({ has: button }).first();
  await first.waitFor({ timeout: 110_000 });
  const id = await first.getAttribute("data-missed");
  await page.locator(`[data-missed="${id}"]`).getByRole("button", { name: "전화 걸기", exact: true }).click();
  const row = page.locator(`[data-missed="${id}"]`);
  await row.getByText("홍길동 처리 중").waitFor();
  await page.locator("section.outgoing[data-call]").waitFor();
  // Reached, it is settled and leaves the list; not reached, it is free again and tells so.
  await expect
    .poll(async () => (await row.count()) === 0 || (await row.locator("[data-callbacks]").count()) === 1, {
      timeout: 110_000,
    })
    .toBe(true);
});

it("lists missed calls, and settles one by hand", async () => {
  await login(page, centre.url, "supervisor");
  await goTo(page, "missed");
  const row = page.locator("[data-missed]").first();
  await row.waitFor({ timeout: 110_000 });
  const id = await row.getAttribute("data-missed");
  await row.getByRole("button", { name: "처리하기" }).click();
  await page.getByRole("button", { name: "연락 불필요" }).click();
  await page.getByRole("button", { name: "처리 완료" }).click();
  await page.locator(`[data-missed="${id}"]`).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "처리한 것" }).click();
  await page.locator(`[data-missed="${id}"]`).getByText("연락 불필요").waitFor();
});

it("starts the campaign in one click: its figures come by themselves, and an agent reads the customer's script", async () => {
  await login(page, centre.url, "admin");
  await goTo(page, "campaigns");
  const card = page.locator("[data-campaign]");
  await card.locator("[data-act=start]").click();
  await card.locator("[data-act=pause]").waitFor();
  const dialled = async () => Number(await card.locator("[data-figure=dialled]").innerText());
  await expect.poll(dialled, { timeout: 110_000 }).toBeGreaterThan(2);

  const agents = await openBrowser();
  const other = await agents.page();
  await login(other, centre.url, "황진이");
  const talk = other.locator("section.talking[data-call]");
  await talk.getByText(/안녕하세요, \S{3} 고객님\..*의 약정이 2026년/s).waitFor({ timeout: 110_000 });

  await card.locator("[data-act=stop]").click();
  await card.locator("[data-act=pause]").waitFor({ state: "detached" });
  await agents.close();
});

it("speaks both languages, changed at once", async () => {
  await login(page, centre.url, "supervisor");
  await page.getByRole("button", { name: /설정/ }).click();
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("link", { name: "History" }).click();
  await page.getByLabel("Outcome").waitFor();
  expect(await page.getAttribute("html", "lang")).toBe("en");
  // That no screen keeps a Korean word is tried in access.test.ts, where nobody writes Korean meanwhile.
  for (const name of ["Now", "Missed", "Board"]) {
    await page.getByRole("link", { name }).click();
    await page.locator("main").waitFor();
  }
});

it("tells when the connection is lost, keeps what is typed, and comes back", async () => {
  const cable = await Cable.lay(centre.url);
  await login(page, cable.url, "이몽룡");
  const call = await talk(page);
  await page.locator("[data-memo]:enabled").waitFor(); // what the server has of it is known
  cable.cut();
  await page.getByText("연결 끊김").first().waitFor();
  await page.locator("main.stale").waitFor();
  await page.locator("[data-memo]").fill("끊긴 사이에 쓴 메모");
  await page.getByText("연결되면 저장됩니다.").waitFor();
  cable.mend();
  await page.getByRole("button", { name: "지금 연결" }).click();
  await page.locator("main:not(.stale)").waitFor();
  await page.waitForFunction((key) => localStorage.getItem(key) === null, `calld.memo.이몽룡.${call}`);
  const saved = await page.evaluate(
    async (id) => (await fetch(`api/v1/calls/${id}`)).json() as Promise<{ memo: string }>,
    call,
  );
  expect(saved.memo).toBe("끊긴 사이에 쓴 메모");
  cable.remove();
});

it("logs out in all tabs at once", async () => {
  await login(page, centre.url, "supervisor"); // whom no call takes the open menu from
  await page.locator("[data-queue]").first().waitFor();
  const other = await browser.page();
  await other.goto(centre.url);
  await other.locator("[data-queue]").first().waitFor();
  await page.getByRole("button", { name: /설정/ }).click();
  await page.getByRole("button", { name: "로그아웃" }).click();
  await page.getByText("로그아웃했습니다.").waitFor();
  await other.getByText("로그아웃했습니다.").waitFor();
});

it("shows the admin how the server is, and reloads", async () => {
  await login(page, centre.url, "admin");
  await goTo(page, "admin");
  await page.getByRole("button", { name: "설정 다시 읽기" }).click();
  await page.getByText("바뀐 것이 없습니다.").waitFor();
  await page.getByText("접속한 사람").waitFor();
});

it("lets a supervisor listen to a talk, free and log out an agent, and shows the admin who did it", async () => {
  await login(page, centre.url, "supervisor");
  await goTo(page, "board");
  await toATalk("listen", async () => {
    await page.getByText("내 전화기가 울립니다").waitFor({ timeout: SOON });
    // The phone of the demonstration answers by itself.
    const busy = async () => {
      const { agents } = (await (await fetch("api/v1/agents")).json()) as { agents: { id: string; device: string }[] };
      return agents.find((a) => a.id === "supervisor")?.device === "busy";
    };
    await page.waitForFunction(busy, null, { timeout: SOON, polling: 50 });
  });
  const stuck = await toATalk("free", async (agent) => {
    await page.getByRole("dialog").getByRole("button", { name: "상태 풀기" }).click({ timeout: SOON });
    await page.getByText(`${agent}의 상태를 풀었습니다.`).waitFor({ timeout: SOON });
    // One who logged out during the talk would be offline now.
    await page.locator(`[data-agent="${agent}"] .tag:not(.talking, .offline)`).waitFor({ timeout: SOON });
  });

  await choose(stuck, "logout");
  await page.getByRole("dialog").getByRole("button", { name: "로그아웃시키기" }).click();
  await page.locator(`[data-agent="${stuck}"] .tag.offline`).waitFor();

  // The day's figures are there, and open as a table.
  const queue = page.locator("[data-queue]:has([data-level])").first();
  await queue.locator("summary").click();
  await queue.locator("tbody td.number").first().waitFor();

  const other = await browser.page();
  await other.context().clearCookies();
  await login(other, centre.url, "admin");
  await goTo(other, "admin");
  for (const act of ["listen", "free", "logout"]) await other.locator(`[data-audit="${act}"]`).first().waitFor();
  await other.getByRole("button", { name: "적용 중인 설정 보기" }).click();
  await other.getByLabel("설정 찾기").fill("asterisk.secret");
  await other.getByText("설정됨 (표시하지 않음)").waitFor();
  await other.getByText(/^(16|18|2\d)\.\d+/).waitFor(); // Asterisk's version
});

/** How long something may take that a talk, which ends by itself, may come before. */
const SOON = 8_000;

/** Does something to an agent who talks. A talk may end before it is done: then another one is tried. */
async function toATalk(act: string, done: (agent: string) => Promise<void>): Promise<string> {
  for (let tries = 1; ; tries++) {
    const row = page.locator("[data-agent]:has(.tag.talking)").first();
    await row.waitFor({ timeout: 110_000 });
    const agent = (await row.getAttribute("data-agent"))!;
    try {
      await choose(agent, act);
      await done(agent);
      return agent;
    } catch (e) {
      if (tries === 5) throw e;
      await page.keyboard.press("Escape");
    }
  }
}

/** Opens the menu of an agent on the board and chooses. */
async function choose(agent: string, act: string): Promise<void> {
  const row = page.locator(`[data-agent="${agent}"]`);
  const item = row.locator(`[data-act="${act}"]`);
  await row.getByRole("button", { name: agent }).click({ timeout: SOON });
  // Calls go on meanwhile: a row that moves to its new state may take its menu away.
  await item.waitFor({ timeout: 2_000 }).catch(() => row.getByRole("button", { name: agent }).click({ timeout: SOON }));
  await item.click({ timeout: SOON });
}
