import type { Page } from "playwright-core";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AgentNow } from "../src/lib/api";
import { type Browser, openBrowser } from "./chromium";
import { ADMIN, answers, welcome } from "./scene";
import { Stage } from "./stage";

let stage: Stage;
let browser: Browser;
let page: Page;

beforeEach(async () => {
  stage = await Stage.set(ADMIN, welcome(ADMIN));
  Object.assign(stage.answers, answers);
  browser = await openBrowser();
  page = await browser.page();
});
afterEach(async () => {
  stage.strike();
  await browser.close();
  expect(browser.faults).toEqual([]);
});

it("makes, changes and removes an agent, and shows what is wrong", async () => {
  const list = (answers["agents"] as { agents: AgentNow[] }).agents.slice(0, 1);
  /** What the page asks to be changed. */
  const asked: { what: string; tag: string | undefined; body: unknown }[] = [];
  let tag = 1;
  let refusal: object | null = null;
  await page.route(/\/api\/v1\/agents(\/|$)/, async (route) => {
    const request = route.request();
    const id = decodeURIComponent(new URL(request.url()).pathname.split("/")[4] ?? "");
    const found = list.find((a) => a.id === id);
    if (request.method() === "GET")
      return route.fulfill({ json: id === "" ? { agents: list } : found, headers: { ETag: `"${tag}"` } });
    const body = request.postDataJSON() as AgentNow | null;
    asked.push({ what: `${request.method()} ${id}`, tag: request.headers()["if-match"], body });
    if (refusal) return route.fulfill({ status: 412, json: refusal });
    tag++;
    if (request.method() === "DELETE") list.splice(list.indexOf(found!), 1);
    else if (found) Object.assign(found, body);
    else list.push({ ...list[0]!, managed_by: "api", ...body, name: body!.name ?? body!.id });
    return request.method() === "DELETE" ? route.fulfill({ status: 204 }) : route.fulfill({ json: body });
  });
  await page.goto(stage.url + "#/admin");
  const row = page.locator('[data-account="김상담"]');
  const dialog = page.getByRole("dialog");
  await page.locator('[data-account="강수진"]').waitFor();
  expect(await page.locator("[data-account] button").count()).toBe(0); // the file's are read-only

  await page.getByRole("button", { name: "상담원 추가" }).click();
  await dialog.getByLabel("아이디").fill("김상담");
  await dialog.getByLabel("비밀번호").fill("secret");
  await dialog.getByLabel("내선").fill("801");
  await dialog.getByLabel("기술지원").check();
  const text = '801 is already the phone of agent "강수진"';
  refusal = { code: "invalid_request", detail: text, errors: [{ location: "body.phone", message: text }] };
  await dialog.getByRole("button", { name: "저장" }).click();
  await dialog.getByText(text).waitFor();
  refusal = null;
  await dialog.getByLabel("내선").fill("899");
  await dialog.getByRole("button", { name: "저장" }).click();
  await row.getByText("899").waitFor();
  const made = { id: "김상담", password: "secret", role: "agent", phone: "899", queues: ["234567"], web_phone: false };
  expect(asked.at(-1)).toEqual({ what: "POST ", tag: undefined, body: made });

  await row.getByRole("button", { name: "바꾸기" }).click();
  await dialog.getByLabel("역할").selectOption("supervisor");
  refusal = { code: "stale", detail: "" };
  await dialog.getByRole("button", { name: "저장" }).click();
  await dialog.getByText("그사이 다른 사람이 바꾸었습니다").waitFor();
  refusal = null;
  await dialog.getByRole("button", { name: "저장" }).click();
  await row.getByText("슈퍼바이저").waitFor();
  expect(asked.at(-1)).toMatchObject({ what: "PUT 김상담", tag: '"2"', body: { role: "supervisor", phone: "899" } });
  expect(asked.at(-1)!.body).not.toHaveProperty("password");

  await row.getByRole("button", { name: "삭제" }).click();
  await dialog.getByRole("button", { name: "삭제" }).click();
  await row.waitFor({ state: "detached" });
  expect(asked.at(-1)!.what).toBe("DELETE 김상담");
});

it("shows how the webhooks do, and tests one", async () => {
  const row = (name: string) => page.locator(`[data-webhook=${name}]`);
  stage.answers["webhooks/crm/test"] = { at: new Date().toISOString(), status: 204, took_ms: 12, error: "" };
  stage.answers["webhooks/old/test"] = { at: new Date().toISOString(), status: 410, took_ms: 9, error: "410 Gone" };
  await page.goto(stage.url + "#/admin");
  await row("crm").getByText("503 Service Unavailable").waitFor();
  expect(await row("crm").locator("td").nth(1).innerText()).toBe("사용 중");
  expect(await row("crm").locator("td").nth(2).innerText()).toMatch(/^3\s/);
  expect(await row("old").locator("td").nth(1).innerText()).toBe("꺼짐");
  await row("crm").getByRole("button", { name: "시험" }).click();
  await page.getByText("crm: 전달되었습니다 (204, 12ms).").waitFor();
  await row("old").getByRole("button", { name: "시험" }).click();
  await page.getByText("old: 전달되지 않았습니다: 410 Gone").waitFor();
  expect(stage.posted.map((p) => p.path)).toEqual(["webhooks/crm/test", "webhooks/old/test"]);
});

it("shows on the board and in reports how many calls were led on", async () => {
  await page.goto(stage.url + "#/board");
  await page.locator("[data-overflowed]", { hasText: "2" }).waitFor();
  expect(await page.locator("[data-overflowed]").count()).toBe(1); // only where there are some
  await page.getByRole("link", { name: "보고서" }).click();
  await page.getByRole("columnheader", { name: "넘김" }).waitFor();
});

it("has a customer forgotten once it was counted and confirmed", async () => {
  const counts = {
    calls: 12,
    memos: 9,
    recordings: 0,
    missed: 1,
    entries: 0,
    results: 0,
    events: 0,
    transfers: 0,
    audit: 0,
    live: 0,
  };
  stage.answers["privacy/forget"] = { ...counts, done: false };
  await page.goto(stage.url + "#/admin");
  const form = page.locator("[data-forget]");
  const dialog = page.getByRole("dialog");
  expect(await form.getByRole("button").isDisabled()).toBe(true);
  await form.getByLabel("고객 전화번호").fill("010-1234-5678");
  await form.getByRole("button").click();
  await dialog.getByText("통화: 12").waitFor();
  expect(await dialog.locator("[data-count]").count()).toBe(3); // only what there is
  await dialog.getByRole("button", { name: "취소" }).click();
  await form.getByRole("button").click();
  await dialog.getByRole("button", { name: "삭제", exact: true }).click();
  await page.getByText("010-1234-5678 고객의 정보를 삭제했습니다").waitFor();
  const asked = (confirm: boolean) => ({ path: "privacy/forget", body: { number: "010-1234-5678", confirm } });
  expect(stage.posted).toEqual([asked(false), asked(false), asked(true)]);
});
