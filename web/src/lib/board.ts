import type {
  AgentStatus,
  AsteriskState,
  Call,
  CallChange,
  EarlierCall,
  QueueStatus,
  Role,
  ServerFrame,
  Welcome,
} from "../wire/messages";

/** How many of one's own ended calls are kept at hand. */
const RECENT = 20;

/** What changed since it was last asked: ids, or everything after a snapshot. */
export interface Changes {
  all: boolean;
  queues: Set<string>;
  agents: Set<string>;
  calls: Set<string>;
  /** My own status, my calls at hand, or what is known of their callers. */
  mine: boolean;
  asterisk: boolean;
}

/**
 * The picture that the server's frames give: a snapshot and its changes. It
 * knows nothing of the page; whoever draws asks for the changes now and then.
 */
export class Board {
  me: AgentStatus | null = null;
  role: Role = "agent";
  asterisk: AsteriskState = { state: "up", since: "", lag_ms: 0 };
  readonly queues = new Map<string, QueueStatus>();
  readonly agents = new Map<string, AgentStatus>();
  readonly calls = new Map<string, Call>();
  /** My latest calls that have ended, newest first. */
  recent: Call[] = [];
  /** Earlier calls of those who call me now, by call; missing when not known yet. */
  readonly earlier = new Map<string, EarlierCall[]>();
  #changes = none();

  /** What changed since the last time. */
  take(): Changes {
    const c = this.#changes;
    this.#changes = none();
    return c;
  }

  apply(frame: ServerFrame): void {
    switch (frame.type) {
      case "welcome":
        return this.#welcome(frame);
      case "call.waiting":
      case "call.ringing":
      case "call.answered":
      case "call.changed":
      case "call.ended":
        return this.#call(frame);
      case "call.earlier":
        this.earlier.set(frame.call, frame.earlier ?? []);
        this.#changes.mine = true;
        return;
      case "agent.state":
        this.agents.set(frame.agent.id, frame.agent);
        this.#changes.agents.add(frame.agent.id);
        if (frame.agent.id === this.me?.id) {
          this.me = frame.agent;
          this.#changes.mine = true;
        }
        return;
      case "queue.stats":
        this.queues.set(frame.queue.id, frame.queue);
        this.#changes.queues.add(frame.queue.id);
        return;
      case "asterisk.state":
        this.asterisk = frame.asterisk;
        this.#changes.asterisk = true;
        return;
    }
  }

  /** Takes my latest ended calls: also those of before the page was opened, and of while it was away. */
  remember(calls: Call[]): void {
    // Of a call that ended while the page was away, the page has no end.
    const told = new Set(calls.map((c) => c.id));
    this.recent = [...this.recent.filter((c) => !told.has(c.id)), ...calls]
      .sort((a, b) => endOf(b) - endOf(a))
      .slice(0, RECENT);
    this.#changes.mine = true;
  }

  /** Lets go of what is known of calls that are over: some of it is to be forgotten. */
  forget(): void {
    this.recent = [];
    this.earlier.clear();
    this.#changes.mine = true;
  }

  /** Whether a caller rings at my phone now. A call that I make myself is none. */
  ringsMe(c: Call): boolean {
    const me = this.me?.id;
    if (c.consult) return c.consult.agent === me && !c.consult.answered;
    return !isMade(c) && c.phase === "ringing" && (c.rings ?? []).some((r) => r.agent === me && r.result === "");
  }

  /** Whether I am consulted about a call, and have answered. */
  consultsMe(c: Call): boolean {
    return c.consult?.answered !== undefined && c.consult.agent === this.me?.id;
  }

  /** The calls that are mine to work with now: those that ring at my phone first, then those I talk with or make. */
  mine(): Call[] {
    if (!this.me) return [];
    const list: Call[] = [];
    for (const c of this.calls.values()) {
      if (this.ringsMe(c) || this.consultsMe(c)) list.unshift(c);
      else if (isWork(c) && c.agent === this.me.id) list.push(c);
    }
    return list;
  }

  #welcome(w: Welcome): void {
    this.me = w.agent;
    this.role = w.role;
    this.asterisk = w.asterisk;
    const before = this.mine();
    fill(this.queues, w.queues);
    fill(this.agents, w.agents);
    fill(this.calls, w.calls);
    // A call of mine that ended while the page was away is over, not gone.
    for (const c of before) if (!this.calls.has(c.id) && isWork(c)) this.#keep(c);
    for (const id of this.earlier.keys()) if (!this.calls.has(id)) this.earlier.delete(id);
    this.#changes.all = true;
  }

  #call(change: CallChange): void {
    const { call } = change;
    const wasMine = this.#concerns(this.calls.get(call.id));
    if (change.type === "call.ended") {
      this.calls.delete(call.id);
      this.earlier.delete(call.id);
      if (call.agent !== "" && call.agent === this.me?.id) this.#keep(call);
    } else {
      this.calls.set(call.id, call);
      if (change.alert?.earlier) this.earlier.set(call.id, change.alert.earlier);
    }
    this.#changes.calls.add(call.id);
    this.#changes.queues.add(call.queue);
    if (wasMine || this.#concerns(call)) this.#changes.mine = true;
  }

  #concerns(c: Call | undefined): boolean {
    const me = this.me?.id;
    return (
      c !== undefined && (c.agent === me || c.consult?.agent === me || (c.rings ?? []).some((r) => r.agent === me))
    );
  }

  #keep(call: Call): void {
    this.recent = [call, ...this.recent.filter((c) => c.id !== call.id)].slice(0, RECENT);
  }
}

/**
 * Whether a call is one that an agent makes, and that agent's still: nobody was
 * handed it. A customer whom a campaign has dialled comes like a caller.
 */
export function isMade(c: Call): boolean {
  return c.direction === "out" && !c.transfers?.length && !c.unique_id.startsWith(DIALLED);
}

/** How the unique ids of customers begin whom campaigns dial (queue.TryChannel). */
const DIALLED = "calld-try-";

/** Whether a call's agent works with it: talks, or calls the customer. */
function isWork(c: Call): boolean {
  return c.phase === "talking" || (isMade(c) && c.phase !== "ended");
}

/** When a call ended, in ms; one whose end is not known yet has ended just now. */
function endOf(c: Call): number {
  return c.end === null ? Number.MAX_VALUE : Date.parse(c.end);
}

function none(): Changes {
  return { all: false, queues: new Set(), agents: new Set(), calls: new Set(), mine: false, asterisk: false };
}

function fill<T extends { id: string }>(map: Map<string, T>, list: T[] | null): void {
  map.clear();
  for (const x of list ?? []) map.set(x.id, x);
}

/** The order in which calls are listed: who waits first, then who rings, then who talks; the longest first. */
export function compareCalls(a: Call, b: Call): number {
  return order(a) - order(b) || compare(a.begin, b.begin) || compare(a.id, b.id);
}

function order(c: Call): number {
  switch (c.phase) {
    case "talking":
    case "transferred":
      return 2;
    case "ringing":
    case "dialling":
      return 1;
    default:
      return 0;
  }
}

/** The order of agents: by name, so that nobody jumps about. */
export function compareAgents(a: AgentStatus, b: AgentStatus): number {
  return a.name.localeCompare(b.name, "ko") || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The customer's number of a call. */
export function customer(c: Pick<Call, "direction" | "caller" | "callee">): string {
  return c.direction === "out" ? c.callee : c.caller;
}
