import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ServerFrame } from "../wire/messages";
import { LONGEST_PAUSE, pause } from "./backoff";
import { Connection, type Link, RefusedError, type Socket } from "./connection";

class FakeSocket {
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: ((e: { code: number }) => void) | null = null;
  sent: { type: string; ref: string }[] = [];
  closed = false;
  seq = 0;
  send(text: string) {
    this.sent.push(JSON.parse(text) as { type: string; ref: string });
  }
  close() {
    this.closed = true;
  }
  say(frame: object) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  next(type: string) {
    this.say({ seq: ++this.seq, type });
  }
  ack(index: number) {
    this.say({ type: "ack", ref: this.sent[index]?.ref });
  }
}

let sockets: FakeSocket[];
let links: Link[];
let frames: string[];
let session: "good" | "expired" | "unknown";
let connection: Connection;

const last = () => sockets[sockets.length - 1]!;
const link = () => links[links.length - 1]!;

beforeEach(() => {
  vi.useFakeTimers();
  [sockets, links, frames, session] = [[], [], [], "good"];
  connection = new Connection({
    open: () => {
      sockets.push(new FakeSocket());
      return last() as unknown as Socket;
    },
    session: () => Promise.resolve(session),
    onFrame: (f: ServerFrame) => frames.push(f.type),
    onLink: (l) => links.push(l),
    random: () => 0.5,
  });
  connection.start();
});
afterEach(() => vi.useRealTimers());

describe("Connection", () => {
  it("opens with the welcome and passes frames on", () => {
    last().next("welcome");
    last().next("agent.state");
    expect(links).toEqual([{ state: "open" }]);
    expect(frames).toEqual(["welcome", "agent.state"]);
  });

  it("answers requests by their ref", async () => {
    last().next("welcome");
    const good = connection.request({ type: "wrapup.done" });
    const bad = connection.request({ type: "state", state: "x" });
    last().say({ type: "error", ref: last().sent[1]!.ref, code: "bad_state" });
    last().ack(0);
    await expect(good).resolves.toBeUndefined();
    await expect(bad).rejects.toEqual(new RefusedError("bad_state"));
  });

  it("refuses requests before the welcome, and those a break leaves open", async () => {
    await expect(connection.request({ type: "ping" })).rejects.toMatchObject({ code: "lost" });
    last().next("welcome");
    const open = connection.request({ type: "wrapup.done" });
    last().onclose?.({ code: 1006 });
    await expect(open).rejects.toMatchObject({ code: "lost" });
  });

  it("comes back after a break, ever slower, until it is welcomed", async () => {
    last().next("welcome");
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      const before = Date.now();
      last().onclose?.({ code: 1006 });
      const l = link();
      if (l.state !== "lost") throw new Error(l.state);
      waits.push(l.retryAt - before);
      await vi.advanceTimersByTimeAsync(l.retryAt - before);
      expect(sockets).toHaveLength(i + 2);
    }
    expect(waits).toEqual([650, 1300, 2600, 5200, 9750, 9750]);
    last().next("welcome");
    expect(link()).toEqual({ state: "open" });
  });

  it("tells since when it is lost, over several tries", async () => {
    last().next("welcome");
    last().onclose?.({ code: 1006 });
    const since = Date.now();
    session = "unknown";
    await vi.advanceTimersByTimeAsync(5000);
    expect(link()).toMatchObject({ state: "lost", since });
  });

  it.each([
    [4001, "logged_out"],
    [4002, "expired"],
    [4003, "expired"],
    [4004, "removed"],
  ])("close code %d ends it: %s", async (code, reason) => {
    last().next("welcome");
    last().onclose?.({ code });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(link()).toEqual({ state: "out", reason });
    expect(sockets).toHaveLength(1);
  });

  it("comes back soon after a restart of the server", () => {
    last().next("welcome");
    last().onclose?.({ code: 1012 });
    expect(link()).toMatchObject({ state: "lost", retryAt: Date.now() + 650 });
  });

  it("waits after being thrown out for what it sent", () => {
    last().next("welcome");
    last().onclose?.({ code: 4006 });
    expect(link()).toMatchObject({ retryAt: Date.now() + 10_000 });
  });

  it("asks for the session before it comes back", async () => {
    last().next("welcome");
    last().onclose?.({ code: 1006 });
    session = "expired";
    await vi.advanceTimersByTimeAsync(2000);
    expect(link()).toEqual({ state: "out", reason: "expired" });
  });

  it("has one socket, however often it is told to come back", async () => {
    last().next("welcome");
    last().onclose?.({ code: 1006 });
    connection.check(); // the network is back, and the page is shown, at the same time
    connection.check();
    await vi.advanceTimersByTimeAsync(0);
    connection.retryNow(); // while a socket opens
    await vi.advanceTimersByTimeAsync(0);
    last().next("welcome");
    expect(link()).toEqual({ state: "open" });
    expect(sockets.filter((s) => !s.closed)).toEqual([last()]);
  });

  it("takes a new snapshot when a frame is missing", async () => {
    last().next("welcome");
    last().seq++;
    last().next("agent.state");
    expect(frames).toEqual(["welcome"]);
    expect(link().state).toBe("lost");
    await vi.advanceTimersByTimeAsync(1000);
    last().next("welcome");
    expect(link()).toEqual({ state: "open" });
  });

  it("finds a dead connection by itself", () => {
    last().next("welcome");
    vi.advanceTimersByTime(10_000);
    expect(last().sent.map((f) => f.type)).toEqual(["ping"]);
    vi.advanceTimersByTime(6_000);
    expect(link().state).toBe("lost");
    expect(sockets[0]!.closed).toBe(true);
  });

  it("stays while it is answered", () => {
    last().next("welcome");
    for (let i = 0; i < 6; i++) {
      vi.advanceTimersByTime(10_000);
      last().ack(i);
    }
    expect(links).toHaveLength(1);
  });

  it("looks at once after sleep", () => {
    last().next("welcome");
    vi.setSystemTime(Date.now() + 3_600_000);
    connection.check();
    vi.advanceTimersByTime(2_500);
    expect(link().state).toBe("lost");
  });

  it("gives up on a server that does not welcome", () => {
    vi.advanceTimersByTime(10_000);
    expect(link().state).toBe("lost");
  });

  it("stays closed after stop", async () => {
    last().next("welcome");
    connection.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(1);
    expect(last().closed).toBe(true);
  });
});

it("pauses differ, grow and are bounded", () => {
  expect(pause(1, 0)).toBe(300);
  expect(pause(1, 1)).toBe(1000);
  for (let n = 1; n < 60; n++) expect(pause(n, 1)).toBeLessThanOrEqual(LONGEST_PAUSE);
});
