// Package config reads calld's TOML file.
//
// [Load] decodes, fills in defaults, resolves secrets and validates; it
// reports every fault it finds at once, each with file, line and key, and
// returns either a whole [Config] or none. A Config is never changed after
// Load returns, so it may be shared between goroutines without locking.
//
// [Compare] lists what differs between two configurations, for the reload's
// printed answer, and says which differences need a restart.
package config
