import type { Role } from "../wire/messages";

export type ScreenName = "now" | "missed" | "history" | "board" | "reports" | "campaigns" | "admin";

/** What the address bar says after the #: a screen, and what of it. */
export interface Route {
  screen: ScreenName;
  /** In the history a call; of the campaigns a campaign, or a part such as lists/3. */
  item: string | null;
}

/** The screens that a role has, in the order of the menu. */
export function screensOf(role: Role): ScreenName[] {
  const screens: ScreenName[] = ["now", "missed", "history"];
  if (role !== "agent") screens.push("board", "reports", "campaigns");
  if (role === "admin") screens.push("admin");
  return screens;
}

export function parseRoute(hash: string, role: Role): Route {
  const [name, ...rest] = hash.replace(/^#\/?/, "").split("/");
  const screen = screensOf(role).find((s) => s === name);
  if (!screen) return { screen: "now", item: null };
  const item = screen === "history" || screen === "campaigns" ? decode(rest.join("/")) : "";
  return { screen, item: item || null };
}

export function formatRoute(screen: ScreenName, ...item: (string | undefined)[]): string {
  return [`#/${screen}`, ...item.flatMap((part) => (part ? encodeURIComponent(part) : []))].join("/");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return ""; // mistyped
  }
}
