import { Board, compareAgents, compareCalls } from "../lib/board";
import type { AgentStatus, AsteriskState, Call, EarlierCall, Offers, QueueStatus, ServerFrame } from "../wire/messages";

/** One value that components follow by itself. */
export class Cell<T> {
  value: T = $state.raw() as T;
  constructor(value: T) {
    this.value = value;
  }
}

export interface MyCall {
  call: Call;
  rings: boolean;
  /** I am consulted about it, and have answered. */
  consults: boolean;
  /** Earlier calls of the customer; null when not known yet. */
  earlier: EarlierCall[] | null;
}

/** A queue with the calls and agents that are listed with it. */
export class QueueView {
  readonly status: Cell<QueueStatus>;
  calls = $state.raw<Cell<Call>[]>([]);
  agents = $state.raw<Cell<AgentStatus>[]>([]);
  constructor(status: QueueStatus) {
    this.status = new Cell(status);
  }
}

/**
 * The board as components see it. Frames may come a thousand times a second;
 * components are told once for each picture that the browser draws, and only
 * those whose call, agent or queue has changed.
 */
export class Live {
  readonly #board = new Board();
  #pending = false;
  readonly #agents = new Map<string, Cell<AgentStatus>>();
  readonly #calls = new Map<string, Cell<Call>>();
  readonly #queues = new Map<string, QueueView>();
  /** How many calls have come. */
  #came = $state(0);
  #endedNow = 0;

  me = $state.raw<AgentStatus | null>(null);
  queues = $state.raw<QueueView[]>([]);
  agents = $state.raw<Cell<AgentStatus>[]>([]);
  mine = $state.raw<MyCall[]>([]);
  recent = $state.raw<Call[]>([]);
  asterisk = $state.raw<AsteriskState>({ state: "up", since: "", lag_ms: 0 });
  /** How many calls have ended since the page was opened. */
  ended = $state(0);

  apply(frame: ServerFrame): void {
    this.#board.apply(frame);
    if (frame.type === "call.ended") this.#endedNow++;
    if (frame.type === "welcome" || document.hidden) {
      // Nothing is drawn in a hidden tab, but alerts must come at once.
      this.#publish();
    } else if (!this.#pending) {
      this.#pending = true;
      requestAnimationFrame(() => this.#publish());
    }
  }

  /** What was not drawn because the tab was hidden meanwhile. */
  flush(): void {
    if (this.#pending) this.#publish();
  }

  /** Takes my latest ended calls. */
  remember(calls: Call[]): void {
    this.#board.remember(calls);
    this.#publish();
  }

  /** Lets go of what is known of calls that are over. */
  forget(): void {
    this.#board.forget();
    this.#publish();
  }

  // Whoever asks for what is not known yet follows the lists, so as to be told when it comes.

  /** An agent's name; the id where it is not known. */
  nameOf(agent: string): string {
    const cell = this.#agents.get(agent);
    if (!cell) void this.agents;
    return cell?.value.name ?? agent;
  }

  /** What the server tells of all queues: also of those that I don't see, from which calls are handed to me. */
  offered = $state.raw<NonNullable<Offers["queues"]>>({});

  /** A queue's name; the id where it is not known. */
  queueName(id: string): string {
    const view = this.#queues.get(id);
    if (!view) void this.queues;
    return view?.status.value.name ?? this.offered[id]?.name ?? id;
  }

  /** A live call. */
  call(id: string): Call | undefined {
    const cell = this.#calls.get(id);
    if (!cell) void this.#came;
    return cell?.value;
  }

  #publish(): void {
    this.#pending = false;
    const board = this.#board;
    const changes = board.take();
    if (this.ended !== this.#endedNow) this.ended = this.#endedNow;
    if (changes.all) return this.#publishAll();
    for (const id of changes.agents) this.#setAgent(board.agents.get(id));
    for (const id of changes.calls) this.#setCall(id, board.calls.get(id));
    for (const id of changes.queues) {
      const status = board.queues.get(id);
      const view = this.#queues.get(id);
      if (!status || !view) continue;
      view.status.value = status;
      const calls = this.#callsOf(id);
      if (calls.length !== view.calls.length || calls.some((c, i) => c !== view.calls[i])) view.calls = calls;
    }
    if (changes.mine) this.#publishMine();
    if (changes.asterisk) this.asterisk = board.asterisk;
  }

  #publishAll(): void {
    const board = this.#board;
    for (const id of this.#agents.keys()) if (!board.agents.has(id)) this.#agents.delete(id);
    for (const a of board.agents.values()) this.#setAgent(a);
    for (const id of this.#calls.keys()) if (!board.calls.has(id)) this.#calls.delete(id);
    for (const c of board.calls.values()) this.#setCall(c.id, c);
    const agents = [...this.#agents.values()].sort((a, b) => compareAgents(a.value, b.value));
    for (const id of this.#queues.keys()) if (!board.queues.has(id)) this.#queues.delete(id);
    for (const status of board.queues.values()) {
      const view = this.#queues.get(status.id) ?? new QueueView(status);
      this.#queues.set(status.id, view);
      view.status.value = status;
      view.calls = this.#callsOf(status.id);
      view.agents = agents.filter((a) => a.value.queues?.includes(status.id));
    }
    this.agents = agents;
    this.queues = [...board.queues.keys()].flatMap((id) => this.#queues.get(id) ?? []);
    this.asterisk = board.asterisk;
    this.#publishMine();
  }

  #publishMine(): void {
    const board = this.#board;
    this.me = board.me;
    this.recent = board.recent;
    this.mine = board.mine().map((call) => ({
      call,
      rings: board.ringsMe(call),
      consults: board.consultsMe(call),
      earlier: board.earlier.get(call.id) ?? null,
    }));
  }

  #setAgent(a: AgentStatus | undefined): void {
    if (!a) return;
    const cell = this.#agents.get(a.id);
    if (cell) cell.value = a;
    else this.#agents.set(a.id, new Cell(a));
  }

  #setCall(id: string, c: Call | undefined): void {
    const cell = this.#calls.get(id);
    if (!c) this.#calls.delete(id);
    else if (cell) cell.value = c;
    else {
      this.#calls.set(id, new Cell(c));
      this.#came++;
    }
  }

  #callsOf(queue: string): Cell<Call>[] {
    return [...this.#calls.values()]
      .filter((c) => c.value.queue === queue)
      .sort((a, b) => compareCalls(a.value, b.value));
  }
}
