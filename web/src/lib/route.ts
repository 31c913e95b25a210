import type { Role } from "../wire/messages";

export type ScreenName = "now" | "missed" | "history" | "board" | "reports" | "admin";

/** What the address bar says after the #: a screen, and in the history a call. */
export interface Route {
  screen: ScreenName;
  call: string | null;
}

/** The screens that a role has, in the order of the menu. */
export function screensOf(role: Role): ScreenName[] {
  const screens: ScreenName[] = ["now", "missed", "history"];
  if (role !== "agent") screens.push("board", "reports");
  if (role === "admin") screens.push("admin");
  return screens;
}

export function parseRoute(hash: string, role: Role): Route {
  const [name, ...rest] = hash.replace(/^#\/?/, "").split("/");
  const screen = screensOf(role).find((s) => s === name);
  if (!screen) return { screen: "now", call: null };
  const call = screen === "history" ? decode(rest.join("/")) : "";
  return { screen, call: call || null };
}

export function formatRoute(screen: ScreenName, call?: string): string {
  return `#/${screen}` + (call ? `/${encodeURIComponent(call)}` : "");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return ""; // mistyped
  }
}
