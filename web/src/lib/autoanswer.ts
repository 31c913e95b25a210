/**
 * Whether a call asks the phone to answer by itself: a campaign's customer has answered and waits. calld says so in the
 * way of several kinds of phones (autoAnswer in queue/offers.go); one of them is enough.
 */
export function answersItself(callInfo: readonly string[], alertInfo: readonly string[]): boolean {
  return (
    callInfo.some((h) => /;\s*answer-after\s*=\s*0\s*(?=[;,]|$)/i.test(h)) ||
    alertInfo.some((h) => /(?:^|[;,])\s*info\s*=\s*alert-autoanswer\s*(?=[;,]|$)/i.test(h))
  );
}
