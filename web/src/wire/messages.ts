// Made from the Go structs by make generate. Don't edit.

/** A time in RFC 3339. */
export type Time = string;

/**
 * Welcome is everything live that its reader may see. It is the first frame
 * after login, and comes again whenever the reader's picture has to be made
 * anew: after a reload, or when changes had to be left out.
 */
export interface Welcome {
  seq: number;
  type: "welcome";
  at: Time;
  /** who is logged in here */
  agent: AgentStatus;
  role: Role;
  /** the page itself is the phone */
  web_phone: boolean;
  queues: QueueStatus[] | null;
  agents: AgentStatus[] | null;
  calls: Call[] | null;
  asterisk: AsteriskState;
  offers: Offers;
}

/**
 * CallChange is a change of a call: call.waiting, call.ringing,
 * call.answered, call.changed, call.ended or call.missed.
 */
export interface CallChange {
  seq: number;
  type: "call.waiting" | "call.ringing" | "call.answered" | "call.changed" | "call.ended" | "call.missed";
  at: Time;
  call: Call;
  /**
   * Rings are those whose ringing this change is about: newly rung ones
   * have an empty result, for the others ringing is over.
   */
  rings: Ring[] | null;
  /** By is who answered, in call.answered. */
  by?: Person;
  /**
   * Alert is there in call.ringing for the agents newly rung, and for
   * nobody else.
   */
  alert?: Alert;
}

/**
 * Earlier (call.earlier) brings the earlier calls that were not known yet
 * when an agent was alerted.
 */
export interface Earlier {
  seq: number;
  type: "call.earlier";
  at: Time;
  call: string;
  earlier: EarlierCall[] | null;
}

/** AgentChange (agent.state) is the status of an agent after a change. */
export interface AgentChange {
  seq: number;
  type: "agent.state";
  at: Time;
  agent: AgentStatus;
}

/** QueueChange (queue.stats) is the figures of a queue after a change. */
export interface QueueChange {
  seq: number;
  type: "queue.stats";
  at: Time;
  queue: QueueStatus;
}

/**
 * AsteriskChange (asterisk.state) tells whether events come from Asterisk.
 * While it is down calls go on, but ringing and answers may be shown late.
 */
export interface AsteriskChange {
  seq: number;
  type: "asterisk.state";
  at: Time;
  asterisk: AsteriskState;
}

/**
 * Notice is queue.day, missed.changed, config.reloaded or campaign.stats, with what
 * [Hub.Push] was given as Data.
 */
export interface MissedChanged {
  seq: number;
  type: "missed.changed";
  at: Time;
  queue?: string;
  data: Missed;
}

/**
 * Notice is queue.day, missed.changed, config.reloaded or campaign.stats, with what
 * [Hub.Push] was given as Data.
 */
export interface Reloaded {
  seq: number;
  type: "config.reloaded";
  at: Time;
  queue?: string;
  data: Change[] | null;
}

/**
 * Forgotten (person.forgotten) tells that what there was of somebody has been
 * removed, but not of whom: what a page has of ended calls is to be asked for
 * anew.
 */
export interface Forgotten {
  seq: number;
  type: "person.forgotten";
  at: Time;
}

/**
 * Notice is queue.day, missed.changed, config.reloaded or campaign.stats, with what
 * [Hub.Push] was given as Data.
 */
export interface QueueDay {
  seq: number;
  type: "queue.day";
  at: Time;
  queue?: string;
  data: Today;
}

/**
 * Notice is queue.day, missed.changed, config.reloaded or campaign.stats, with what
 * [Hub.Push] was given as Data.
 */
export interface CampaignStats {
  seq: number;
  type: "campaign.stats";
  at: Time;
  queue?: string;
  data: Stats;
}

/** Ack says that the client's frame with this ref was carried out. */
export interface Ack {
  type: "ack";
  ref?: string;
}

/** Error says that the client's frame with this ref was not carried out. */
export interface ErrorFrame {
  type: "error";
  ref?: string;
  code: Code;
  /** for developers, in English */
  message: string;
}

export type ServerFrame = Welcome | CallChange | Earlier | AgentChange | QueueChange | AsteriskChange | MissedChanged | Reloaded | Forgotten | QueueDay | CampaignStats | Ack | ErrorFrame;

/** Login logs in a socket that came without a session cookie. */
export interface Login {
  type: "login";
  ref?: string;
  id: string;
  password: string;
}

