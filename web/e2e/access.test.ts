import axe from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Browser, openBrowser } from "./chromium";
import { ADMIN, AGENT, answers, earlier, welcome } from "./scene";
import { customer, shown } from "./scene-campaigns";
import { show, type View, views } from "./views";

// Every screen, for whoever can't see it well, has no mouse, has a narrow
// window, likes it dark, or reads English.

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser(undefined, { tone: 1000 });
});
afterAll(async () => {
  await browser.close();
  expect(browser.faults).toEqual([]);
});

const names = views.map((v) => v[0]);
const view = (name: string, look: View[4]): View => {
  const [n, who, hash, act] = views.find((v) => v[0] === name)!;
  return [n, who, hash, act, look];
};

/** Opens a view, looks at it and closes it. */
async function look<T>(name: string, how: View[4], at: (page: Page) => Promise<T>): Promise<T> {
  const { page, stage } = await show(browser, view(name, how));
  try {
    return await at(page);
  } finally {
    await page.close();
    stage.strike();
  }
}

/** What breaks WCAG 2.1 A and AA: rule and place of each. */
async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
    return (await axe.run(document, { runOnly: tags, resultTypes: ["violations"] })).violations;
  });
  return found.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(" ")} ${n.failureSummary ?? ""}`));
}

describe("has no barriers", () => {
  it.each(names)("%s", (name) => look(name, {}, async (page) => expect(await barriers(page)).toEqual([])));
  it.each(names)("%s, dark", (name) =>
    look(name, { theme: "dark" }, async (page) => {
      expect(await page.evaluate(() => getComputedStyle(document.body).colorScheme)).toBe("dark");
      expect(await barriers(page)).toEqual([]);
    }),
  );
});

/** Hangul that people wrote or are named by; all other is the page's own. */
const written = new Set([
  "한국어",
  ...(JSON.stringify([
    welcome(AGENT),
    welcome(ADMIN),
    earlier,
    answers,
    customer,
    shown,
    ...views.map((v) => String(v[3])),
  ]).match(/[가-힣]+/g) ?? []),
]);

describe("speaks English throughout", () => {
  it.each(names)("%s", (name) =>
    look(name, { lang: "en" }, async (page) => {
      const texts = await page.evaluate(() => {
        const told = ["aria-label", "title", "placeholder", "alt"];
        const attributes = [...document.querySelectorAll("*")].flatMap((e) => told.map((a) => e.getAttribute(a) ?? ""));
        return [document.title, document.body.innerText, ...attributes].join("\n");
      });
      expect((texts.match(/[가-힣]+/g) ?? []).filter((word) => !written.has(word))).toEqual([]);
    }),
  );
});

describe("needs no sideways scrolling at 360 px", () => {
  it.each(names)("%s", (name) =>
    look(name, { width: 360, height: 740 }, async (page) => {
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      if (name === "ringing") {
        const box = (await page.locator("[data-alert]").boundingBox())!;
        expect(box.x >= 0 && box.x + box.width <= 360 && box.y < 740 / 2).toBe(true);
      }
      if (name === "now") {
        const box = (await page.locator(".switch").boundingBox())!;
        expect(box.x >= 0 && box.x + box.width <= 360 && box.y < 740 / 2).toBe(true);
      }
    }),
  );
});
