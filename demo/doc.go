// Package demo is a whole call centre on one machine: a real Asterisk, calld,
// agents with SIP phones and pages who answer by themselves, and customers who
// call, wait, talk or give up. A campaign to customers who answer, are busy, let
// it ring or have a machine is there to be started. It shows what calld does
// without a telephone.
//
// [New] gets an Asterisk (installing one into a folder of its own when the
// machine has none) and starts it; [Demo.Run] lets calls come in until its
// context ends; [Demo.Close] leaves nothing behind.
package demo
