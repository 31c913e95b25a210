import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Me } from "../src/lib/api";
import { type Browser, startChromium } from "./chromium";
import { ADMIN, AGENT, ago, answers, earlier, mine, NOW, welcome } from "./scene";
import { Stage } from "./stage";

/** Makes docs/pictures: every screen, with the same scene and at the same time of day each time. */
const PICTURES = fileURLToPath(new URL("../../docs/pictures/", import.meta.url));

let browser: Browser;
beforeAll(async () => {
  await mkdir(PICTURES, { recursive: true });
  browser = await startChromium();
});
afterAll(async () => {
  await browser.close();
  expect(browser.faults).toEqual([]);
});

type Act = (page: Page, stage: Stage) => Promise<void>;
type Look = { lang?: "en"; theme?: "dark"; width?: number; height?: number };

const arrive: Act = async (page, stage) => {
  stage.say({ type: "call.ringing", at: ago(0), call: mine(), rings: [], alert: { waited_ms: 17_000, earlier } });
  const me = { ...stage.welcome.agent, state: "ringing", since: ago(3), call: "m1" } as const;
  stage.say({ type: "agent.state", at: ago(0), agent: me });
  await page.locator("[data-alert]").waitFor();
};
const answer: Act = async (page, stage) => {
  await arrive(page, stage);
  const rings = [{ agent: "홍길동", at: ago(3), result: "answered" } as const];
  const call = mine({ phase: "talking", agent: "홍길동", start: ago(0), wait_ms: 17_000, rings });
  stage.say({ type: "call.answered", at: ago(0), call, rings });
  stage.say({
    type: "agent.state",
    at: ago(0),
    agent: { ...stage.welcome.agent, state: "talking", since: ago(0), call: "m1" },
  });
  await page.locator("[data-memo]:focus").waitFor();
  await page.keyboard.type("결합 할인 가능 확인. 3월 청구분부터 적용하기로 함.");
  await page.locator(".saving.saved").first().waitFor();
};
const nothing: Act = async () => undefined;

const pictures: [string, Me | null, string, Act, Look?][] = [
  ["login", null, "", nothing],
  ["now", AGENT, "#/now", nothing],
  ["ringing", AGENT, "#/now", arrive],
  ["talking", AGENT, "#/now", answer],
  ["missed", AGENT, "#/missed", nothing],
  [
    "resolve",
    AGENT,
    "#/missed",
    async (page) => {
      await page.getByRole("button", { name: "처리하기" }).nth(1).click();
      await page.getByRole("dialog").getByRole("button", { name: "통화 완료" }).click();
    },
  ],
  ["history", AGENT, "#/history", nothing],
  ["call", AGENT, "#/history/h1", async (page) => page.locator("[data-detail] li").first().waitFor()],
  [
    "away",
    AGENT,
    "#/now",
    async (page) => {
      await page.keyboard.press("F4");
      await page.locator(".reasons").waitFor();
    },
  ],
  ["board", ADMIN, "#/board", nothing],
  [
    "admin",
    ADMIN,
    "#/admin",
    async (page) => {
      await page.getByRole("button", { name: "설정 다시 읽기" }).click();
      await page.getByText("3가지를 바꾸었습니다.").waitFor();
    },
  ],
  [
    "lost",
    AGENT,
    "#/now",
    async (page, stage) => {
      stage.refuseSockets = true;
      stage.close(1012);
      await page.locator("main.stale").waitFor();
    },
  ],
  ["english", AGENT, "#/now", answer, { lang: "en" }],
  ["dark", AGENT, "#/now", arrive, { theme: "dark" }],
  ["dark-board", ADMIN, "#/board", nothing, { theme: "dark" }],
  ["phone", AGENT, "#/now", arrive, { width: 390, height: 760 }],
];

it.each(pictures)("%s", async (name, me, hash, act, look = {}) => {
  const stage = await Stage.set(me ?? AGENT, welcome(me ?? AGENT));
  Object.assign(stage.answers, answers);
  stage.session = me !== null;
  const page = await browser.page();
  await page.clock.setFixedTime(NOW);
  await page.setViewportSize({ width: look.width ?? 1280, height: look.height ?? 720 });
  await page.addInitScript(
    ({ lang, theme }) => {
      localStorage.setItem("calld.lang", lang);
      localStorage.setItem("calld.theme", theme);
    },
    { lang: look.lang ?? "ko", theme: look.theme ?? "light" },
  );
  await page.goto(stage.url + hash);
  await page
    .locator(me ? "main :is(section, article)" : "form")
    .first()
    .waitFor();
  await act(page, stage);
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: `${PICTURES}${name}.png`, animations: "disabled", caret: "hide" });
  await page.close();
  stage.strike();
});