/** Logout makes the agent offline and closes all its sockets. */
export interface Logout {
  type: "logout";
  ref?: string;
}

/** SetState makes the agent available or away. */
export interface SetState {
  type: "state";
  ref?: string;
  /** available or away */
  state: string;
  reason?: string;
}

/** WrapupDone ends after-call work early. */
export interface WrapupDone {
  type: "wrapup.done";
  ref?: string;
}

/**
 * Memo writes what the agent notes about a call; a field left out keeps what
 * is there. Its ack comes when it is on disk. With Was nothing is written over
 * what somebody else has written since: that is refused as stale.
 */
export interface Memo {
  type: "memo";
  ref?: string;
  call: string;
  memo?: string;
  disposition?: string;
  /** what the agent saw of it before */
  was?: Note;
}

/** Ping asks for an ack. */
export interface Ping {
  type: "ping";
  ref?: string;
}

export type ClientFrame = Login | Logout | SetState | WrapupDone | Memo | Ping;

/** AgentStatus is one agent as seen from outside. */
export interface AgentStatus {
  id: string;
  name: string;
  phone: string;
  queues: string[] | null;
  state: AgentState;
  /**
   * Reason tells why the agent is away, as the agent gave it, or
   * "no_answer" when set away for not answering.
   */
  reason?: string;
  /** when State began */
  since: Time;
  /** when wrap-up ends by itself */
  until?: Time;
  /** the call rung or talked with */
  call?: string;
  device: PhoneState;
  /** answered since midnight in the server's time zone */
  calls: number;
}

/** Role says what a user may do. */
export type Role = "agent" | "supervisor" | "admin";

/** QueueStatus is one queue's live figures. */
export interface QueueStatus {
  id: string;
  name: string;
  number: string;
  /** announcement and waiting */
  waiting: number;
  ringing: number;
  talking: number;
  agents: Partial<Record<AgentState, number>> | null;
  /** LongestSince is when the longest waiting caller came in; nil when none waits. */
  longest_since?: Time;
  /** Hours tells whether the queue takes calls now. */
  hours: Opening;
}

/**
 * Call is the record of one call, live or ended. Values handed out by the
 * board are copies: nothing changes behind the reader's back.
 */
export interface Call {
  id: string;
  queue: string;
  direction: Direction;
  phase: Phase;
  /** number; empty when withheld */
  caller: string;
  /** as the network sent it: untrusted text */
  caller_name?: string;
  /** the number dialled */
  callee: string;
  /** the customer is served before others */
  vip?: boolean;
  /**
   * Sticky is the agent who talked with the customer last, to whom the call is
   * to come first; empty when it may come to any.
   */
  sticky?: string;
  /** Agent is who answered, empty until then; of an outbound call, who makes it. */
  agent: string;
  /**
   * Channel names the caller's channel, UniqueID is Asterisk's id of it. The
   * caller of an outbound call is the agent, until it is turned over (see
   * [Call.ByAgent]), or the customer whom a campaign has dialled; Caller is the
   * number shown then, and Callee the customer's.
   */
  channel: string;
  unique_id: string;
  /** when the call came in: its place in the queue */
  begin: Time;
  /**
   * Place is that of an earlier call of the customer, who was to be called back
   * and has called again; null: it is Begin.
   */
  place?: Time;
  /**
   * Start is when the talk began: an agent first answered, a number outside
   * to which the queue led the call, or the customer called; null until then.
   */
  start: Time | null;
  end: Time | null;
  /**
   * HeldSince is since when the customer has been kept with music at the
   * agent's wish, HeldChannel the agent's channel meanwhile.
   */
  held_since?: Time;
  held_channel?: string;
  /** Consult is whom the agent who holds the customer consults meanwhile. */
  consult?: Consult;
  /** empty while the call lives */
  outcome?: Outcome;
  /**
   * Cause adds the reason in words of the field: the hang-up cause's number
   * and who ended the talk, such as "16 agent" or "17".
   */
  cause?: string;
  /** from Begin to Start, or to End when nobody answered, or until the caller asked to be called back */
  wait_ms: number;
  /** with agents and targets of transfers, until the last of them left */
  talk_ms: number;
  /**
   * Record is the recording's path below the recordings folder; empty when
   * the call is not recorded.
   */
  record?: string;
  /**
   * MessageMS is the length of the voice message that Record is then; 0: there
   * is none.
   */
  message_ms?: number;
  /**
   * Key is the key with which the caller left the line, to be called back or to
   * leave a message; empty: none was pressed.
   */
  key?: string;
  /**
   * Unserved is how the call ends when the voice message is over that the caller
   * is leaving; empty in every other phase.
   */
  unserved?: Outcome;
  memo?: string;
  disposition?: string;
  rings: Ring[] | null;
  transfers?: Transfer[];
  /**
   * Campaign is the campaign that has dialled the customer, and Customer who that
   * is. AnswerBy is until when an agent must have answered a customer whom it has
   * connected: nil when the queue's patience holds.
   */
  campaign?: string;
  customer?: Customer;
  answer_by?: Time;
  /**
   * Callback is that the caller is to be called back; null: is not. CallbackFor
   * is the id of such a call, of the one by which the customer is called.
   */
  callback?: Booking;
  callback_for?: string;
}

