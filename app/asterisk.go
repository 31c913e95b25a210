package app

import (
	"context"

	"calld/api"
	"calld/notify"
)

// aboutAsterisk tells how Asterisk is. What it does not answer now is left
// out.
func (a *App) aboutAsterisk(ctx context.Context) api.AsteriskNow {
	s := a.asterisk.Load()
	x := api.AsteriskNow{Connected: s.State == notify.AsteriskUp, Since: s.Since, LagMS: s.LagMS}
	if !x.Connected {
		return x
	}
	if at := a.watcher.Started(); !at.IsZero() {
		x.Started = &at
	}
	about, err := a.exchange.About(ctx)
	if err != nil {
		a.log.Warn("asterisk does not tell of itself", "err", err)
		return x
	}
	x.Version, x.Channels = about.Version, &about.Channels
	return x
}

// connections lists the pages that are logged in.
func (a *App) connections() []api.Connection {
	list := []api.Connection{}
	for _, c := range a.hub.Connections() {
		list = append(list, api.Connection(c))
	}
	return list
}
