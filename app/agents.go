package app

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"calld/api"
	"calld/config"
	"calld/store"
)

// StoredAgentsPath is where the admin socket tells which agents were made over
// the API, as a list of store.Agent with their secrets.
const StoredAgentsPath = "/stored-agents"

// StoredAgents are the agents of a store as a configuration has them: see
// config.Config.With.
func StoredAgents(list []store.Agent) []config.Agent {
	agents := make([]config.Agent, len(list))
	for i, a := range list {
		agents[i] = config.Agent{
			ID: a.ID, Password: config.Secret(a.Password), Name: a.Name, Role: config.Role(a.Role), Queues: a.Queues,
			Phone: a.Phone, WebPhone: a.WebPhone, PhoneSecret: config.Secret(a.PhoneSecret), Stored: true,
		}
	}
	return agents
}

func storedAgents(s *store.Store) ([]config.Agent, error) {
	list, err := s.Agents()
	return StoredAgents(list), err
}

// withStored is a configuration with the agents of the store.
func (a *App) withStored(cfg *config.Config) (*config.Config, error) {
	stored, err := storedAgents(a.store)
	if err != nil {
		return nil, err
	}
	return cfg.With(stored, cfg.Server.Data)
}

// editAgent changes one agent of the store: see api.Options.EditAgent. What it
// puts in force is on disk by then.
func (a *App) editAgent(ctx context.Context, id string, edit api.EditAgent) error {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	stored, err := storedAgents(a.store)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(stored, func(x config.Agent) bool { return x.ID == id })
	var before *config.Agent
	if at >= 0 {
		before = &stored[at]
	}
	after, err := edit(a.Config(), before)
	if err != nil {
		return err
	}
	switch {
	case after == nil:
		stored = slices.DeleteFunc(stored, func(x config.Agent) bool { return x.ID == id })
	case before == nil:
		stored = append(stored, *after)
	default:
		stored[at] = *after
	}
	cfg, err := a.Config().With(stored, a.Config().Server.Data)
	if err != nil {
		return err
	}
	if after == nil {
		err = a.store.DeleteAgent(ctx, id)
	} else {
		err = a.store.PutAgent(ctx, store.Agent{
			ID: after.ID, Password: string(after.Password), Name: after.Name, Role: string(after.Role), Queues: after.Queues,
			Phone: after.Phone, WebPhone: after.WebPhone, PhoneSecret: string(after.PhoneSecret),
		})
	}
	if err != nil {
		return err
	}
	a.enforce(cfg)
	return nil
}

func (a *App) serveStoredAgents(w http.ResponseWriter, _ *http.Request) {
	list, err := a.store.Agents()
	if err != nil {
		a.log.Error("agents of the store not read", "err", err)
		answer(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(list); err != nil {
		a.log.Debug("agents of the store not told", "err", err)
	}
}
