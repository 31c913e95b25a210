package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"
)

// The tables of the file, one bbolt bucket each. "time" stands for eight
// big-endian bytes of nanoseconds since 1970, "term" for a text with its
// length in front.
const (
	bucketMeta     = "meta"          // "version" -> schema version, eight bytes
	bucketLive     = "live"          // call id -> call
	bucketCalls    = "calls"         // begin time, call id -> call
	bucketIDs      = "ids"           // call id -> begin time
	bucketByQueue  = "calls_queue"   // queue term, begin time, call id -> outcome
	bucketByCaller = "calls_caller"  // number term, begin time, call id -> outcome
	bucketByAgent  = "calls_agent"   // agent term, begin time, call id -> outcome
	bucketMemos    = "memos"         // call id -> memo
	bucketMissed   = "missed"        // missed id -> missed call
	bucketOpen     = "missed_open"   // number term, queue term -> missed id; open ones with a number
	bucketMissedBy = "missed_time"   // state, last time, missed id -> nothing
	bucketMissedQ  = "missed_queue"  // state, queue term, last time, missed id -> nothing
	bucketClaims   = "missed_claims" // missed id -> missed id; open ones that somebody calls back
	bucketAway     = "agents_away"   // agent id -> why away
	bucketSessions = "sessions"      // hash of the token -> session
	bucketAudit    = "audit"         // time, number -> what was done
	bucketPlans    = "plans"         // plan id -> plan
	bucketLists    = "dial_lists"    // list id -> dial list, with the counts of its entries
	bucketCamp     = "campaigns"     // campaign id -> campaign
	bucketPacing   = "pacing"        // campaign id -> what its pacer has learnt
	bucketEntries  = "entries"       // list term, number of the entry -> entry
	bucketDue      = "entries_due"   // list term, due time, number of the entry -> nothing; open ones
	bucketByNumber = "entries_tel"   // list term, number term -> number of the entry
	bucketByKey    = "entries_key"   // list term, key term -> number of the entry
	bucketTries    = "tries"         // try id -> result as far as it is known; tries under way
	bucketResults  = "results"       // campaign term, time, try id -> result
	bucketDialled  = "dialled"       // number term, time of dialling, try id -> nothing; those of the last 24 hours that count
	bucketDialTime = "dialled_time"  // time of dialling, try id -> key in bucketDialled
	bucketBarred   = "do_not_call"   // number -> who barred it
	bucketAgents   = "agents"        // agent id -> agent made over the REST API
	bucketOutbox   = "outbox"        // webhook term, sequence number -> event
	bucketStates   = "agent_states"  // agent term, time -> state from then on
	bucketAlive    = "alive"         // keyAlive -> when calld last said that it runs
	keyVersion     = "version"       // in bucketMeta
	appendFill     = 0.9             // for tables that grow at their ends: full pages, few of them
)

// tables is every table within one transaction.
type tables struct {
	live, calls, ids           *bbolt.Bucket
	byQueue, byCaller, byAgent *bbolt.Bucket
	memos                      *bbolt.Bucket
	missed, missedOpen         *bbolt.Bucket
	missedByTime, missedByQ    *bbolt.Bucket
	claims                     *bbolt.Bucket
	away, sessions, audit      *bbolt.Bucket
	agents, outbox             *bbolt.Bucket
	states, alive              *bbolt.Bucket

	plans, lists, campaigns, pacing *bbolt.Bucket
	entries, due, byNumber, byKey   *bbolt.Bucket
	tries, results, barred          *bbolt.Bucket
	dialled, dialledAt              *bbolt.Bucket
}

// all lists each table's name and place, so that making, opening and checking
// them can't disagree.
func (t *tables) all() map[string]**bbolt.Bucket {
	return map[string]**bbolt.Bucket{
		bucketLive: &t.live, bucketCalls: &t.calls, bucketIDs: &t.ids,
		bucketByQueue: &t.byQueue, bucketByCaller: &t.byCaller, bucketByAgent: &t.byAgent,
		bucketMemos: &t.memos, bucketMissed: &t.missed, bucketOpen: &t.missedOpen,
		bucketMissedBy: &t.missedByTime, bucketMissedQ: &t.missedByQ, bucketClaims: &t.claims, bucketAway: &t.away,
		bucketSessions: &t.sessions, bucketAudit: &t.audit, bucketAgents: &t.agents, bucketOutbox: &t.outbox,
		bucketPlans: &t.plans, bucketLists: &t.lists, bucketCamp: &t.campaigns, bucketPacing: &t.pacing,
		bucketEntries: &t.entries, bucketDue: &t.due, bucketByNumber: &t.byNumber, bucketByKey: &t.byKey,
		bucketTries: &t.tries, bucketResults: &t.results, bucketBarred: &t.barred,
		bucketDialled: &t.dialled, bucketDialTime: &t.dialledAt, bucketStates: &t.states, bucketAlive: &t.alive,
	}
}

