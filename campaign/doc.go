// Package campaign is the predictive dialler: it dials the customers of a
// list, gives those who answer to the waiting agents of a queue, and writes
// down exactly what became of every try.
//
// A [Campaign] joins a [Plan] (how), a [DialList] (who) and a queue (with
// which agents). Each try of one number of an [Entry] leaves one [Result].
package campaign
