//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"calld/ami"
	"calld/test/lab"
)

// manager is a client of Asterisk's manager interface that a test runs.
type manager struct {
	*ami.Client
	ups, downs, resyncs chan struct{}
}

// manage runs a client until the test ends.
func (c *centre) manage(o ami.Options, events ...string) manager {
	c.t.Helper()
	const most = 10 // times up or down
	m := manager{ups: make(chan struct{}, most), downs: make(chan struct{}, most), resyncs: make(chan struct{}, most)}
	o.Log = c.log
	o.Resync = func(ctx context.Context, client *ami.Client) error {
		m.resyncs <- struct{}{}
		_, err := client.List(ctx, ami.NewAction("CoreShowChannels"))
		return err
	}
	o.OnState = func(s ami.State) {
		if s.Up {
			m.ups <- struct{}{}
		} else {
			m.downs <- struct{}{}
		}
	}
	m.Client = ami.New(o)
	for _, event := range events {
		m.Handle(event, func(*ami.Event) {})
	}
	ctx, cancel := context.WithCancel(c.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = m.Run(ctx) // ends with ctx
	}()
	c.t.Cleanup(func() { cancel(); <-done })
	c.waitBack(m)
	return m
}

// waitBack waits until a client is connected and has looked at everything.
func (c *centre) waitBack(m manager) {
	c.t.Helper()
	c.wait(m.resyncs, "resynced")
	c.wait(m.ups, "up")
}

// waitHandled waits until a client has handled so many events.
func (c *centre) waitHandled(m manager, n uint64) {
	c.t.Helper()
	c.eventually("the hang-up heard", func() error {
		if got := m.Stats().Handled; got < n {
			return fmt.Errorf("%d events were handled, want %d", got, n)
		}
		return nil
	})
}

func (c *centre) wait(happens <-chan struct{}, what string) {
	c.t.Helper()
	select {
	case <-happens:
	case <-c.step().Done():
		c.t.Fatalf("the client of the manager is not %s", what)
	}
}

// The client of the manager on the oldest Asterisk and the newest: both ways to
// log in, filters that Asterisk obeys, and all of it again after a cut. And the
// user that calld has Asterisk make may not do what calld does not need.
func TestManager(t *testing.T) {
	t.Parallel()
	for version, auth := range map[int]ami.Auth{lab.Asterisk22: ami.AuthMD5, lab.Asterisk16: ami.AuthPlain} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			p := onePlan(1)
			p.Version = version
			c := start(t, p)
			cable := newCable(t, c.pbx.AMI())
			all := c.manage(ami.Options{Addr: cable.addr(), Username: lab.AMIUser, Secret: lab.AMISecret, Auth: auth}, "Hangup")
			few := c.manage(ami.Options{
				Addr: cable.addr(), Username: lab.AMIUser, Secret: lab.AMISecret, Auth: auth, FilterEvents: true,
			}, "Hangup")
			for range 2 {
				wasAll, wasFew := all.Stats(), few.Stats()
				leg := c.waiter(1)
				c.must(leg.Hangup(c.step()))
				c.waitCalls(0)
				c.waitHandled(all, wasAll.Handled+1)
				c.waitHandled(few, wasFew.Handled+1)
				if n := all.Stats().Ignored - wasAll.Ignored; n < 5 {
					t.Errorf("without filters %d other events came", n)
				}
				if n := few.Stats().Ignored - wasFew.Ignored; n > 0 {
					t.Errorf("in spite of the filters %d other events came", n)
				}
				cable.sever()
				c.wait(all.downs, "down")
				c.wait(few.downs, "down")
				cable.mend()
				c.waitBack(all)
				c.waitBack(few)
			}

			own := c.manage(ami.Options{Addr: c.pbx.AMI(), Username: "calld", Secret: "calld-secret"})
			for _, a := range []ami.Action{
				ami.NewAction("Command").With("Command", "core show version"),
				ami.NewAction("GetConfig").With("Filename", "manager.conf"),
				ami.NewAction("UpdateConfig").With("SrcFilename", "manager.conf").With("DstFilename", "manager.conf"),
				ami.NewAction("ModuleLoad").With("LoadType", "reload"),
				ami.NewAction("DBGet").With("Family", "registrar").With("Key", "contact"),
				ami.NewAction("UserEvent").With("UserEvent", "forged"),
				ami.NewAction("Originate").With("Channel", "Local/s@calld-inbound").With("Application", "System").With("Data", "true"),
			} {
				var refused *ami.ResponseError
				if _, err := own.Do(c.step(), a); !errors.As(err, &refused) {
					t.Errorf("calld's user may do %v: %v", a, err)
				}
			}
		})
	}
}
