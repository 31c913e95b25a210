import type { components, operations } from "../wire/api";
import type { Stats } from "../wire/messages";
import { ApiError, problem, ROOT, search } from "./api";
import type { CampaignAct } from "./dialling";

type Schemas = components["schemas"];
export type Plan = Schemas["Plan"];
export type DialList = Schemas["DialList"];
export type Campaign = Schemas["Campaign"];
export type CampaignFigures = Schemas["CampaignStats"];
export type CampaignHour = Schemas["HourCounts"];
export type Entry = Schemas["Entry"];
export type Result = Schemas["Result"];
export type Barred = Schemas["Barred"];
export type UploadReport = Schemas["Upload"];
export type Preview = Schemas["PreviewCampaign"];
export type Shown = Schemas["Shown"];
export type Hours = Schemas["Hours"];
export type Mode = Plan["mode"];
export type CampaignState = Campaign["state"];
export type EntryState = Entry["state"];
export type EntryQuery = NonNullable<operations["list-entries"]["parameters"]["query"]>;
export type ResultQuery = NonNullable<operations["list-results"]["parameters"]["query"]>;
export type ResultKind = NonNullable<ResultQuery["result"]>;

/** What the server adds to a thing that is set up here. */
type Given = "id" | "changed" | "revision" | "state" | "states" | "since" | "why" | "entries" | "open";
/** A thing to be kept: a new one has no id; the revision of a known one is what its change is based on. */
export type Draft<T> = Omit<T, Given> & { id?: string; revision?: number };

type Send = <T>(method: string, path: string, body?: object) => Promise<T>;

/** The part of the REST interface that is about campaigns. */
export class Outbound {
  readonly #send: Send;
  readonly #refused: (e: unknown) => unknown;

  /** refused is told of errors of what send does not carry, and gives what to throw. */
  constructor(send: Send, refused: (e: unknown) => unknown) {
    this.#send = send;
    this.#refused = refused;
  }

  async plans(): Promise<Plan[]> {
    return (await this.#send<Schemas["PlansOutputBody"]>("GET", "plans")).plans ?? [];
  }
  async lists(): Promise<DialList[]> {
    return (await this.#send<Schemas["ListsOutputBody"]>("GET", "dial-lists")).dial_lists ?? [];
  }
  /** All campaigns, and the time zone of their schedules. */
  campaigns(): Promise<Schemas["CampaignsOutputBody"]> {
    return this.#send("GET", "campaigns");
  }

  /** Makes or changes a plan; what is wrong with it is an ApiError with fields. */
  keepPlan(plan: Draft<Plan>): Promise<Plan> {
    return this.#keep("plans", plan);
  }
  keepList(list: Draft<DialList>): Promise<DialList> {
    return this.#keep("dial-lists", list);
  }
  keepCampaign(campaign: Draft<Campaign>): Promise<Campaign> {
    return this.#keep("campaigns", campaign);
  }
  /** Removes a plan, dial list or campaign. */
  remove(kind: "plans" | "dial-lists" | "campaigns", id: string): Promise<void> {
    return this.#send("DELETE", `${kind}/${encodeURIComponent(id)}`);
  }

  /** Starts, pauses or stops a campaign; what keeps it from starting is an ApiError with fields. */
  act(id: string, act: CampaignAct): Promise<void> {
    return this.#send("POST", `campaigns/${encodeURIComponent(id)}/${act}`);
  }
  /** The campaigns whose customers I see before they are called. */
  async previews(): Promise<Preview[]> {
    return (await this.#send<Schemas["PreviewsOutputBody"]>("GET", "previews")).previews ?? [];
  }
  /** Shows me the next customer of a campaign. */
  preview(campaign: string): Promise<Shown> {
    return this.#send("POST", `campaigns/${encodeURIComponent(campaign)}/preview`);
  }
  /** Calls the customer shown, or takes the customer off the list. */
  decide(shown: Shown, what: "dial" | "skip"): Promise<void> {
    return this.#send("POST", `previews/${encodeURIComponent(shown.try)}/${what}`);
  }
  /** What a campaign does now, and why it does not dial. */
  live(id: string): Promise<Stats> {
    return this.#send("GET", `campaigns/${encodeURIComponent(id)}/live`);
  }
  /** The figures of a campaign since midnight. */
  figures(id: string): Promise<CampaignFigures> {
    return this.#send("GET", `campaigns/${encodeURIComponent(id)}/stats`);
  }
  results(id: string, query: ResultQuery): Promise<Schemas["ResultPage"]> {
    return this.#send("GET", `campaigns/${encodeURIComponent(id)}/results${search(query)}`);
  }
  entries(list: string, query: EntryQuery): Promise<Schemas["EntryPage"]> {
    return this.#send("GET", `dial-lists/${encodeURIComponent(list)}/entries${search(query)}`);
  }
  barred(text: string, cursor: string): Promise<Schemas["BarredPage"]> {
    return this.#send("GET", "do-not-call" + search({ text, cursor }));
  }
  bar(number: string, note: string): Promise<UploadReport> {
    return this.#send("POST", "do-not-call", { number, ...(note && { note }) });
  }
  unbar(number: string): Promise<void> {
    return this.#send("DELETE", "do-not-call/" + encodeURIComponent(number));
  }

  /** Sends a file of customers. sent is told the share that has gone out. */
  loadEntries(list: string, file: File, sent: (share: number) => void): Promise<UploadReport> {
    return this.#upload(`dial-lists/${encodeURIComponent(list)}/entries`, file, sent);
  }
  loadBarred(file: File, sent: (share: number) => void): Promise<UploadReport> {
    return this.#upload("do-not-call", file, sent);
  }

  #keep<T>(kind: string, thing: { id?: string }): Promise<T> {
    const { id, ...body } = thing;
    return id ? this.#send("PUT", `${kind}/${encodeURIComponent(id)}`, body) : this.#send("POST", kind, body);
  }

  // fetch doesn't tell how much of a body has been sent.
  #upload(path: string, file: File, sent: (share: number) => void): Promise<UploadReport> {
    return new Promise<UploadReport>((resolve, reject) => {
      const request = new XMLHttpRequest();
      const fail = (e: ApiError) => reject(this.#refused(e) as ApiError);
      request.open("POST", ROOT + path);
      request.setRequestHeader("Content-Type", contentType(file.name));
      request.responseType = "json";
      request.upload.onprogress = (e) => e.lengthComputable && sent(e.loaded / e.total);
      request.onerror = () => fail(new ApiError("unreachable", ""));
      request.onload = () => {
        if (request.status < 300) resolve(request.response as UploadReport);
        else fail(problem(request.status, request.response));
      };
      request.send(file);
    });
  }
}

/** Whether a file is read as JSON or as CSV: browsers name CSV differently on each system. */
export function contentType(fileName: string): string {
  return /\.json$/i.test(fileName) ? "application/json" : "text/csv";
}

/** Where the results of a campaign are as CSV, those that the filters leave. */
export function resultsPath(id: string, query: ResultQuery): string {
  return `${ROOT}campaigns/${encodeURIComponent(id)}/results/export${search(query)}`;
}
