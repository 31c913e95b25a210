import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type Browser, openBrowser } from "./chromium";
import { type Customer, eventually, Switchboard } from "./switchboard";
import { login } from "./user";

/** What an agent does with a call in hand, by keyboard, on a telephone of its own beside the page. */
const SUPPORT = "0215885678";
const MUSIC = 350;

let board: Switchboard;
let browser: Browser;
let page: Page;
let customer: Customer;

beforeAll(async () => {
  board = await Switchboard.open();
}, 240_000);
afterAll(() => board.close());
beforeEach(async () => {
  browser = await openBrowser();
  page = await browser.page();
  await login(page, board.url, "성춘향");
  await page.locator(".state .tag.available").waitFor();
  customer = await board.call("01011112222", 440, { to: SUPPORT });
  await page.locator("section.talking[data-call] [data-memo]:focus").waitFor();
});
afterEach(async () => {
  await customer.hangup().catch(() => undefined); // it may be over
  await browser.close();
  expect(browser.faults).toEqual([]);
});

const press = (name: string) => page.getByRole("button", { name, exact: true }).press("Enter");

it("holds the customer with music, and takes them back", async () => {
  await press("보류");
  await page.locator("section.held .what", { hasText: "보류 중" }).waitFor();
  await page.locator("li.held[data-live] .phase", { hasText: "보류 중" }).waitFor();
  await customer.hears(MUSIC);
  await press("보류 해제");
  await page.locator("section.talking:not(.held) .what", { hasText: "상담중" }).waitFor();
  await customer.doesNotHear(MUSIC);
});

it("sends digits to the customer, and hangs up", async () => {
  await press("키패드");
  await page.locator(".pad button:focus").waitFor();
  await page.keyboard.press("1");
  await page.keyboard.press("#");
  await page.locator(".pad output", { hasText: "1#" }).waitFor();
  await eventually("the customer has got the digits", async () => (await customer.look()).digits === "1#");
  await page.keyboard.press("Escape");
  await press("끊기");
  await customer.state("over");
  await page.locator("section:not(.talking)[data-call]").waitFor();
});

it("gets the customer back from a number where nobody is, and keeps the memo", async () => {
  await page.keyboard.type("예약 문의");
  await press("전달");
  const dialog = page.getByRole("dialog", { name: "통화 전달" });
  await dialog.locator("[data-transfer-queues] button", { hasText: "기술지원" }).waitFor();
  await dialog.getByLabel("외부 번호로").fill("070-1111-2222"); // where nobody is
  await page.keyboard.press("Enter");
  await page.locator("[data-handover]", { hasText: "고객이 돌아옵니다" }).waitFor();
  await page.locator("section.talking[data-call]").waitFor();
  expect(await page.locator("[data-memo]").inputValue()).toBe("예약 문의");
});

it("talks with a number outside first, takes the customer back, and then hands them over", async () => {
  for (const then of ["고객에게 돌아가기", "고객 넘기기"]) {
    await press("전달");
    const dialog = page.getByRole("dialog", { name: "통화 전달" });
    const queue = dialog.locator("[data-transfer-queues] button", { hasText: "기술지원" });
    await queue.waitFor();
    await dialog.getByLabel("먼저 상대와 이야기하기").press("Space");
    expect(await queue.isDisabled()).toBe(true);
    await dialog.getByLabel("외부 번호로").fill("010-5555-6666");
    await page.keyboard.press("Enter");
    await page.locator("section.held [data-consult]", { hasText: "010-5555-6666" }).waitFor();
    await page.getByRole("button", { name: "고객 넘기기" }).and(page.locator(":enabled")).waitFor();
    await customer.hears(MUSIC);
    await press(then);
    await page.locator("[data-consult]").waitFor({ state: "detached" });
    await customer.doesNotHear(MUSIC);
    if (then === "고객에게 돌아가기") await page.locator("section.talking:not(.held)[data-call]").waitFor();
  }
  await page.locator("section:not(.talking)[data-call]").waitFor();
  await customer.hears(440);
});

it("hands the customer to a queue of others", async () => {
  await press("전달");
  await page.getByRole("dialog").getByRole("button", { name: /예약/ }).press("Enter");
  await page.locator("[data-handover]", { hasText: "예약: 대기 중" }).waitFor();
  await page.locator("section:not(.talking)[data-call]").waitFor();
  await customer.hears(MUSIC);
  // The call is not of my queues any more; its memo is still mine to write.
  await page.locator("[data-memo]").fill("예약을 바꾸려는 고객");
  await page.locator(".saving.saved").waitFor();
  await page.locator("aside section[data-call] b", { hasText: "예약" }).waitFor();
});
