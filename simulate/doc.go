// Package simulate runs a pacer against invented customers and agents on a
// virtual clock, so that methods can be compared before one rings a
// telephone.
//
// [Run] plays one [Scenario] with one [Pacer] and one seed, and measures a
// [Result]. The same seed gives every method the same customers, in the order
// they are dialled, and the same talks, in the order they begin. Nothing here starts a goroutine, and apart from
// the cost of a decision nothing looks at a real clock.
package simulate
