import type { Store } from "../lib/storage";
import { CATALOGUES, type Lang, type Words } from "../words";

export type Theme = "auto" | "light" | "dark";

/** What a user has chosen for this browser. */
export class Prefs {
  readonly #store: Store;
  #lang = $state<Lang>("ko");
  #theme = $state<Theme>("auto");
  #ringTone = $state(true);
  #microphone = $state("");
  #speaker = $state("");

  constructor(store: Store) {
    this.#store = store;
    const lang = store.getItem("calld.lang");
    if (lang === "ko" || lang === "en") this.#lang = lang;
    const theme = store.getItem("calld.theme");
    if (theme === "light" || theme === "dark") this.#theme = theme;
    this.#ringTone = store.getItem("calld.ringtone") !== "off";
    this.#microphone = store.getItem("calld.microphone") ?? "";
    this.#speaker = store.getItem("calld.speaker") ?? "";
    this.#show();
  }

  get lang() {
    return this.#lang;
  }
  set lang(lang: Lang) {
    this.#lang = lang;
    this.#store.setItem("calld.lang", lang);
    this.#show();
  }
  /** The texts in the chosen language. */
  get words(): Words {
    return CATALOGUES[this.#lang];
  }

  get theme() {
    return this.#theme;
  }
  set theme(theme: Theme) {
    this.#theme = theme;
    this.#store.setItem("calld.theme", theme);
    this.#show();
  }

  get ringTone() {
    return this.#ringTone;
  }
  set ringTone(on: boolean) {
    this.#ringTone = on;
    this.#store.setItem("calld.ringtone", on ? "on" : "off");
  }

  /** The device's id; empty: the browser's choice. */
  get microphone() {
    return this.#microphone;
  }
  set microphone(id: string) {
    this.#microphone = id;
    this.#store.setItem("calld.microphone", id);
  }

  get speaker() {
    return this.#speaker;
  }
  set speaker(id: string) {
    this.#speaker = id;
    this.#store.setItem("calld.speaker", id);
  }

  #show(): void {
    document.documentElement.lang = this.#lang;
    document.documentElement.dataset["theme"] = this.#theme;
  }
}
