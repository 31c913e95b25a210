import type { ClientFrame, ServerFrame } from "../wire/messages";
import { pause } from "./backoff";

/** Why the page is out: it has to log in before it may connect again. */
export type OutReason = "logged_out" | "expired" | "removed";

export type Link =
  | { state: "connecting" }
  | { state: "open" }
  /** Broken; the next try is at retryAt (ms, local). */
  | { state: "lost"; since: number; retryAt: number }
  | { state: "out"; reason: OutReason };

/** The part of a WebSocket that is used. */
export type Socket = Pick<WebSocket, "onmessage" | "onclose" | "send" | "close">;

export interface ConnectionOptions {
  open: () => Socket;
  /** Whether the session is still good: "unknown" when the server can't be asked. */
  session: () => Promise<"good" | "expired" | "unknown">;
  onFrame: (frame: ServerFrame) => void;
  onLink: (link: Link) => void;
  random?: () => number;
}

/** A frame that was not carried out: its code, or "lost" when the connection broke first. */
export class RefusedError extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** How often the page asks whether the server is still there, and how long the answer may take, in ms. */
const PING_EVERY = 10_000;
const PONG_WITHIN = 6_000;
/** After a sleep the answer has to come sooner. */
const PONG_AWAKE = 2_500;
/** How long a socket may take to open and to welcome. */
const WELCOME_WITHIN = 10_000;
/** The pause after the server threw us out for what we sent: something is wrong here. */
const PAUSE_FAULTY = 10_000;

/** What the codes of docs/websocket.md mean for the page. */
const LOGGED_OUT = 4001;
const LOGIN_LATE = 4002;
const LOGIN_REFUSED = 4003;
const REMOVED = 4004;
const MALFORMED = 4005;
const TOO_FAST = 4006;
const RESTART = 1012;

type Waiter = { resolve: () => void; reject: (e: RefusedError) => void };

/**
 * The one connection to the server. It comes back by itself; frames with a
 * rising seq are passed on, and a gap in them makes a new connection with a
 * new snapshot.
 */
export class Connection {
  readonly #o: ConnectionOptions;
  #socket: Socket | null = null;
  #link: Link = { state: "connecting" };
  #stopped = false;
  #tries = 0;
  /** Counts the tries to come back: only the latest one goes on. */
  #turn = 0;
  #seq = 0;
  #refs = 0;
  #waiting = new Map<string, Waiter>();
  #heard = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ping: ReturnType<typeof setInterval> | undefined;
  #dead: ReturnType<typeof setTimeout> | undefined;

  constructor(o: ConnectionOptions) {
    this.#o = o;
  }

  start(): void {
    this.#connect();
  }

  /** Closes for good. */
  stop(): void {
    this.#stopped = true;
    this.#drop();
  }

  /** Sends a frame; resolves when the server has carried it out. */
  request(frame: ClientFrame): Promise<void> {
    const socket = this.#socket;
    if (!socket || this.#link.state !== "open") return Promise.reject(new RefusedError("lost"));
    const ref = String(++this.#refs);
    return new Promise((resolve, reject) => {
      this.#waiting.set(ref, { resolve, reject });
      socket.send(JSON.stringify({ ...frame, ref }));
    });
  }

  /** Looks at once whether the connection lives: after sleep, or when the network is back. */
  check(): void {
    if (this.#link.state === "lost") this.retryNow();
    else if (this.#link.state === "open" && Date.now() - this.#heard > 1000) this.#probe(PONG_AWAKE);
  }

  retryNow(): void {
    if (this.#link.state !== "lost") return;
    void this.#again();
  }

  #connect(): void {
    if (this.#stopped) return;
    const socket = this.#o.open();
    this.#socket = socket;
    this.#seq = 0;
    this.#expect(WELCOME_WITHIN);
    socket.onmessage = (e) => {
      if (this.#socket === socket && typeof e.data === "string") this.#take(e.data);
    };
    socket.onclose = (e) => {
      if (this.#socket === socket) this.#closed(e.code);
    };
  }

  #take(text: string): void {
    this.#heard = Date.now();
    clearTimeout(this.#dead);
    const frame = JSON.parse(text) as ServerFrame;
    if (frame.type === "ack" || frame.type === "error") {
      const waiter = this.#waiting.get(frame.ref ?? "");
      this.#waiting.delete(frame.ref ?? "");
      if (frame.type === "ack") waiter?.resolve();
      else waiter?.reject(new RefusedError(frame.code));
      return;
    }
    if (frame.seq !== ++this.#seq) return this.#lose(pause(1, this.#random()));
    if (frame.type === "welcome") this.#opened();
    this.#o.onFrame(frame);
  }

  #opened(): void {
    this.#tries = 0;
    if (this.#link.state === "open") return; // a new snapshot on the same connection
    this.#set({ state: "open" });
    this.#ping = setInterval(() => this.#probe(PONG_WITHIN), PING_EVERY);
  }

  #probe(within: number): void {
    this.#expect(within);
    this.request({ type: "ping" }).catch(() => undefined); // whatever comes back is a sign of life
  }

  /** Something has to be heard within so many ms. */
  #expect(within: number): void {
    clearTimeout(this.#dead);
    this.#dead = setTimeout(() => this.#lose(pause(++this.#tries, this.#random())), within);
  }

  #closed(code: number): void {
    switch (code) {
      case LOGGED_OUT:
        return this.#out("logged_out");
      case LOGIN_LATE:
      case LOGIN_REFUSED:
        return this.#out("expired");
      case REMOVED:
        return this.#out("removed");
      case MALFORMED:
      case TOO_FAST:
        return this.#lose(PAUSE_FAULTY);
      case RESTART:
        return this.#lose(pause(1, this.#random()));
    }
    this.#lose(pause(++this.#tries, this.#random()));
  }

  #out(reason: OutReason): void {
    this.#drop();
    this.#set({ state: "out", reason });
  }

  #lose(wait: number): void {
    this.#drop();
    if (this.#stopped) return;
    const since = this.#link.state === "lost" ? this.#link.since : Date.now();
    this.#set({ state: "lost", since, retryAt: Date.now() + wait });
    this.#retry = setTimeout(() => void this.#again(), wait);
  }

  /** Connects again if the session is still good. It takes the place of a try that is under way: there is one socket. */
  async #again(): Promise<void> {
    if (this.#link.state !== "lost") return;
    this.#drop();
    const turn = ++this.#turn;
    const since = this.#link.since;
    this.#set({ state: "lost", since, retryAt: Date.now() });
    const session = await this.#o.session();
    if (this.#stopped || turn !== this.#turn) return;
    if (session === "expired") this.#out("expired");
    else if (session === "unknown") this.#lose(pause(++this.#tries, this.#random()));
    else this.#connect();
  }

  /** Lets go of the socket; whoever waits for an answer is told. */
  #drop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#dead);
    clearInterval(this.#ping);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const w of waiting) w.reject(new RefusedError("lost"));
  }

  #set(link: Link): void {
    this.#link = link;
    this.#o.onLink(link);
  }

  #random(): number {
    return (this.#o.random ?? Math.random)();
  }
}
