// Package app puts calld together: it opens what the configuration names,
// starts every part in the order in which they need one another, restores
// what an earlier calld left behind, reloads, and stops all in reverse.
//
// [New] opens the store and builds; it starts nothing. [App.Run] serves until
// its context ends and returns when everything it started has returned. A
// part that ends by itself ends the whole: half a call centre is worse than
// one that a service manager starts again.
//
// A reload ([App.Reload]) does everything that can fail first and swaps last,
// so that it either takes place as a whole or not at all.
package app
