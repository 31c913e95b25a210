package app

import (
	"context"
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"calld/notify"
)

// tellSystemd tells systemd something of sd_notify(3). Where systemd has not
// started calld, nothing happens.
func (a *App) tellSystemd(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		a.log.Warn("systemd not told", "state", state, "err", err)
	}
}

// watchdog tells systemd that calld lives, twice in each WatchdogSec, as long as
// the board can be asked: should calls ever come to a standstill, systemd
// starts calld anew, and the callers are taken up again.
func (a *App) watchdog(ctx context.Context) error {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		a.log.Warn("systemd's watchdog not understood", "err", err)
	}
	if every <= 0 {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(every / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			a.tellSystemd(daemon.SdNotifyWatchdog + "\nSTATUS=" + a.inOneLine())
		}
	}
}

// inOneLine is what systemctl status shows.
func (a *App) inOneLine() string {
	asterisk := "Asterisk connected"
	if s := a.asterisk.Load(); s.State != notify.AsteriskUp {
		asterisk = "Asterisk away since " + s.Since.Format(time.RFC3339)
	}
	return fmt.Sprintf("%d live calls, %d pages, %s", len(a.board.Snapshot().Calls), a.hub.Stats().Sockets, asterisk)
}
