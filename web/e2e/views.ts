import type { Page } from "playwright-core";
import type { Me } from "../src/lib/api";
import { CATALOGUES, type Words } from "../src/words";
import type { Browser } from "./chromium";
import { ADMIN, AGENT, ago, answers, earlier, mine, NOW, welcome } from "./scene";
import { customer, shown } from "./scene-campaigns";
import { Stage } from "./stage";

type Act = (page: Page, stage: Stage, words: Words) => Promise<void>;
export type Look = { lang?: "en"; theme?: "dark"; width?: number; height?: number };
export type View = [name: string, who: Me | null, hash: string, act: Act, look?: Look | undefined];

const arrive: Act = async (page, stage) => {
  stage.say({ type: "call.ringing", at: ago(0), call: mine(), rings: [], alert: { waited_ms: 17_000, earlier } });
  const me = { ...stage.welcome.agent, state: "ringing", since: ago(3), call: "m1" } as const;
  stage.say({ type: "agent.state", at: ago(0), agent: me });
  await page.locator("[data-alert]").waitFor();
};
const answer: Act = async (page, stage, words) => {
  await arrive(page, stage, words);
  await talk(page, stage);
};
/** The same with the telephone in the page. */
const answerHere: Act = async (page, stage, words) => {
  stage.say({ ...stage.welcome, type: "welcome", web_phone: true });
  await page.locator("[data-phone=ready]").waitFor();
  await arrive(page, stage, words);
  stage.farEnd.ring(mine().caller);
  await page.locator("[data-answer]").waitFor();
  await page.keyboard.press("F9");
  await page.locator("[data-phone]", { hasText: words.phone.inCall }).waitFor();
  await talk(page, stage);
};
const talk = async (page: Page, stage: Stage) => {
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

/** A customer whom a campaign has reached, at my phone or in my ear. */
const dialled: Act = async (page, stage) => {
  const call = mine({
    ...{
      direction: "out",
      unique_id: "calld-try-7",
      caller: "0215881234",
      callee: "01098765432",
      campaign: "1",
      customer,
    },
    ...{ phase: "talking", agent: "홍길동", start: ago(21) },
    rings: [{ agent: "홍길동", at: ago(22), result: "answered" }],
  });
  stage.say({ type: "call.answered", at: ago(0), call, rings: [] });
  await page.locator("[data-customer]").waitFor();
};

const away: Act = async (page) => {
  // A page that has only just been drawn may not listen to keys yet.
  const reasons = page.locator(".reasons");
  for (let tries = 0; tries < 5 && !(await reasons.isVisible()); tries++) {
    await page.keyboard.press("F4");
    await reasons.waitFor({ timeout: 3_000 }).catch(() => {});
  }
  await reasons.waitFor();
};
const handOver: Act = async (page, stage, words) => {
  await answer(page, stage, words);
  await page.getByRole("button", { name: words.talk.transfer, exact: true }).click();
  await page.getByRole("dialog").getByText("강수진").waitFor();
};

/** Every screen: its name, who sees it, where it is, and what brings it there. */
export const views: View[] = [
  ["login", null, "", nothing],
  ["now", AGENT, "#/now", nothing],
  ["ringing", AGENT, "#/now", arrive],
  ["talking", AGENT, "#/now", answer],
  ["webphone", AGENT, "#/now", answerHere],
  ["missed", AGENT, "#/missed", nothing],
  [
    "resolve",
    AGENT,
    "#/missed",
    async (page, _, words) => {
      await page.getByRole("button", { name: words.missed.resolve, exact: true }).nth(1).click();
      await page.getByRole("dialog").getByRole("button", { name: words.missed.quick[0]! }).click();
    },
  ],
  ["history", AGENT, "#/history", nothing],
  ["call", AGENT, "#/history/h1", async (page) => page.locator("[data-detail] li").first().waitFor()],
  ["away", AGENT, "#/now", away],
  ["board", ADMIN, "#/board", nothing],
  ["reports", ADMIN, "#/reports", async (page) => page.locator("[data-total]").first().waitFor()],
  [
    "agents-report",
    ADMIN,
    "#/reports",
    async (page, _, words) => {
      await page.getByRole("button", { name: words.reports.kinds.agents }).click();
      await page.locator("[data-report=agents]").waitFor();
    },
  ],
  [
    "admin",
    ADMIN,
    "#/admin",
    async (page, _, words) => {
      await page.getByRole("button", { name: words.admin.reload }).click();
      await page.getByText(words.admin.changes(3)).waitFor();
      await page.getByRole("button", { name: words.admin.configShow }).click();
      await page.getByText("[queues.123456]").click();
    },
  ],
  [
    "account",
    ADMIN,
    "#/admin",
    async (page, _, words) => page.getByRole("button", { name: words.accounts.add }).click(),
  ],
  ["campaigns", ADMIN, "#/campaigns", async (page) => page.locator("[data-reason]").first().waitFor()],
  ["campaign", ADMIN, "#/campaigns/1", async (page) => page.locator("[data-result]").first().waitFor()],
  ["plans", ADMIN, "#/campaigns/plans", async (page) => page.locator("[data-plan]").first().waitFor()],
  ["plan", ADMIN, "#/campaigns/plans/1", async (page) => page.locator("[data-save]").waitFor()],
  [
    "campaign-new",
    ADMIN,
    "#/campaigns",
    async (page, _, words) => {
      await page.locator("[data-add]").click();
      await page.getByLabel(words.campaigns.form.scheduled).check();
    },
  ],
  ["dial-lists", ADMIN, "#/campaigns/lists", async (page) => page.locator("[data-list]").first().waitFor()],
  [
    "dial-list",
    ADMIN,
    "#/campaigns/lists/1",
    async (page) => {
      await page.locator("[data-entry]").first().waitFor();
      await page.setInputFiles("input[type=file]", {
        name: "march.csv",
        mimeType: "text/csv",
        buffer: Buffer.from("number\n1"),
      });
      await page.locator("[data-upload]").click();
      await page.locator("[data-bad-line]").first().waitFor();
    },
  ],
  ["do-not-call", ADMIN, "#/campaigns/do-not-call", async (page) => page.locator("[data-barred]").first().waitFor()],
  ["customer", AGENT, "#/now", dialled],
  [
    "preview",
    AGENT,
    "#/now",
    async (page, stage) => {
      stage.answers["previews"] = { previews: [{ campaign: "3", name: "해지 방어", queue: "123456", shown }] };
      stage.say({ ...stage.welcome, type: "welcome" });
      await page.locator("[data-preview] [data-customer]").waitFor();
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
];

/** Other looks of them, and what only the documentation shows. */
export const looks: View[] = [
  ["transfer", AGENT, "#/now", handOver],
  ["english", AGENT, "#/now", answer, { lang: "en" }],
  ["english-ringing", AGENT, "#/now", arrive, { lang: "en" }],
  ["english-transfer", AGENT, "#/now", handOver, { lang: "en" }],
  ["english-missed", AGENT, "#/missed", nothing, { lang: "en" }],
  ["english-away", AGENT, "#/now", away, { lang: "en" }],
  ["dark", AGENT, "#/now", arrive, { theme: "dark" }],
  ["dark-board", ADMIN, "#/board", nothing, { theme: "dark" }],
  ["phone", AGENT, "#/now", arrive, { width: 390, height: 760 }],
];

/** Opens a view. Whoever asked strikes the stage. */
export async function show(
  browser: Browser,
  [, me, hash, act, look = {}]: View,
): Promise<{ page: Page; stage: Stage }> {
  const stage = await Stage.set(me ?? AGENT, welcome(me ?? AGENT));
  Object.assign(stage.answers, answers);
  stage.session = me !== null;
  const page = await browser.page();
  await page.clock.setFixedTime(NOW);
  await page.setViewportSize({ width: look.width ?? 1280, height: look.height ?? 720 });
  const lang = look.lang ?? "ko";
  await page.addInitScript(
    ({ lang, theme }) => {
      localStorage.setItem("calld.lang", lang);
      localStorage.setItem("calld.theme", theme);
    },
    { lang, theme: look.theme ?? "light" },
  );
  await page.goto(stage.url + hash);
  await page
    .locator(me ? "main :is(section, article, form):visible" : "form")
    .first()
    .waitFor();
  await act(page, stage, CATALOGUES[lang]);
  await page.evaluate(() => Promise.all([document.fonts.ready, ...[...document.images].map((i) => i.decode())]));
  return { page, stage };
}
