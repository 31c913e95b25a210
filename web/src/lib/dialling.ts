import type { Stats } from "../wire/messages";
import type { Campaign, CampaignState } from "./outbound";

/** Why a campaign does not dial now; empty: it does. */
export type CampaignReason = Stats["reason"];

/** What an admin may do to a campaign. */
export type CampaignAct = "start" | "pause" | "stop" | "force-stop";

/** What may be done in a state, in the order of the buttons. */
export function actsIn(state: CampaignState): CampaignAct[] {
  switch (state) {
    case "stopped":
      return ["start"];
    case "paused":
      return ["start", "stop"];
    case "running":
      return ["pause", "stop", "force-stop"];
    case "pausing":
      return ["stop", "force-stop"];
    case "stopping":
      return ["force-stop"];
  }
}

/** A campaign with the state that its live figures tell. */
export function withLive(c: Campaign, live: Stats | undefined): Campaign {
  return live && Date.parse(live.since) >= Date.parse(c.since) ? { ...c, state: live.state, since: live.since } : c;
}

/** Whether more of the answered calls were abandoned than the limit allows. */
export function overLimit(rate: number, limit: number | undefined): boolean {
  return limit !== undefined && limit > 0 && rate > limit;
}