/** AsteriskState is the state of the connection to Asterisk. */
export interface AsteriskState {
  /** up or down */
  state: string;
  since: Time;
  /** LagMS is how late events have come of late. */
  lag_ms: number;
}

/** Offers are what the configuration lets people choose from. */
export interface Offers {
  /** AwayReasons are why an agent may be away; absent: the page has its own. */
  away_reasons?: string[];
  /** Queues are all, by id: a call may be handed over from any. */
  queues?: Partial<Record<string, QueueOffers>>;
}

/** Ring is one agent being rung for a call. */
export interface Ring {
  agent: string;
  /** when the offer was made */
  at: Time;
  /** Rang is when the phone was first heard to ring; nil when it never was. */
  rang?: Time;
  end?: Time;
  result: RingResult;
}

/** Person is an agent by id and name. */
export interface Person {
  id: string;
  name: string;
}

/** Alert is what a rung agent is told beyond the call itself. */
export interface Alert {
  waited_ms: number;
  /**
   * Earlier lists earlier calls of this customer, newest first; null when
   * they are not known yet: call.earlier follows.
   */
  earlier: EarlierCall[] | null;
}

/** EarlierCall is one earlier call with the same customer. */
export interface EarlierCall {
  id: string;
  queue: string;
  direction: Direction;
  begin: Time;
  outcome: Outcome;
  agent: string;
  talk_ms: number;
  memo: string;
  disposition: string;
}

/**
 * Missed is a customer who called a queue and was not answered: one entry for
 * all tries of a number, as long as it is open. A withheld number can't be
 * told from another, so each of its calls is an entry of its own.
 */
export interface Missed {
  /** that of the call which opened it */
  id: string;
  queue: string;
  caller: string;
  caller_name?: string;
  /** begin of the first try */
  first: Time;
  /** begin of the last try */
  last: Time;
  tries: number;
  /** ids of the latest tries, at most MissedCalls, the oldest first */
  calls: string[] | null;
  /** the longest wait of all tries */
  wait_ms: number;
  /** of the last try */
  last_wait_ms: number;
  last_outcome: Outcome;
  /** as in queue.Call */
  last_cause?: string;
  /** Message is the latest voice message of all tries; nil when there is none. */
  message?: VoiceMessage;
  state: MissedState;
  /**
   * Owner is who calls back, since OwnerSince; the claim ends after
   * ClaimTime.
   */
  owner?: string;
  owner_since?: Time;
  /** Callbacks counts the calls back that did not reach the customer. */
  callbacks: number;
  last_callback?: Callback;
  /** nil while open */
  resolved?: Resolution;
}

/** Change is one difference between two configurations. */
export interface Change {
  /** dotted, as in the file: queues.123456.ring_timeout */
  key: string;
  kind: ChangeKind;
  /** as in the file; secrets are hidden */
  old?: string;
  new?: string;
  /** Restart is set when a running server can't apply the change. */
  restart?: boolean;
}

/** Today is a queue's figures since midnight. */
export interface Today {
  queue: string;
  date: string;
  threshold_ms: number;
  total: Figures;
  hours: Hour[] | null;
}

