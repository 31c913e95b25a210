import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** How long a fact may take to come about. */
const PATIENCE = 60_000;

/** A call centre with a real Asterisk whose customers call when they are told to: switchboard/main.go. */
export class Switchboard {
  readonly #program: ChildProcess;
  readonly #dir: string;
  readonly #control: string;
  /** The page. */
  readonly url: string;

  private constructor(program: ChildProcess, dir: string, at: { page: string; control: string }) {
    this.#program = program;
    this.#dir = dir;
    this.url = at.page;
    this.#control = at.control;
  }

  static async open(): Promise<Switchboard> {
    const dir = await mkdtemp(join(tmpdir(), "calld-switchboard-"));
    const binary = join(dir, "switchboard");
    execFileSync("go", ["build", "-o", binary, "./web/e2e/switchboard"], { cwd: ROOT, stdio: "inherit" });
    const program = spawn(binary, { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] });
    const line = await new Promise<string>((resolve, reject) => {
      createInterface(program.stdout).once("line", resolve);
      program.once("exit", (code) => reject(new Error(`the switchboard ended with ${code}`)));
    });
    const board = new Switchboard(program, dir, JSON.parse(line) as { page: string; control: string });
    await board.#ready();
    return board;
  }

  async #ready(): Promise<void> {
    await eventually("the server is ready", async () => (await fetch(this.url + "readyz").catch(() => null))?.ok);
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#program.once("exit", resolve));
    this.#program.stdin?.end();
    if (this.#program.exitCode === null) await ended;
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** A customer calls, with a tone for a voice; to is another consultation number, name what the network tells. */
  async call(from: string, tone: number, more: { to?: string; name?: string } = {}): Promise<Customer> {
    const query = new URLSearchParams({ from, tone: String(tone), ...more });
    const { leg } = await this.ask<{ leg: number }>("POST", `call?${query}`);
    return new Customer(this, leg);
  }

  /** Kills calld as kill -9 does. */
  async kill(): Promise<void> {
    await this.ask("POST", "calld/kill");
  }
  /** Starts calld again. */
  async start(): Promise<void> {
    await this.ask("POST", "calld/start");
    await this.#ready();
  }

  /** The text of calld's configuration file. */
  async configuration(): Promise<string> {
    return (await fetch(`${this.#control}/config`)).text();
  }
  async configure(text: string): Promise<void> {
    await this.ask("PUT", "config", text);
  }

  hangUpAll(): Promise<unknown> {
    return this.ask("POST", "hangup");
  }

  /** How loud tones are in the recording of an ended call: 1 is full. */
  async recording(call: string, tones: number[]): Promise<number[]> {
    const query = tones.map((hz) => `&hz=${hz}`).join("");
    return eventually("the call is recorded", () =>
      this.ask<number[]>("GET", `recording?call=${call}${query}`).catch(() => null),
    );
  }

  async ask<T>(method: string, path: string, body?: string): Promise<T> {
    const answer = await fetch(`${this.#control}/${path}`, { method, ...(body !== undefined && { body }) });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }
}

export class Customer {
  constructor(
    private readonly board: Switchboard,
    private readonly leg: number,
  ) {}

  look(hz = 1): Promise<{ state: string; level: number; digits: string }> {
    return this.board.ask("GET", `leg/${this.leg}?hz=${hz}`);
  }
  hears(hz: number): Promise<unknown> {
    return eventually(`the customer hears ${hz} Hz`, async () => (await this.look(hz)).level > 0.2);
  }
  /** Hears nothing of a tone for a while: longer than the pauses of the agent's voice. */
  async doesNotHear(hz: number): Promise<void> {
    let since = Date.now();
    await eventually(`the customer does not hear ${hz} Hz`, async () => {
      if ((await this.look(hz)).level > 0.1) since = Date.now();
      return Date.now() - since > 2_000;
    });
  }
  state(want: string): Promise<unknown> {
    return eventually(`the customer's call is ${want}`, async () => (await this.look()).state === want);
  }
  async press(digits: string): Promise<void> {
    await this.board.ask("POST", `leg/${this.leg}/press?digits=${encodeURIComponent(digits)}`);
  }
  async hangup(): Promise<void> {
    await this.board.ask("POST", `leg/${this.leg}/hangup`);
  }
}

/** Waits until what is looked for is there. */
export async function eventually<T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never: ${what}`);
}
