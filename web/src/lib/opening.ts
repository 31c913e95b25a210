import type { Lang } from "../words";

const DAY = 24 * 60 * 60 * 1000;

/** When a queue opens or closes: the time, with its weekday when it is not today, and its date from a week on. */
export function openingMoment(at: string, now: number, lang: Lang): string {
  const d = new Date(at);
  const today = new Date(now).toDateString() === d.toDateString();
  const soon = d.getTime() - now < 6 * DAY;
  return new Intl.DateTimeFormat(lang, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    ...(!today && { weekday: "short" }),
    ...(!soon && { month: "numeric", day: "numeric" }),
  }).format(d);
}
