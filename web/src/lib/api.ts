import type { components, operations } from "../wire/api";
import type { FieldFault } from "./faults";
import { Outbound } from "./outbound";

type Schemas = components["schemas"];
export type Me = Schemas["Me"];
export type Phone = Schemas["Phone"];
export type Status = Schemas["Status"];
export type Setting = Schemas["Setting"];
export type Audit = Schemas["Audit"];
export type AgentNow = Schemas["AgentNow"];
type AgentSettings = Schemas["AgentSettings"];
export type Connection = Schemas["Connection"];
export type WebhookNow = Schemas["Health"];
export type AsteriskNow = Schemas["AsteriskNow"];
export type ConfigInForce = Schemas["ConfigOutputBody"];
export type Forgotten = Schemas["ForgetAnswer"];
export type HistoryPage = Schemas["Page"];
export type MissedPage = Schemas["MissedPage"];
export type HistoryQuery = NonNullable<operations["list-history"]["parameters"]["query"]>;
export type MissedQuery = NonNullable<operations["list-missed"]["parameters"]["query"]>;

/** Why a request was not carried out: the problem document's code, or "unreachable". */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    readonly detail: string,
    /** One text for each fault, where the server names several. */
    readonly faults: string[] = [],
    /** The same by the field of what was sent, such as hours[0].from. */
    readonly fields: Readonly<Record<string, FieldFault>> = {},
  ) {
    super(`${code}: ${detail}`);
  }
}

export type TransferTarget = Schemas["TransferInputBody"]["to"];
export type TransferTargets = Schemas["TransferTargets"];
/** consultative: the agent talks with the target before the customer does. */
export type TransferKind = "blind" | "consultative";
export type TransferResult = Schemas["TransferAnswer"]["result"];

/** Whom to call: a number, or the customer of a call or a missed call, whose number may be masked here. */
export type Whom = { number: string } | { call: string } | { missed: string };

/** The REST interface, as far as the page uses it. */
export class Api {
  readonly #onExpired: () => void;
  readonly outbound = new Outbound(
    (method, path, body) => this.#send(method, path, body),
    (e) => this.#refused(e),
  );

  /** onExpired is told when a request finds the session over. */
  constructor(onExpired: () => void) {
    this.#onExpired = onExpired;
  }

