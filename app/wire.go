package app

import (
	"calld/agi"
	"calld/ami"
	"calld/api"
	"calld/config"
	"calld/dialplan"
	"calld/notify"
	"calld/queue"
	"calld/talk"
)

// newWatcher makes what hears Asterisk's events.
func (a *App) newWatcher(cfg *config.Config) *notify.Watcher {
	return notify.NewWatcher(notify.WatcherOptions{
		AMI: ami.Options{
			Addr: cfg.Asterisk.AMI, Username: cfg.Asterisk.Username, Secret: string(cfg.Asterisk.Secret), Log: a.log,
		},
		Board: a.board, Context: dialplan.Context, HoldContext: dialplan.HoldContext, ConsultContext: dialplan.ConsultContext,
		HeldVariable: dialplan.VarHeld, CallVariable: dialplan.VarID, EnteredVariable: dialplan.VarEntered, Record: a.recordOf,
		AgentDial: cfg.Asterisk.AgentDial, Tries: a.dialler, OnState: a.asteriskState, Log: a.log,
	})
}

// newDigits makes the connection on which digits are played: Asterisk's thread of
// a connection sleeps meanwhile.
func (a *App) newDigits(cfg *config.Config) *ami.Client {
	return ami.New(ami.Options{
		Addr: cfg.Asterisk.AMI, Username: cfg.Asterisk.Username, Secret: string(cfg.Asterisk.Secret), Events: "system",
		Linger: digitsLinger, Log: a.log.With("connection", "digits"),
	})
}

// newAPI makes what programs and pages ask.
func (a *App) newAPI() *api.API {
	return api.New(api.Options{
		Board: a.board, Store: a.store, Day: a.day, Config: a.Config, Reload: a.Reload, Status: a.status, Dial: a.dial,
		MissedChanged: a.missedChanged, LoggedOut: a.loggedOut, Spy: a.spyOn, EditAgent: a.editAgent, Free: a.free,
		Connections: a.connections, Asterisk: a.aboutAsterisk, Webhooks: a.hooks, Dialler: a.dialler, Forget: a.forget,
		Talks: talk.New(talk.Options{
			Board: a.board, Exchange: a.exchange, HoldContext: dialplan.HoldContext, HeldVariable: dialplan.VarHeld,
			TurnedContext: dialplan.TurnedContext, ConsultContext: dialplan.ConsultContext,
		}), Version: a.o.Version, Log: a.log,
	})
}

// ended tells how a call of the history ended.
func (a *App) ended(callID string) (queue.Outcome, bool) {
	c, err := a.store.Call(callID) // where it can't be read, the board has to know
	return c.Outcome, err == nil && c.Phase == queue.Ended
}

// newScripts makes the server that Asterisk's dialplan calls.
func (a *App) newScripts(cfg *config.Config) *agi.Server {
	mux := &agi.Mux{}
	mux.Handle("/inbound", &dialplan.Inbound{
		Board: a.board, Announcer: a.announce, Config: a.Config, LastAgent: a.store.LastAgent, Ended: a.ended,
		Recordings: recordings{func() string { return a.Config().Asterisk.RecordingsHere }}, Log: a.log,
	})
	mux.Handle("/outbound", &dialplan.Outbound{
		Board: a.board, Campaigns: customers{a.dialler}, Announcer: a.announce, Config: a.Config, Log: a.log,
	})
	mux.Handle("/consult", &dialplan.Consult{Board: a.board, Hangup: a.hangUp, Config: a.Config, Log: a.log})
	return &agi.Server{Handler: mux, Allow: cfg.Server.AGIAllow, MaxSessions: agiSessions, Log: a.log}
}