/** Stats are the live figures of a campaign. */
export interface Stats {
  campaign: string;
  queue: string;
  state: State;
  since: Time;
  /** why it does not dial now; empty: it does */
  reason: Reason;
  /** of resting and hours: when somebody may be dialled again */
  until?: Time;
  day: Day;
  /** AbandonRate is the abandoned share of the day's answered calls. */
  abandon_rate: number;
  /** customers' phones */
  ringing: number;
  /** answered, without an agent yet */
  waiting: number;
  talking: number;
  /** shown to an agent, who has not decided yet */
  preview: number;
  /** entries that may still be dialled */
  remaining: number;
  agents_free: number;
  /** of the campaign's share */
  agents_busy: number;
  /**
   * Refused is what kept the campaign from starting by its schedule or after
   * another one, the last time that it was to.
   */
  refused?: Fault[];
  /** Pacing is what the pacer believes; missing for a mode without one. */
  pacing?: Pace;
}

/** Code says in an error frame what was wrong. */
export type Code = "malformed" | "unknown_type" | "too_fast" | "login_required" | "login_refused" | "login_limited" | "already_logged_in" | "bad_state" | "unknown_agent" | "unknown_call" | "forbidden" | "unknown_disposition" | "stale" | "failed";

/** Note is what there is to be noted about a call; nil is nothing said of it. */
export interface Note {
  memo?: string;
  disposition?: string;
}

/** AgentState is what the world sees of an agent. */
export type AgentState = "offline" | "unreachable" | "available" | "away" | "ringing" | "talking" | "wrapup";

/** PhoneState is what is known of an agent's telephone. */
export type PhoneState = "unknown" | "idle" | "busy" | "unreachable";

/** Opening is whether something is open at a moment. */
export interface Opening {
  open: boolean;
  /** Until is when that changes; nil when it does not within a year. */
  until?: Time;
  /** Holiday names the holiday for which it is closed; empty on another day. */
  holiday?: string;
}

/** Direction says who called whom. */
export type Direction = "in" | "out";

/** Phase says where a live call is. */
export type Phase = "greeting" | "waiting" | "ringing" | "dialling" | "talking" | "transferred" | "message" | "callback" | "ended";

/**
 * Consult is a talk that the agent who holds a customer has, or is about to
 * have, with whom the call may be handed to.
 */
export interface Consult {
  /** when it was asked for */
  at: Time;
  /** One of the two is consulted. */
  agent?: string;
  number?: string;
  /** Rang is when the phone was first heard to ring, Answered when it answered. */
  rang?: Time;
  answered?: Time;
}

/** Outcome says how a call ended. Every call ends in exactly one. */
export type Outcome = "answered" | "abandoned" | "timeout" | "full" | "closed" | "no_agent" | "failed" | "blocked" | "callback";

/** Transfer is one hand-over of a call to somebody else. */
export interface Transfer {
  at: Time;
  /** a number, an agent or a queue */
  to: string;
  /** blind or consultative; overflow: the queue itself led the call on */
  kind: string;
  /** answered, no_answer, busy, failed, caller_left or cancelled; empty while it is under way */
  result: string;
  /** the agent who handed it over */
  from?: string;
  /** that the call was in */
  queue?: string;
  /** Reason is why a queue led the call on: closed, full, no_agent or timeout. */
  reason?: Outcome;
}

/**
 * Customer is what an agent is to know of a customer whom a campaign dials. It is
 * not changed once it is on the board.
 */
export interface Customer {
  /** its name */
  campaign?: string;
  /** of the dial list */
  entry: string;
  key?: string;
  name?: string;
  variables?: Partial<Record<string, string>>;
  /** what to say */
  script?: string;
}

/** Booking is what is known of a caller who is to be called back. */
export interface Booking {
  number: string;
  /** when it was asked for */
  at: Time;
  /** from when on it is not tried any more */
  until: Time;
  /** in which the customer was not reached */
  tries: number;
  /**
   * Asked counts the agents' phones rung, each by a call of its own; Call is the
   * one under way, empty when there is none.
   */
  asked: number;
  call?: string;
  /** Next is when the customer may be tried again; null: at any time. */
  next?: Time;
}

/** QueueOffers are what a queue offers for its calls. */
export interface QueueOffers {
  name: string;
  /**
   * CRMURL is a customer's address in the CRM; {number}, {call}, {queue} and
   * {agent} are to be filled in, percent-encoded.
   */
  crm_url?: string;
  /** Dispositions are how a call may be settled; absent: by any text. */
  dispositions?: string[];
}

