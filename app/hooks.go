package app

import "context"

// configureHooks puts the webhooks of the configuration in force.
func (a *App) configureHooks() {
	if err := a.hooks.Configure(context.Background(), a.Config()); err != nil {
		a.log.Error("events of removed webhooks not removed", "err", err)
	}
}
