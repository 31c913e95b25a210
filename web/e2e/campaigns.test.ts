import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Campaign, DialList, Plan } from "../src/lib/outbound";
import { type Browser, openBrowser } from "./chromium";
import { ADMIN, AGENT, ago, mine, welcome } from "./scene";
import { campaigns, customer, lists, outbound, plans, shown, stats, upload } from "./scene-campaigns";
import { Refusal, Stage } from "./stage";

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  expect(browser.faults).toEqual([]);
});

/** Opens a page of a stage that answers about campaigns. */
async function open(who: typeof AGENT, hash: string, answers: Record<string, unknown>): Promise<[Page, Stage]> {
  const stage = await Stage.set(who, welcome(who));
  Object.assign(stage.answers, outbound, { status: {}, "reports/today": { queues: [] } }, answers);
  const page = await browser.page();
  await page.goto(stage.url + hash);
  return [page, stage];
}

const invalid = (...errors: [field: string, message: string, more?: object][]) =>
  new Refusal(422, {
    code: "invalid_request",
    detail: "",
    errors: errors.map(([field, message, more]) => ({ location: `body.${field}`, message, ...more })),
  });

it("leads an admin from nothing to a running campaign", async () => {
  // What the server keeps; only good things get there.
  const kept = { plans: [] as Plan[], dial_lists: [] as DialList[], campaigns: [] as Campaign[] };
  const [page, stage] = await open(ADMIN, "#/campaigns/plans", {
    plans: () => ({ plans: kept.plans }),
    "POST plans": (_: unknown, plan: Plan) => {
      const range = { code: "range", least: "15s", most: "2m0s" };
      if (plan.ring_timeout !== "30s") return invalid(["ring_timeout", "is 5s", range], ["hours[0].to", "x"]);
      kept.plans = [{ ...plans[0]!, ...plan, id: "1" }];
      return kept.plans[0];
    },
    "dial-lists": () => ({ dial_lists: kept.dial_lists }),
    "POST dial-lists": (_: unknown, list: DialList) => {
      kept.dial_lists = [{ ...lists[0]!, ...list, id: "1", entries: 0, open: 0, states: {} }];
      return kept.dial_lists[0];
    },
    "POST dial-lists/1/entries": (_: unknown, csv: string) =>
      csv === "number,name\n010,김\n없음,이\n" ? upload : invalid(["body", "another file"]),
    campaigns: () => ({ campaigns: kept.campaigns, timezone: "Asia/Seoul" }),
    "POST campaigns": (_: unknown, c: Campaign) => {
      kept.campaigns = [{ ...campaigns[2]!, ...c, id: "1", state: "stopped" }];
      return kept.campaigns[0];
    },
    "campaigns/1/live": () => ({ ...stats[2]!, campaign: "1", state: kept.campaigns[0]?.state, since: ago(0) }),
    "POST campaigns/1/start": () => {
      if (stage.posted.filter((p) => p.path === "campaigns/1/start").length === 1)
        return invalid(["asterisk.trunk_dial", "no endpoint", { code: "trunk_unknown" }], ["queue", "no agent"]);
      kept.campaigns = kept.campaigns.map((c) => ({ ...c, state: "running" }));
      return null;
    },
  });

  // A plan with a fault: it is told at the field, which has the focus.
  await page.locator("[data-add]").click();
  await page.locator("[data-name]").fill("저녁");
  expect(await page.getByLabel("빈 상담원당 회선 수").count()).toBe(0);
  await page.getByLabel("방식", { exact: true }).selectOption("power");
  await page.getByLabel("빈 상담원당 회선 수").fill("2");
  const ring = page.getByLabel("울리는 시간 (초)");
  await ring.fill("5");
  await page.locator("[data-save]").click();
  await page.locator("[aria-invalid=true]:focus").waitFor();
  expect(await ring.getAttribute("aria-invalid")).toBe("true");
  const describedBy = (await ring.getAttribute("aria-describedby"))!;
  expect(await page.locator(`[id="${describedBy}"]`).innerText()).toBe("15에서 120 사이여야 합니다.");
  await page.getByText("hours[0].to: x").waitFor();
  await ring.fill("30");
  await page.locator("[data-save]").click();
  await page.locator("[data-plan]", { hasText: "저녁" }).waitFor();
  expect(stage.posted.at(-1)!.body).toMatchObject({
    mode: "power",
    power_ratio: 2,
    max_abandon_rate: 0.03,
    max_tries: 3,
  });
  expect(stage.posted.at(-1)!.body).not.toHaveProperty("method");

  // A list, loaded from a file with bad lines.
  await page.locator("[data-part=lists]").click();
  await page.locator("[data-add]").click();
  await page.getByRole("dialog").locator("[data-name]").fill("단골");
  await page.getByRole("dialog").locator("[data-save]").click();
  const buffer = Buffer.from("number,name\n010,김\n없음,이\n");
  await page.setInputFiles("input[type=file]", { name: "a.csv", mimeType: "text/csv", buffer });
  await page.locator("[data-upload]").click();
  await page.locator("[data-report]", { hasText: "1197건 더함" }).waitFor();
  expect(await page.locator("[data-bad-line='7']").innerText()).toContain("걸 수 없는 번호입니다");

  // A campaign of both that can't start, and then can.
  await page.locator("[data-part=campaigns]").click();
  await page.locator("[data-add]").click();
  await page.locator("[data-name]").fill("봄");
  await page.locator("select[data-plan]").selectOption("1");
  await page.locator("select[data-list]").selectOption("1");
  await page.locator("select[data-for-queue]").selectOption("123456");
  await page.locator("[data-save]").click();
  const card = page.locator("[data-campaign='1']");
  await card.locator("[data-reason=not_running]").waitFor();
  await card.locator("[data-act=start]").click();
  await card.getByText("큐: no agent").waitFor();
  await card.getByText("회선 (설정의 asterisk.trunk_dial): 교환기에 그런 회선(PJSIP endpoint)이 없습니다.").waitFor();
  await card.locator("[data-act=start]").click();
  await card.locator("[data-act=pause]").waitFor();

  // What kept it from starting by itself is told; its figures and its reason come by themselves.
  stage.say({
    ...{ type: "campaign.stats", at: ago(0), queue: "123456" },
    data: {
      ...{ ...stats[0]!, campaign: "1", since: ago(-60), state: "stopped", reason: "not_running" },
      refused: [{ field: "asterisk.trunk_dial", code: "trunk_away", text: "x" }],
    },
  });
  await card.getByText("교환기가 지금 이 회선에 닿지 못합니다").waitFor();
  stage.say({
    ...{ type: "campaign.stats", at: ago(0), queue: "123456" },
    data: { ...stats[0]!, campaign: "1", since: ago(-60), reason: "agents_busy", abandon_rate: 0.051 },
  });
  await card.getByText("비었거나 곧 빌 상담원이 없습니다").waitFor();
  await card.getByText("한도를 넘음").waitFor();
  expect(await card.locator("[data-figure=dialled]").innerText()).toBe("486");

  // A forced stop is asked for twice.
  stage.answers["POST campaigns/1/force-stop"] = null;
  await card.locator("[data-act=force-stop]").click();
  expect(stage.posted.at(-1)!.path).toBe("campaigns/1/start");
  await page.getByRole("dialog").locator("button.primary").click();
  await expect.poll(() => stage.posted.at(-1)!.path).toBe("campaigns/1/force-stop");

  // Its results, and the file of what the filters leave.
  await card.getByRole("link").click();
  await page.locator("[data-kind=no_answer]", { hasText: "171" }).waitFor();
  await page.locator("[data-result=r4]", { hasText: "포기" }).waitFor();
  await page.locator("[data-result-kind]").selectOption("busy");
  const file = new URL((await page.locator("[data-csv]").getAttribute("href"))!, stage.url);
  expect(file.pathname).toBe("/api/v1/campaigns/1/results/export");
  expect(file.searchParams.get("result")).toBe("busy");
  await page.close();
  stage.strike();
});

