import { getContext, setContext } from "svelte";
import { Api, ApiError, type Me } from "../lib/api";
import type { OutReason } from "../lib/connection";
import { browserStorage, type Store } from "../lib/storage";
import { Prefs } from "./prefs.svelte";
import { Work } from "./work.svelte";

/** The page as a whole: who is logged in, if anybody. */
export class App {
  readonly #store: Store = browserStorage();
  readonly #api = new Api(() => undefined);
  readonly prefs = new Prefs(this.#store);

  /** Until the server has said whether the session is good, nothing is shown. */
  asking = $state(true);
  unreachable = $state(false);
  work = $state.raw<Work | null>(null);
  /** Why the user is back at the login. */
  out = $state<OutReason | null>(null);

  /** Goes on with the session that the browser has, if it is good. */
  async start(): Promise<void> {
    this.asking = true;
    this.unreachable = false;
    try {
      this.#begin(await this.#api.me());
    } catch (e) {
      this.unreachable = !(e instanceof ApiError) || e.code === "unreachable";
    }
    this.asking = false;
  }

  /** Throws an ApiError when the login is refused. */
  async login(id: string, password: string): Promise<void> {
    this.#begin(await this.#api.login(id, password));
  }

  #begin(who: Me): void {
    this.out = null;
    this.work?.stop();
    this.work = new Work(who, this.#store, this.prefs, (reason) => this.#leave(reason));
    this.work.start();
  }

  #leave(reason: OutReason): void {
    this.work?.stop();
    this.work = null;
    this.out = reason;
  }
}

const APP = Symbol("app");
const WORK = Symbol("work");

export function provideApp(app: App): void {
  setContext(APP, app);
}
/** The page; to be called while a component is made. */
export function useApp(): App {
  return getContext<App>(APP);
}
export function provideWork(work: Work): void {
  setContext(WORK, work);
}
/** The log-in; to be called while a component of the logged-in page is made. */
export function useWork(): Work {
  return getContext<Work>(WORK);
}
