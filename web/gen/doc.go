// Command gen writes the TypeScript types of what calld and its page say to
// each other, so that they can't drift apart:
//
//   - web/src/wire/messages.ts, the frames of the WebSocket, from the structs
//     of package notify and what these refer to, comments included;
//   - web/.openapi.json, the description of the REST interface, from which
//     openapi-typescript makes web/src/wire/api.ts.
//
// Run it by make generate, from the root of the repository. Closed lists (the
// constants of a named string type) become unions in both.
package main