func openTables(tx *bbolt.Tx) (*tables, error) {
	t := new(tables)
	for name, b := range t.all() {
		if *b = tx.Bucket([]byte(name)); *b == nil {
			return nil, fmt.Errorf("%w: table %s is gone", ErrDamaged, name)
		}
	}
	for _, b := range []*bbolt.Bucket{t.calls, t.ids, t.byQueue, t.byAgent, t.audit, t.states, t.dialledAt} {
		b.FillPercent = appendFill
	}
	return t, nil
}

// peek reads both ends of every table: little, but what a cut, overwritten or
// half-copied file gets wrong first.
func (t *tables) peek() error {
	for name, b := range t.all() {
		c := (*b).Cursor()
		first, _ := c.First()
		last, _ := c.Last()
		if (first == nil) != (last == nil) {
			return fmt.Errorf("%w: table %s has no end", ErrDamaged, name)
		}
	}
	for _, seek := range []func(*bbolt.Cursor) (k, v []byte){(*bbolt.Cursor).First, (*bbolt.Cursor).Last} {
		if k, v := seek(t.calls.Cursor()); k != nil {
			if _, err := t.decodeCall(k, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// migrations are the steps from one schema version to the next: the first
// makes an empty file version 1. A step is never changed once released.
func migrations() []func(*bbolt.Tx) error {
	return []func(*bbolt.Tx) error{
		makeTables,
		addTables(bucketAudit),
		addTables(bucketPlans, bucketLists, bucketCamp, bucketPacing, bucketEntries, bucketDue, bucketByNumber, bucketByKey,
			bucketTries, bucketResults, bucketBarred),
		addTables(bucketAgents),
		addTables(bucketOutbox),
		addTables(bucketStates, bucketAlive),
		addClaims,
		addTables(bucketDialled, bucketDialTime),
	}
}

// addTables makes tables that files of the version before lack. In a new file
// makeTables has made them.
func addTables(names ...string) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		for _, name := range names {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	}
}

// addClaims adds the index of claimed missed calls, with those that there are.
func addClaims(tx *bbolt.Tx) error {
	claims, err := tx.CreateBucketIfNotExists([]byte(bucketClaims))
	if err != nil {
		return err
	}
	return tx.Bucket([]byte(bucketMissed)).ForEach(func(id, v []byte) error {
		var m Missed
		if err := json.Unmarshal(v, &m); err != nil {
			return fmt.Errorf("%w: missed call %q: %w", ErrDamaged, id, err)
		}
		if !m.claimed() {
			return nil
		}
		return claims.Put(id, id)
	})
}

func makeTables(tx *bbolt.Tx) error {
	for name := range new(tables).all() {
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	return nil
}

// schemaVersion is 0 for an empty file.
func schemaVersion(tx *bbolt.Tx) (int, error) {
	meta := tx.Bucket([]byte(bucketMeta))
	if meta == nil {
		if k, _ := tx.Cursor().First(); k != nil {
			return 0, fmt.Errorf("%w: it has no schema version", ErrNotStore)
		}
		return 0, nil
	}
	v := meta.Get([]byte(keyVersion))
	if len(v) != 8 {
		return 0, fmt.Errorf("%w: its schema version is not readable", ErrDamaged)
	}
	version, known := binary.BigEndian.Uint64(v), uint64(len(migrations()))
	if version > known {
		return 0, fmt.Errorf("%w: it has schema version %d, this calld knows up to %d", ErrNewer, version, known)
	}
	return int(version), nil
}

// migrate runs the missing steps, each in a transaction of its own together
// with its version number, so that an interrupted migration goes on where it
// stopped.
func (s *Store) migrate(version int) error {
	for i, step := range migrations() {
		if i < version {
			continue
		}
		err := s.change(func(tx *bbolt.Tx) error {
			if err := step(tx); err != nil {
				return err
			}
			meta, err := tx.CreateBucketIfNotExists([]byte(bucketMeta))
			if err != nil {
				return err
			}
			return meta.Put([]byte(keyVersion), binary.BigEndian.AppendUint64(nil, uint64(i+1)))
		})
		if err != nil {
			return fmt.Errorf("schema version %d: %w", i+1, err)
		}
	}
	return nil
}
