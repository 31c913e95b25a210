import { Api, ApiError, type Me, type TransferKind, type TransferTarget } from "../lib/api";
import { Connection, type Link, type OutReason, RefusedError } from "../lib/connection";
import { parseRoute, type Route } from "../lib/route";
import type { Store } from "../lib/storage";
import type { Act } from "../parts/AgentMenu.svelte";
import type { AgentStatus, Offers, ServerFrame } from "../wire/messages";
import { Attention } from "./attention.svelte";
import { DayFigures } from "./day.svelte";
import { Campaigns } from "./campaigns.svelte";
import { Calls } from "./calls.svelte";
import { History } from "./history.svelte";
import { Live } from "./live.svelte";
import { MissedList } from "./missed.svelte";
import { Notes } from "./notes.svelte";
import { WebPhone } from "./phone.svelte";
import { Previews } from "./previews.svelte";
import type { Prefs } from "./prefs.svelte";
import { Time } from "./time.svelte";

/** How many of one's own calls are at hand after a reload. */
const RECENT = 6;

/** Everything of one log-in, from the welcome to the end of the session. */
export class Work {
  readonly who: Me;
  readonly api: Api;
  readonly live = new Live();
  readonly time = new Time();
  readonly attention = new Attention();
  readonly phone: WebPhone;
  readonly notes: Notes;
  readonly missed: MissedList;
  readonly day: DayFigures;
  readonly history: History;
  readonly calls: Calls;
  readonly campaigns: Campaigns;
  readonly previews: Previews;
  readonly #connection: Connection;

  link = $state.raw<Link>({ state: "connecting" });
  offers = $state.raw<Offers>({});
  route = $state.raw<Route>({ screen: "now", item: null });
  /** The state that was asked for during a call: it comes after that call. */
  next = $state.raw<{ call: string; state: "available" | "away" } | null>(null);
  /** The latest transfer: its call, to whom, and what came of it; empty while it is under way. */
  handover = $state.raw<{ call: string; to: string; result: string; kind: TransferKind } | null>(null);
  /** Counts the persons who were forgotten: what shows ended calls is made anew with it. */
  forgotten = $state(0);
  /** The state that was asked for could not be set. */
  refused = $state(false);
  readonly #onOut: (reason: OutReason) => void;

