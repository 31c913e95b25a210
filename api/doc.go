// Package api is the REST interface: what a browser, a CRM or the command
// line asks of a running calld, described by an OpenAPI 3.1 document that is
// made from the code.
//
// The same operations are mounted twice: for the network by [API.Handler],
// where each request must carry a session cookie, and for the command line by
// [API.Admin], which is served on a unix socket that only its owner can open
// and where everything is allowed.
//
// Errors are RFC 9457 problem documents with a stable code, all of them
// listed in errors.go. An agent sees the queues it serves, a supervisor and
// an admin see all; what a role may not see answers as if it did not exist.
package api
