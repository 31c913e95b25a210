package campaign

import (
	"context"
	"errors"
	"strings"
	"time"

	"calld/exchange"
)

// trunkTime bounds how long Asterisk may take to tell of the trunk.
const trunkTime = 3 * time.Second

// Names of devicestate.c that chan_pjsip gives an endpoint that a call can't get
// out by. One whose contacts are not qualified is NOT_INUSE.
const (
	deviceInvalid     = "INVALID"     // there is no such endpoint
	deviceUnavailable = "UNAVAILABLE" // it has no contact, or none that answers
)

// checkAsterisk lists what of Asterisk and the trunk keeps any campaign from
// starting.
func (d *Dialler) checkAsterisk(ctx context.Context, up bool) (faults Faults) {
	const away = "Asterisk can't be reached now; see that it runs, and the [asterisk] table of the configuration"
	if !up {
		faults.add("asterisk", FaultAsterisk, away)
		return faults
	}
	dial := d.o.Config().Asterisk.TrunkDial
	endpoint, byContact := trunkEndpoint(dial)
	if endpoint == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, trunkTime)
	defer cancel()
	state, err := d.o.Exchange.DeviceState(ctx, "PJSIP/"+endpoint)
	const field = "asterisk.trunk_dial"
	switch {
	case errors.Is(err, exchange.ErrAway), errors.Is(err, exchange.ErrUnanswered):
		faults.add("asterisk", FaultAsterisk, away)
	case err != nil: // the first calls will tell
		d.log.Warn("asterisk does not tell whether the trunk is there: make manager_calld.conf anew", "endpoint", endpoint, "err", err)
	case state == deviceInvalid:
		faults.add(field, FaultTrunkUnknown, "is %q, but Asterisk has no PJSIP endpoint %q; name one of pjsip.conf, or add it there", dial, endpoint)
	case state == deviceUnavailable && byContact:
		faults.add(field, FaultTrunkAway, "is %q, and Asterisk can't reach %q now; see what \"pjsip show endpoint %s\" tells there", dial, endpoint, endpoint)
	}
	return faults
}

// trunkEndpoint is the PJSIP endpoint that a dial string sends all numbers to,
// PJSIP/{number}@endpoint or PJSIP/endpoint/sip:{number}@host, and whether it is
// reached at its contacts: the second form names an address of its own
// (chan_pjsip.c: request). It is empty for what can't be told before a call.
func trunkEndpoint(dial string) (endpoint string, byContact bool) {
	tech, rest, _ := strings.Cut(dial, "/")
	if !strings.EqualFold(tech, "PJSIP") {
		return "", false
	}
	endpoint, _, address := strings.Cut(rest, "/")
	if _, after, at := strings.Cut(endpoint, "@"); at {
		endpoint = after
	}
	if strings.Contains(endpoint, "{") {
		return "", false
	}
	return endpoint, !address
}
