import type { Page } from "playwright-core";

/** Logs in, or is refused. */
export async function login(page: Page, url: string, id: string, password = "demo"): Promise<void> {
  await page.goto(url);
  await page.fill("input[autocomplete=username]", id);
  await page.fill("input[type=password]", password);
  await page.click("form button.primary");
  await page.locator("nav, form [role=alert]:not(:empty)").first().waitFor();
}

export function goTo(
  page: Page,
  screen: "now" | "missed" | "history" | "board" | "campaigns" | "admin",
): Promise<void> {
  return page.click(`nav a[href="#/${screen}"]`);
}