  login(id: string, password: string): Promise<Me> {
    return send("POST", "session", { id, password });
  }
  logout(): Promise<void> {
    return this.#send("DELETE", "session");
  }
  /** Who is logged in; a session that is over is an ApiError "unauthorized" and no more. */
  me(): Promise<Me> {
    return send("GET", "session");
  }
  /** What it takes to be the agent's phone. Don't keep it. */
  phone(): Promise<Phone> {
    return this.#send("GET", "session/phone");
  }
  history(query: HistoryQuery, signal?: AbortSignal): Promise<HistoryPage> {
    return this.#send("GET", "history" + search(query), undefined, signal);
  }
  call(id: string): Promise<Schemas["Call"]> {
    return this.#send("GET", "calls/" + encodeURIComponent(id));
  }
  /** Throws the ApiError that tells why a recording can't be had. */
  checkRecording(id: string): Promise<void> {
    return this.#send("GET", recordingPath(id).slice(ROOT.length), undefined, undefined, { Range: "bytes=0-0" });
  }
  missed(query: MissedQuery): Promise<MissedPage> {
    return this.#send("GET", "missed" + search(query));
  }
  resolve(id: string, reason: string): Promise<Schemas["Missed"]> {
    return this.#send("POST", `missed/${encodeURIComponent(id)}/resolve`, { reason });
  }
  /** Has my phone ring, and then the customer's. */
  makeCall(whom: Whom, queue: string): Promise<Schemas["Call"]> {
    return this.#send("POST", "calls", { ...whom, queue });
  }
  callBack(missed: string): Promise<Schemas["Call"]> {
    return this.#send("POST", `missed/${encodeURIComponent(missed)}/callback`);
  }
  /** Takes a customer who is to be called back out of the line. */
  cancelCallback(call: string): Promise<void> {
    return this.#send("POST", `calls/${encodeURIComponent(call)}/callback/cancel`);
  }
  hangUp(call: string): Promise<void> {
    return this.#send("POST", `calls/${encodeURIComponent(call)}/hangup`);
  }
  setAgentState(id: string, state: Schemas["Set-agent-stateRequest"]): Promise<void> {
    return this.#send("PUT", `agents/${encodeURIComponent(id)}/state`, state);
  }
  /** What became of today's calls. */
  today(): Promise<Schemas["TodayOutputBody"]> {
    return this.#send("GET", "reports/today");
  }
  /** A report, by its path below the root. */
  report<T>(path: string, signal: AbortSignal): Promise<T> {
    return this.#send("GET", path, undefined, signal);
  }
  spy(call: string, mode: Schemas["SpyRequest"]["mode"]): Promise<void> {
    return this.#send("POST", `calls/${encodeURIComponent(call)}/spy`, { mode });
  }
  hold(call: string): Promise<void> {
    return this.#send("POST", `calls/${encodeURIComponent(call)}/hold`);
  }
  unhold(call: string): Promise<void> {
    return this.#send("POST", `calls/${encodeURIComponent(call)}/unhold`);
  }
  /** Plays digits to the customer. */
  dtmf(call: string, digits: string): Promise<void> {
    return this.#send("POST", `calls/${encodeURIComponent(call)}/dtmf`, { to: "caller", digits });
  }
  /** Hands a call over; the answer comes when the target has answered or has not. */
  transfer(call: string, to: TransferTarget, kind: TransferKind): Promise<Schemas["TransferAnswer"]> {
    return this.#send("POST", `calls/${encodeURIComponent(call)}/transfer`, { to, kind });
  }
  /** Gives the customer to who is consulted. */
  completeTransfer(call: string): Promise<void> {
    return this.#send("POST", `calls/${encodeURIComponent(call)}/transfer/complete`);
  }
  /** Takes the customer back from a consultation. */
  cancelTransfer(call: string): Promise<void> {
    return this.#send("POST", `calls/${encodeURIComponent(call)}/transfer/cancel`);
  }
  transferTargets(): Promise<Schemas["TransferTargets"]> {
    return this.#send("GET", "transfer-targets");
  }
  async agents(): Promise<AgentNow[]> {
    return (await this.#send<Schemas["AgentsOutputBody"]>("GET", "agents")).agents ?? [];
  }
  /** An agent with the tag of the settings. */
  async agent(id: string): Promise<{ agent: AgentNow; tag: string }> {
    const response = await this.#ask("GET", agentPath(id));
    return { agent: (await response.json()) as AgentNow, tag: response.headers.get("ETag") ?? "" };
  }
  createAgent(settings: AgentSettings & { id: string }): Promise<AgentNow> {
    return this.#send("POST", "agents", settings);
  }
  /** Changes an agent unless somebody else has since the tag was given: that is an ApiError "stale". */
  replaceAgent(id: string, tag: string, settings: AgentSettings): Promise<AgentNow> {
    return this.#send("PUT", agentPath(id), settings, undefined, { "If-Match": tag });
  }
  deleteAgent(id: string): Promise<void> {
    return this.#send("DELETE", agentPath(id));
  }
  freeAgent(id: string): Promise<void> {
    return this.#send("POST", `agents/${encodeURIComponent(id)}/free`);
  }
  logOutAgent(id: string): Promise<void> {
    return this.#send("POST", `agents/${encodeURIComponent(id)}/logout`);
  }
  audit(cursor: string): Promise<Schemas["AuditPage"]> {
    return this.#send("GET", "audit" + search({ limit: 20, cursor }));
  }
  /** Counts what there is of one customer, or, confirmed, removes it. */
  forget(number: string, confirm: boolean): Promise<Forgotten> {
    return this.#send("POST", "privacy/forget", { number, confirm });
  }
  config(): Promise<Schemas["ConfigOutputBody"]> {
    return this.#send("GET", "config");
  }
  async connections(): Promise<Schemas["Connection"][]> {
    return (await this.#send<Schemas["ConnectionsOutputBody"]>("GET", "connections")).connections ?? [];
  }
  async webhooks(): Promise<WebhookNow[]> {
    return (await this.#send<Schemas["WebhooksOutputBody"]>("GET", "webhooks")).webhooks ?? [];
  }
  /** Sends a webhook a test; the answer comes when its receiver has answered or has not. */
  testWebhook(name: string): Promise<Schemas["Delivery"]> {
    return this.#send("POST", `webhooks/${encodeURIComponent(name)}/test`);
  }
  asterisk(): Promise<Schemas["AsteriskNow"]> {
    return this.#send("GET", "asterisk");
  }
  status(): Promise<Status> {
    return this.#send("GET", "status");
  }
  reload(): Promise<Schemas["ReloadOutputBody"]> {
    return this.#send("POST", "reload");
  }

  async #send<T>(...request: Parameters<typeof ask>): Promise<T> {
    return content<T>(await this.#ask(...request));
  }

  async #ask(...request: Parameters<typeof ask>): Promise<Response> {
    try {
      return await ask(...request);
    } catch (e) {
      throw this.#refused(e);
    }
  }

  #refused(e: unknown): unknown {
    if (e instanceof ApiError && e.code === "unauthorized") this.#onExpired();
    return e;
  }
}

export const ROOT = "api/v1/";

export const BACKUP_PATH = ROOT + "backup";

/** Where the recording of a call is. */
export function recordingPath(call: string): string {
  return `${ROOT}calls/${encodeURIComponent(call)}/recording`;
}

const agentPath = (id: string) => "agents/" + encodeURIComponent(id);

async function send<T>(...request: Parameters<typeof ask>): Promise<T> {
  return content<T>(await ask(...request));
}

async function content<T>(response: Response): Promise<T> {
  if (response.status === 204) return undefined as T;
  return (await response.json().catch(() => null)) as T;
}

/** Asks; a refusal is an ApiError. */
async function ask(
  method: string,
  path: string,
  body?: object,
  signal?: AbortSignal,
  headers: Record<string, string> = {},
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(ROOT + path, {
      method,
      headers: { ...headers, ...(body && { "Content-Type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (e) {
    if (signal?.aborted) throw e;
    throw new ApiError("unreachable", String(e));
  }
  if (response.ok) return response;
  throw problem(response.status, await response.json().catch(() => null));
}

/** The error that a problem document tells of. */
export function problem(status: number, document: unknown): ApiError {
  const p = (document ?? {}) as Partial<Schemas["Problem"]>;
  const faults = (p.errors ?? []).map((f) => f.message ?? "");
  const fields = (p.errors ?? []).map(({ location = "", message = "", code, least, most }) => {
    return [location.replace(/^body\.?/, ""), { text: message, code, least, most }] as const;
  });
  return new ApiError(p.code ?? "internal_error", p.detail ?? String(status), faults, Object.fromEntries(fields));
}

/** The query of a URL; what is empty is left out. */
export function search(query: Record<string, string | number | undefined>): string {
  const q = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== "") q.set(key, String(value));
  const text = q.toString();
  return text && "?" + text;
}