/** RingResult says what became of one agent's ringing. */
export type RingResult = "" | "answered" | "no_answer" | "refused" | "unreachable" | "answered_elsewhere" | "caller_left" | "cut_short";

/** VoiceMessage is a message that a customer has left: the recording of a call. */
export interface VoiceMessage {
  /** its id */
  call: string;
  /** when the call began */
  at: Time;
  ms: number;
}

/** MissedState says whether a missed call is still to be worked off. */
export type MissedState = "open" | "resolved";

/** Callback is a call back of a missed call that did not reach the customer. */
export interface Callback {
  /** when it began */
  at: Time;
  /** the agent */
  by: string;
  /** its id */
  call: string;
  /** as in queue.Call */
  cause: string;
}

/** Resolution tells how a missed call was settled. */
export interface Resolution {
  at: Time;
  /** the agent */
  by: string;
  reason: string;
  /** the call that settled it */
  call?: string;
}

/** ChangeKind says what became of a key. */
export type ChangeKind = "added" | "removed" | "changed" | "reordered";

/** Figures are what became of the calls of some time. */
export interface Figures {
  offered: number;
  answered: number;
  missed: number;
  /** CalledBack callers have waited until they asked for it. */
  called_back: number;
  abandoned: number;
  short: number;
  /** Overflowed calls count again in the queue where they went on. */
  overflowed: number;
  in_time: number;
  /** ServiceLevel is nil when no call counts for it. */
  service_level: number | null;
  wait_avg_ms: number;
  wait_max_ms: number;
  talk_ms: number;
  talk_avg_ms: number;
}

/** Hour is the figures of one hour of the day. */
export interface Hour {
  hour: number;
  figures: Figures;
}

/** State says what a campaign does. */
export type State = "stopped" | "running" | "pausing" | "paused" | "stopping";

/** Reason is why a campaign does not dial now. It is one of a closed list. */
export type Reason = "" | "not_running" | "no_agents" | "agents_busy" | "agents_shared" | "enough_ringing" | "hours" | "resting" | "list_end" | "lines_full" | "rate" | "trunk_failing" | "asterisk_away" | "store_failing" | "waiting_preview" | "loading" | "queue_gone";

/** Day is the figures of one day, by the server's time zone. */
export interface Day {
  /** 2026-03-01 */
  date: string;
  /** tries */
  dialled: number;
  /** by customers, or whom was not known: those that Abandoned is a share of */
  answered: number;
  /** to an agent */
  connected: number;
  /** answered, and no agent came in time */
  abandoned: number;
  /** answered, and gone before the time */
  left: number;
  /** ended tries, as Result.Kind tells */
  results: Partial<Record<string, number>> | null;
}

/** Fault is one thing that is wrong with what somebody set up or loaded. */
export interface Fault {
  /** as in JSON, such as hours[0].from */
  field: string;
  /** what kind it is */
  code: FaultCode;
  /** what is wrong and the mend */
  text: string;
  /**
   * Least and Most are the bounds that were not kept, as they are written in the
   * field; empty where the code has none.
   */
  least?: string;
  most?: string;
}

/** Pace is what a supervisor may see. */
export interface Pace {
  method: Method;
  /** largest share of answered calls that may be abandoned */
  limit: number;
  /** since the day began: served or abandoned */
  answered: number;
  /** since the day began */
  abandoned: number;
  /** abandoned share of about the last 100 answers */
  window: number;
  /** risk: largest chance of an abandon; lite: expected answers for each free agent */
  price: number;
  /** share of dialled customers who answer, as believed now */
  level: number;
  /** chance that one more call would find no agent; risk alone tells it */
  risk: number;
}

/**
 * FaultCode is the stable name of a kind of fault: programs may rely on it, and
 * pages have their own words for it. It is one of a closed list.
 */
export type FaultCode = "missing" | "unknown" | "range" | "other_mode" | "conflict" | "twice" | "too_long" | "too_many_bytes" | "too_many" | "not_text" | "invisible" | "number" | "time" | "order" | "zone" | "sound" | "key" | "not_found" | "itself" | "duplicate" | "nobody_left" | "no_agents" | "asterisk_away" | "trunk_unknown" | "trunk_away" | "failed" | "too_large" | "empty_file" | "no_column" | "column_twice" | "column_no_name" | "charset" | "quote" | "json";

/** Method is a way of pacing. */
export type Method = "progressive" | "power" | "lite" | "risk";
