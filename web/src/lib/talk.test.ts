import { expect, it, vi } from "vitest";
import { MicError, micFault, openMicrophone } from "./microphone";
import { replaces, TalkMemory } from "./talk";
import { MemoryStorage } from "./storage";

const dialog = { callId: "c1@pbx", localTag: "us", remoteTag: "them" };

it("a talk is remembered once, for a while, and for its agent", () => {
  const store = new MemoryStorage();
  const memory = new TalkMemory(store, "홍길동");
  expect(memory.take(1000)).toBeNull();
  memory.keep(dialog, 1000);
  expect(new TalkMemory(store, "이몽룡").take(2000)).toBeNull();
  expect(new TalkMemory(store, "홍길동").take(2000)).toEqual(dialog);
  expect(memory.take(2000)).toBeNull();
  memory.keep(dialog, 1000);
  expect(memory.take(60_000)).toBeNull();
  memory.keep(dialog, 1000);
  memory.forget();
  expect(memory.take(1000)).toBeNull();
  for (const text of ["nonsense", "null", "1", "{}", '{"callId":"c1","at":1000}']) {
    store.setItem("calld.talk.홍길동", text);
    expect(memory.take(1000), text).toBeNull();
  }
});

it("Replaces names the tags as the other side sees them", () =>
  expect(replaces(dialog)).toBe("Replaces: c1@pbx;to-tag=them;from-tag=us"));

it.each([
  ["NotAllowedError", "blocked"],
  ["NotFoundError", "missing"],
  ["NotReadableError", "busy"],
  ["OverconstrainedError", "missing"],
] as const)("%s is a microphone that is %s", (name, fault) => expect(micFault(new DOMException("", name))).toBe(fault));

it("without a secure page there is no microphone", async () => {
  vi.stubGlobal("navigator", {});
  await expect(openMicrophone("")).rejects.toEqual(new MicError("insecure"));
  vi.unstubAllGlobals();
});
