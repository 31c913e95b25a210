import { beforeEach, describe, expect, it } from "vitest";
import type { Call } from "../wire/messages";
import { Board, compareCalls, customer } from "./board";
import { agent, AT, call, change, queue, ring, welcome } from "./testing";

let board: Board;
beforeEach(() => {
  board = new Board();
  board.apply(welcome());
  board.take();
});

describe("Board", () => {
  it("takes a snapshot whole, the old picture gone", () => {
    board.apply(change("call.waiting", call("a")));
    board.apply(welcome({ calls: [call("b")], agents: null, queues: [queue("2")] }));
    expect([...board.calls.keys()]).toEqual(["b"]);
    expect(board.agents.size).toBe(0);
    expect([...board.queues.keys()]).toEqual(["2"]);
    expect(board.take().all).toBe(true);
  });

  it("names what changed, once", () => {
    board.apply(change("call.waiting", call("a")));
    board.apply({ seq: 3, type: "agent.state", at: AT, agent: agent("other", { state: "away" }) });
    board.apply({ seq: 4, type: "queue.stats", at: AT, queue: queue("1", { waiting: 1 }) });
    const c = board.take();
    expect([[...c.calls], [...c.agents], [...c.queues], c.all, c.mine]).toEqual([
      ["a"],
      ["other"],
      ["1"],
      false,
      false,
    ]);
    expect(board.take().calls.size).toBe(0);
  });

  it("follows a call from waiting to its end", () => {
    board.apply(change("call.waiting", call("a")));
    expect(board.mine()).toEqual([]);
    const ringing = call("a", { phase: "ringing", rings: [ring("me")] });
    board.apply(change("call.ringing", ringing, { alert: { waited_ms: 1, earlier: null } }));
    expect(board.mine()).toEqual([ringing]);
    expect(board.earlier.has("a")).toBe(false);
    board.apply({ seq: 3, type: "call.earlier", at: AT, call: "a", earlier: [] });
    expect(board.earlier.get("a")).toEqual([]);
    const talking = call("a", { phase: "talking", agent: "me", rings: [ring("me", { result: "answered" })] });
    board.apply(change("call.answered", talking));
    expect(board.ringsMe(talking)).toBe(false);
    expect(board.mine()).toEqual([talking]);
    board.take();
    board.apply(change("call.ended", { ...talking, phase: "ended", outcome: "answered" }));
    expect(board.take().mine).toBe(true);
    expect(board.mine()).toEqual([]);
    expect(board.recent.map((c) => c.id)).toEqual(["a"]);
    expect(board.earlier.size).toBe(0);
  });

  it("lets go of calls that are over when somebody is forgotten", () => {
    board.apply(change("call.ended", call("a", { agent: "me", phase: "ended", outcome: "answered" })));
    board.apply(change("call.ringing", call("b"), { alert: { waited_ms: 1, earlier: [] } }));
    board.forget();
    expect([board.recent, board.earlier.size, board.calls.size]).toEqual([[], 0, 1]);
    expect(board.take().mine).toBe(true);
  });

  it("does not alert for a call that another agent took", () => {
    board.apply(change("call.ringing", call("a", { phase: "ringing", rings: [ring("me"), ring("other")] })));
    board.take();
    const rings = [ring("me", { result: "answered_elsewhere" }), ring("other", { result: "answered" })];
    board.apply(change("call.answered", call("a", { phase: "talking", agent: "other", rings })));
    expect(board.mine()).toEqual([]);
    expect(board.take().mine).toBe(true);
    board.apply(change("call.ended", call("a", { phase: "ended", agent: "other", rings })));
    expect(board.recent).toEqual([]);
  });

  it("does not ring for an offer that is over, or waits again", () => {
    board.apply(
      change(
        "call.ringing",
        call("a", { phase: "ringing", rings: [ring("me", { result: "no_answer" }), ring("other")] }),
      ),
    );
    expect(board.mine()).toEqual([]);
    board.apply(change("call.waiting", call("a", { rings: [ring("me")] })));
    expect(board.mine()).toEqual([]);
  });

  it("keeps a talk at hand that ended while the page was away", () => {
    board.apply(change("call.answered", call("a", { phase: "talking", agent: "me" })));
    board.apply(welcome());
    expect(board.recent.map((c) => c.id)).toEqual(["a"]);
  });

  it("shows a ringing call first after a reload", () => {
    board.apply(
      welcome({
        calls: [call("t", { phase: "talking", agent: "me" }), call("r", { phase: "ringing", rings: [ring("me")] })],
      }),
    );
    expect(board.mine().map((c) => c.id)).toEqual(["r", "t"]);
  });

  it("has a call that I make at hand from the first ring, and it is no alert", () => {
    const out = (phase: Call["phase"]) =>
      call("o", {
        direction: "out",
        phase,
        agent: "me",
        rings: [ring("me", { result: phase === "ringing" ? "" : "answered" })],
      });
    for (const phase of ["ringing", "dialling", "talking"] as const) {
      board.apply(change("call.ringing", out(phase)));
      expect(board.mine().map((c) => c.phase)).toEqual([phase]);
      expect(board.ringsMe(out(phase))).toBe(false);
    }
    board.apply(change("call.ended", out("ended")));
    expect(board.mine()).toEqual([]);
    expect(board.recent.map((c) => c.id)).toEqual(["o"]);
  });

  it("a call of a colleague's making that is handed to me rings like any other", () => {
    const handed = call("o", {
      direction: "out",
      phase: "ringing",
      agent: "a2",
      rings: [ring("a2", { result: "answered" }), ring("me", { result: "" })],
      transfers: [{ at: AT, to: "me", kind: "blind", result: "", from: "a2" }],
    });
    expect(board.ringsMe(handed)).toBe(true);
    board.apply(change("call.ringing", { ...handed, agent: "me" }));
    board.apply(change("call.waiting", { ...handed, agent: "me", phase: "waiting", rings: [] }));
    expect(board.mine()).toEqual([]);
  });

  it("follows my own status", () => {
    board.apply({ seq: 2, type: "agent.state", at: AT, agent: agent("me", { state: "away", reason: "lunch" }) });
    expect(board.me?.state).toBe("away");
    expect(board.take().mine).toBe(true);
  });

  it("remembers calls of before, after those it saw end", () => {
    board.apply(change("call.ended", call("b", { phase: "ended", agent: "me" })));
    board.remember([call("b"), call("a")]);
    expect(board.recent.map((c) => c.id)).toEqual(["b", "a"]);
  });

  it("learns how calls ended while the page was away", () => {
    const ended = (id: string, minute: number) =>
      call(id, {
        phase: "ended",
        agent: "me",
        outcome: "answered",
        end: `2026-03-02T09:0${minute}:00Z`,
        talk_ms: 5000,
      });
    board.apply(change("call.ended", ended("a", 1)));
    board.apply(change("call.answered", call("b", { phase: "talking", agent: "me" })));
    board.apply(welcome());
    board.remember([ended("c", 3), ended("b", 2), ended("a", 1)]);
    expect(board.recent).toEqual([ended("c", 3), ended("b", 2), ended("a", 1)]);
  });

  it("keeps the latest of many ended calls", () => {
    for (let i = 0; i < 30; i++) board.apply(change("call.ended", call(`c${i}`, { phase: "ended", agent: "me" })));
    expect(board.recent).toHaveLength(20);
    expect(board.recent[0]?.id).toBe("c29");
  });
});

it("lists waiting before ringing before talking, the longest first", () => {
  const list = [
    call("t", { phase: "talking", begin: "2026-03-02T08:00:00Z" }),
    call("w2", { begin: "2026-03-02T09:00:02Z" }),
    call("r", { phase: "ringing", begin: "2026-03-02T08:30:00Z" }),
    call("w1", { phase: "greeting", begin: "2026-03-02T09:00:01Z" }),
  ];
  expect(list.sort(compareCalls).map((c) => c.id)).toEqual(["w1", "w2", "r", "t"]);
});

it("the customer of a call is who is not us", () => {
  expect(customer(call("a"))).toBe("01012345678");
  expect(customer(call("a", { direction: "out", callee: "0311234567" }))).toBe("0311234567");
});
