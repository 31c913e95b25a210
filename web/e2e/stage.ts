import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocket, WebSocketServer } from "ws";
import type { Me } from "../src/lib/api";
import type { ClientFrame, ServerFrame, Welcome } from "../src/wire/messages";
import { FarEnd } from "./farend";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** A frame without its seq, which the stage counts. */
export type Cue = ServerFrame extends infer F ? (F extends { seq: number } ? Omit<F, "seq"> : never) : never;

/** An answer that refuses what was asked for. */
export class Refusal {
  constructor(
    readonly status: number,
    readonly problem: object,
  ) {}
}

/**
 * A server whose every word a test says: for what can't be had from a real
 * call centre at will, such as a hostile caller name or a thousand changes a
 * second. It serves the built page.
 */
export class Stage {
  readonly #http: Server;
  readonly #sockets = new Map<WebSocket, number>();
  url = "";
  me: Me;
  welcome: Omit<Welcome, "seq" | "type">;
  session = true;
  refuseSockets = false;
  /** What pages sent, all of it answered by an ack. */
  readonly heard: ClientFrame[] = [];
  /** The other end of the page's telephone. */
  readonly farEnd = new FarEnd();
  /** What pages posted to the REST interface. */
  readonly posted: { path: string; body: unknown }[] = [];
  /**
   * Answers of the REST interface by path, without api/v1/, or by method and path; a function is given the query and
   * what was sent, bytes are a sound.
   */
  readonly answers: Record<string, unknown> = {
    history: { calls: [], next: "" },
    missed: { missed: [], next: "" },
  };

  /** Codes of what is refused as not found, by path. */
  readonly refusals: Record<string, string> = {};

  private constructor(me: Me, welcome: Stage["welcome"]) {
    this.me = me;
    this.welcome = welcome;
    this.#http = createServer((request, response) => void this.#serve(request, response));
    const sockets = new WebSocketServer({ noServer: true });
    this.#http.on("upgrade", (request, socket, head) => {
      if (this.refuseSockets) return socket.destroy();
      const isPhone = request.url?.startsWith("/sip") === true;
      sockets.handleUpgrade(request, socket, head, (ws) => (isPhone ? this.farEnd.connect(ws) : this.#join(ws)));
    });
  }

  static set(me: Me, welcome: Stage["welcome"]): Promise<Stage> {
    const stage = new Stage(me, welcome);
    return new Promise((resolve) => {
      stage.#http.listen(0, "127.0.0.1", () => {
        const at = stage.#http.address();
        if (at && typeof at === "object") stage.url = `http://127.0.0.1:${at.port}/`;
        resolve(stage);
      });
    });
  }

  /** Says a frame to every page. */
  say(cue: Cue): void {
    for (const [ws, seq] of this.#sockets) {
      this.#sockets.set(ws, seq + 1);
      ws.send(JSON.stringify({ ...cue, seq: seq + 1 }));
    }
  }

  /** Closes every page's connection. */
  close(code: number): void {
    for (const ws of this.#sockets.keys()) ws.close(code);
    this.#sockets.clear();
  }

  strike(): void {
    for (const ws of this.#sockets.keys()) ws.terminate();
    this.#http.closeAllConnections();
    this.#http.close();
  }

  #join(ws: WebSocket): void {
    this.#sockets.set(ws, 1);
    ws.on("close", () => this.#sockets.delete(ws));
    ws.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as ClientFrame;
      this.heard.push(frame);
      ws.send(JSON.stringify({ type: "ack", ref: frame.ref }));
    });
    ws.send(JSON.stringify({ ...this.welcome, type: "welcome", seq: 1 }));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams } = new URL(request.url ?? "/", "http://stage");
    if (path.startsWith("/api/v1/")) {
      const resource = path.slice("/api/v1/".length);
      const sent = await text(request);
      const isJSON = request.headers["content-type"]?.startsWith("application/json");
      const body: unknown = sent === "" ? null : isJSON ? JSON.parse(sent) : sent;
      if (request.method === "POST") this.posted.push({ path: decodeURIComponent(resource), body });
      return this.#answer(request.method ?? "", resource, searchParams, body, response);
    }
    const file = path === "/" ? "/index.html" : normalize(path);
    try {
      const body = await readFile(join(DIST, file));
      response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  }

  #answer(method: string, path: string, query: URLSearchParams, body: unknown, response: ServerResponse): void {
    response.setHeader("Content-Type", "application/json");
    const say = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));
    if (!this.session) return void say(401, { code: "unauthorized", detail: "" });
    if (path === "session") return void say(200, this.me);
    const place = decodeURIComponent(path);
    let answer = this.answers[`${method} ${place}`] ?? this.answers[place];
    if (typeof answer === "function") answer = (answer as (q: URLSearchParams, body: unknown) => unknown)(query, body);
    if (answer instanceof Refusal) return void say(answer.status, answer.problem);
    if (answer instanceof Uint8Array) {
      response.setHeader("Content-Type", "audio/wav");
      return void response.end(answer);
    }
    void (answer === undefined
      ? say(404, { code: this.refusals[decodeURIComponent(path)] ?? "not_found", detail: "" })
      : say(200, answer));
  }
}