it("changes nothing for a supervisor, who may bar numbers", async () => {
  const [page, stage] = await open({ ...ADMIN, role: "supervisor" }, "#/campaigns", {
    "POST do-not-call": { added: 1, refused: 0, duplicates: 0, faults: [] },
  });
  await page.locator("[data-reason=enough_ringing]").waitFor();
  expect(await page.locator("[data-act], [data-add]").count()).toBe(0);
  await page.locator("[data-part=do-not-call]").click();
  await page.locator("[data-bar]").fill("010-1111-2222");
  await page.keyboard.press("Enter");
  await expect.poll(() => stage.posted).toEqual([{ path: "do-not-call", body: { number: "010-1111-2222" } }]);
  expect(await page.locator("[data-barred] button").count()).toBe(0);
  await page.close();
  stage.strike();
});

it("shows an agent the customer whom a campaign has reached, as text", async () => {
  const [page, stage] = await open(AGENT, "#/now", {});
  await page.locator("[data-queue]").first().waitFor();
  const hostile = `<img src=x onerror="document.title='owned'">`;
  const call = mine({
    ...{ direction: "out", unique_id: "calld-try-7", callee: "01098765432", campaign: "1", phase: "ringing" },
    customer: { ...customer, script: `안녕하세요 ${hostile}` },
  });
  stage.say({ type: "call.ringing", at: ago(0), call, rings: [], alert: { waited_ms: 300, earlier: [] } });
  const card = page.locator("[data-alert]");
  await card.getByText("캠페인 고객이 연결됩니다").waitFor();
  for (const text of ["봄맞이 재계약", "김철수", "5G 스탠다드", hostile, "010-9876-5432"])
    expect(await card.innerText()).toContain(text);
  expect(await page.locator("aside img").count()).toBe(0);
  await page.close();
  stage.strike();
});

it("lets an agent see the next customer, and call or skip, by keys", async () => {
  let now: typeof shown | undefined;
  const [page, stage] = await open(AGENT, "#/now", {
    previews: () => ({ previews: [{ campaign: "3", name: "해지 방어", queue: "123456", shown: now }] }),
    "POST campaigns/3/preview": () => (now = shown),
    "POST previews/t9/skip": () => ((now = undefined), null),
    "POST previews/t9/dial": new Refusal(409, { code: "agent_busy", detail: "" }),
  });
  const card = page.locator("[data-preview]");
  await card.waitFor();
  await page.keyboard.press("F9");
  await card.getByText("이영희").first().waitFor();
  await page.keyboard.press("F9");
  await card.getByText("통화 중이거나 후처리 중에는").waitFor();
  await page.keyboard.press("Shift+F9");
  await card.getByRole("button", { name: "다음 고객" }).waitFor();
  expect(stage.posted.map((p) => p.path)).toEqual(["campaigns/3/preview", "previews/t9/dial", "previews/t9/skip"]);
  await page.close();
  stage.strike();
});
