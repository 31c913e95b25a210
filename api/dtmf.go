package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"calld/config"
	"calld/queue"
	"calld/talk"
)

// DTMFServer serves the two requests of the DTMF server that calld replaces:
//
//	GET /dtmf?caller=&dir=caller|callee&dtmf=
//	GET /transfer?caller=&callee=&header=
//
// They are for programs, which are known by their tokens. The answers are plain
// text, "OK" when it was done.
func (a *API) DTMFServer() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/dtmf", a.plain(a.playDigits))
	mux.HandleFunc("/transfer", a.plain(a.handOver))
	return mux
}

// plain answers a request in plain text. A cookie does not count: any page may
// have a browser send a GET.
func (a *API) plain(do func(ctx context.Context, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := a.plainly(r, do)
		p, refused := errors.AsType[*Problem](err)
		switch {
		case err == nil:
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			if _, err := w.Write([]byte("OK")); err != nil {
				a.log.Debug("answer not written", "err", err)
			}
		case !refused:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		case p.Status == http.StatusUnprocessableEntity:
			text := p.Detail
			for _, e := range p.Errors {
				text = strings.TrimPrefix(e.Location, "body.") + ": " + e.Message
			}
			http.Error(w, text, http.StatusBadRequest)
		default:
			if p.Status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", "Bearer") // RFC 6750, section 3
			}
			http.Error(w, p.Detail, p.Status)
		}
	}
}

func (a *API) plainly(r *http.Request, do func(ctx context.Context, r *http.Request) error) error {
	if r.Method != http.MethodGet { // a HEAD would play too
		return problem(http.StatusMethodNotAllowed, CodeMethod, "ask by GET")
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	var p *principal
	if strings.EqualFold(scheme, "Bearer") {
		p = a.programOf(strings.TrimSpace(token))
	}
	if p == nil {
		return problem(http.StatusUnauthorized, CodeUnauthorized, "send Authorization: Bearer TOKEN, with a token of [tokens] in the configuration")
	}
	return do(context.WithValue(r.Context(), principalKey{}, p), r)
}

// playDigits plays digits to the customer or to the agent.
func (a *API) playDigits(ctx context.Context, r *http.Request) error {
	q := r.URL.Query()
	to := map[string]talk.Side{"caller": talk.ToCaller, "callee": talk.ToAgent}[q.Get("dir")]
	if to == "" {
		return invalid("dir", "caller or callee")
	}
	c, err := a.talkOf(ctx, q.Get("caller"))
	if err != nil {
		return err
	}
	return a.onTalk(ctx, c.ID, "dtmf", string(to), func() error { return a.talks.Digits(ctx, c.ID, to, q.Get("dtmf")) })
}

// handOver hands a call over to whom the number is of: an agent, a queue, or
// somebody outside.
func (a *API) handOver(ctx context.Context, r *http.Request) error {
	q := r.URL.Query()
	to := a.targetOf(config.NormalNumber(q.Get("callee")))
	for _, h := range q["header"] {
		name, value, ok := strings.Cut(h, ":")
		if h == "" {
			continue
		}
		if !ok {
			return invalid("header", "write it like X-Name: value")
		}
		if to.Headers == nil {
			to.Headers = map[string]string{}
		}
		to.Headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	c, err := a.talkOf(ctx, q.Get("caller"))
	if err != nil {
		return err
	}
	var x queue.Transfer
	err = a.onTalk(ctx, c.ID, "transfer", to.String(), func() (err error) {
		x, err = a.talks.Transfer(ctx, c.ID, to)
		return err
	})
	if err == nil && !slices.Contains([]string{queue.TransferAnswered, talk.Waiting, talk.Ringing}, x.Result) {
		return problem(http.StatusConflict, CodeTargetBusy, "the call was not taken: "+x.Result)
	}
	return err
}

// targetOf is whose number it is.
func (a *API) targetOf(number string) queue.Target {
	cfg := a.config()
	for i := range cfg.Queues {
		if cfg.Queues[i].Number == number && number != "" {
			return queue.Target{Queue: cfg.Queues[i].ID}
		}
	}
	for i := range cfg.Agents {
		if cfg.Agents[i].Phone == number && number != "" {
			return queue.Target{Agent: cfg.Agents[i].ID}
		}
	}
	return queue.Target{Number: number}
}

// talkOf finds the live call of a customer, whom an agent talks with if there
// are several, and the latest of these.
func (a *API) talkOf(ctx context.Context, customer string) (queue.Call, error) {
	numbering := a.config().Outbound.Numbering
	number := numbering.Same(customer)
	if number == "" {
		return queue.Call{}, invalid("caller", "give the customer's number")
	}
	var found queue.Call
	for _, c := range a.board.Snapshot().Calls {
		outside := c.Caller
		if c.Direction == queue.Out {
			outside = c.Callee
		}
		if numbering.Same(outside) != number || !who(ctx).seesCall(&c) {
			continue
		}
		if found.ID == "" || c.Phase == queue.Talking || found.Phase != queue.Talking {
			found = c
		}
	}
	if found.ID == "" {
		return found, notFound("live call of", config.NormalNumber(customer))
	}
	return found, nil
}
