package notify

import (
	"context"
	"log/slog"

	"calld/ami"
	"calld/queue"
)

// WatcherOptions say how a watcher is made.
type WatcherOptions struct {
	// AMI says where Asterisk is. Resync, OnState and the events are the
	// watcher's to set.
	AMI   ami.Options
	Board *queue.Board
	// AgentDial is the template of an agent's dial string, with {phone}.
	AgentDial string
	// OnState is told when the connection comes up or goes down, and its lag;
	// nil: nobody is.
	OnState func(AsteriskState)
	Log     *slog.Logger
}

// Watcher hears from Asterisk and tells the board.
type Watcher struct {
	client *ami.Client
}

// NewWatcher makes a watcher; [Watcher.Run] starts it.
func NewWatcher(o WatcherOptions) (*Watcher, error) {
	return &Watcher{client: ami.New(o.AMI)}, nil
}

// Client is the watcher's AMI client, for those who send actions.
func (w *Watcher) Client() *ami.Client { return w.client }

// Run watches until ctx ends.
func (w *Watcher) Run(ctx context.Context) error { return w.client.Run(ctx) }

// Refresh has the phones of all agents looked at anew, after a reload.
func (w *Watcher) Refresh() {}