  constructor(who: Me, store: Store, prefs: Prefs, onOut: (reason: OutReason) => void) {
    this.who = who;
    this.#onOut = onOut;
    this.api = new Api(() => onOut("expired"));
    this.#connection = new Connection({
      open: () => new WebSocket(new URL("ws", document.baseURI).href.replace(/^http/, "ws")),
      session: () => this.#session(),
      onFrame: (f) => this.#take(f),
      onLink: (l) => this.#linked(l),
    });
    this.notes = new Notes(who.id, store, this.api, (call, n, was) =>
      this.#connection.request({ type: "memo", call, ...n, was }),
    );
    this.phone = new WebPhone(who.id, this.api, store, prefs, () => this.attention.chime());
    this.missed = new MissedList(this.api);
    this.day = new DayFigures(this.api);
    this.history = new History(this.api);
    this.calls = new Calls(this.api, who.phone, who.queues ?? []);
    this.previews = new Previews(this.api);
    this.campaigns = new Campaigns(this.api);
    this.notes.onSaved = (call, note) => this.history.noted(call, note);
  }

  start(): void {
    this.#goHere();
    addEventListener("hashchange", this.#goHere);
    addEventListener("storage", this.notes.storageChanged);
    addEventListener("online", this.#awake);
    addEventListener("pageshow", this.#awake);
    document.addEventListener("visibilitychange", this.#awake);
    this.time.start();
    this.attention.start();
    this.#connection.start();
  }

  stop(): void {
    removeEventListener("hashchange", this.#goHere);
    removeEventListener("storage", this.notes.storageChanged);
    removeEventListener("online", this.#awake);
    removeEventListener("pageshow", this.#awake);
    document.removeEventListener("visibilitychange", this.#awake);
    this.time.stop();
    this.attention.stop();
    this.phone.stop();
    this.notes.close();
    this.#connection.stop();
  }

  get role() {
    return this.who.role;
  }
  /** Whether the picture is the server's own of this moment. */
  get isLive(): boolean {
    return this.link.state === "open";
  }

  retryNow(): void {
    this.#connection.retryNow();
  }

  /** Ready for calls, at once: after-call work ends too. */
  available(): Promise<void> {
    return this.#setState("available", "");
  }

  away(reason: string): Promise<void> {
    return this.#setState("away", reason);
  }

  async #setState(state: "available" | "away", reason: string): Promise<void> {
    const call = this.live.me?.call;
    await this.#set(() => this.#connection.request({ type: "state", state, reason }));
    this.next = call !== undefined && !this.refused ? { call, state } : null;
  }

  /** Hands a call over, or consults somebody before; handover tells how it goes. */
  async transfer(call: string, target: TransferTarget, to: string, kind: TransferKind): Promise<void> {
    const begun = { call, to, kind, result: "" };
    this.handover = begun;
    let result: string;
    try {
      result = (await this.api.transfer(call, target, kind)).result;
    } catch (e) {
      result = e instanceof ApiError ? e.code : "failed";
    }
    if (this.handover === begun) this.handover = { ...begun, result };
  }

  /** Ends after-call work; whoever was away is so again. */
  wrapupDone(): Promise<void> {
    return this.#set(() => this.#connection.request({ type: "wrapup.done" }));
  }

  /** Does something to an agent, as a supervisor may. Throws an ApiError when it is refused. */
  async supervise(agent: AgentStatus, act: Act): Promise<void> {
    switch (act) {
      case "available":
      case "away":
        return this.api.setAgentState(agent.id, { state: act });
      case "free":
        return this.api.freeAgent(agent.id);
      case "logout":
        return this.api.logOutAgent(agent.id);
      default:
        return this.api.spy(agent.call ?? "", act);
    }
  }

  /** Logs out here and in all other tabs. */
  async logout(): Promise<void> {
    this.phone.stop(); // while it can still hang up
    await this.#connection.request({ type: "logout" }).catch(() => undefined); // the session ends all the same
    await this.api.logout().catch(() => undefined);
    this.#onOut("logged_out");
  }

  async #set(change: () => Promise<void>): Promise<void> {
    this.refused = false;
    try {
      await change();
    } catch (e) {
      if (!(e instanceof RefusedError)) throw e;
      this.refused = true;
    }
  }

  async #session(): Promise<"good" | "expired" | "unknown"> {
    try {
      await this.api.me();
      return "good";
    } catch (e) {
      return e instanceof ApiError && e.code === "unauthorized" ? "expired" : "unknown";
    }
  }

  #take(f: ServerFrame): void {
    if ("at" in f) this.time.clock.sample(Date.parse(f.at), Date.now());
    switch (f.type) {
      case "welcome":
        this.offers = f.offers;
        this.live.offered = f.offers.queues ?? {};
        if (f.web_phone) this.phone.start();
        else this.phone.stop();
        this.time.step();
        void this.missed.load(); // what was missed meanwhile
        void this.#remember();
        if (this.role !== "agent") void this.day.load();
        if (this.who.phone) void this.previews.load();
        break;
      case "missed.changed":
        this.missed.changed(f.data);
        return;
      case "person.forgotten":
        this.forgotten++;
        this.live.forget();
        void this.#remember();
        void this.missed.load();
        void this.history.again();
        return;
      case "queue.day":
        this.day.changed(f.data);
        return;
      case "campaign.stats":
        this.campaigns.changed(f.data);
        if (this.who.phone) this.previews.changed(f.data);
        return;
    }
    this.live.apply(f);
  }

  /** My latest calls, to go on with their memos. */
  async #remember(): Promise<void> {
    if (!this.who.phone) return;
    const page = await this.api.history({ agent: this.who.id, limit: RECENT }).catch(() => null); // next time
    if (page) this.live.remember(page.calls ?? []);
  }

  #linked(link: Link): void {
    this.link = link;
    const open = link.state === "open";
    this.time.freeze(!open);
    if (link.state === "lost") this.time.clock.reset();
    this.notes.setOnline(open);
    if (link.state === "out") this.#onOut(link.reason);
  }

  #awake = (): void => {
    if (document.hidden) return;
    this.live.flush();
    this.time.step();
    this.#connection.check();
  };

  #goHere = (): void => {
    this.route = parseRoute(location.hash, this.who.role);
  };
}
