import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Browser, openBrowser } from "./chromium";
import { looks, show, views } from "./views";

/** Makes docs/pictures: every screen, with the same scene and at the same time of day each time. */
const PICTURES = fileURLToPath(new URL("../../docs/pictures/", import.meta.url));

let browser: Browser;
beforeAll(async () => {
  await mkdir(PICTURES, { recursive: true });
  browser = await openBrowser(undefined, { tone: 1000 });
});
afterAll(async () => {
  await browser.close();
  expect(browser.faults).toEqual([]);
});

it.each([...views, ...looks])("%s", async (...view) => {
  const { page, stage } = await show(browser, view);
  await page.screenshot({ path: `${PICTURES}${view[0]}.png`, animations: "disabled", caret: "hide" });
  await page.close();
  stage.strike();
});
