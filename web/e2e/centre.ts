import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Fetching Asterisk for the first time may take this long. */
const START_WITHIN = 180_000;

export interface Centre {
  url: string;
  stop(): Promise<void>;
}

/** A whole call centre: calld demo, with the page that was built last, a real Asterisk and people who call. */
export async function startCentre(): Promise<Centre> {
  const dir = await mkdtemp(join(tmpdir(), "calld-centre-"));
  const binary = join(dir, "calld");
  execFileSync("go", ["build", "-o", binary, "./cmd/calld"], { cwd: ROOT, stdio: "inherit" });
  const address = `127.0.0.1:${await freePort()}`;
  // Short talks, so that nobody has to wait long for the end of one.
  const demo = spawn(binary, ["demo", "--http", address, "--talk", "8s", "--log", join(dir, "log")], {
    cwd: ROOT,
    stdio: "ignore",
  });
  const stop = async () => {
    const ended = new Promise((resolve) => demo.once("exit", resolve));
    if (demo.exitCode === null && demo.kill("SIGINT")) await ended;
    await rm(dir, { recursive: true, force: true });
  };
  const url = `http://${address}/`;
  try {
    await ready(demo, url);
  } catch (e) {
    await stop();
    throw e;
  }
  return { url, stop };
}

async function ready(demo: ChildProcess, url: string): Promise<void> {
  const end = Date.now() + START_WITHIN;
  while (Date.now() < end) {
    if (demo.exitCode !== null) throw new Error(`calld demo ended with ${demo.exitCode}`);
    const answer = await fetch(url + "readyz").catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("calld demo did not become ready");
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const s = createServer();
    s.once("error", reject);
    s.listen(0, "127.0.0.1", () => {
      const at = s.address();
      s.close(() => (at && typeof at === "object" ? resolve(at.port) : reject(new Error("no port"))));
    });
  });
}
