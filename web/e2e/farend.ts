import type { WebSocket } from "ws";

/** An offer of sound (RFC 8866, RFC 8829) from where no packet ever comes. */
const OFFER = [
  "v=0",
  "o=- 1 1 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 0",
  "c=IN IP4 127.0.0.1",
  "a=rtpmap:0 PCMU/8000",
  "a=mid:0",
  "a=sendrecv",
  "a=rtcp-mux",
  "a=setup:actpass",
  "a=ice-ufrag:silent",
  "a=ice-pwd:nobodyspeaksatthisend00",
  "a=fingerprint:sha-256 " + Array(32).fill("00").join(":"),
  "",
].join("\r\n");

/**
 * What is on the other end of a page's telephone when a scene has one: it
 * registers whoever asks, rings when it is told to, and is silent.
 */
export class FarEnd {
  #socket: WebSocket | null = null;
  /** The page's own address (RFC 3261, section 8.1.1.8). */
  #contact = "";
  /** Names the call (RFC 3261, section 8.1.1.4): each has its own. */
  #calls = 0;
  /** The final status of each call, as the telephone answered it. */
  readonly answered: string[] = [];

  connect(socket: WebSocket): void {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.#take(data.toString()));
  }

  /** Calls the telephone that has registered. */
  ring(number: string, headers: string[] = []): void {
    this.#calls++;
    const head = this.#head(number, `<${this.#contact}>`, "INVITE");
    this.#send([`INVITE ${this.#contact} SIP/2.0`, ...head, ...headers], OFFER);
  }

  #take(text: string): void {
    const head = (name: string) => new RegExp(`^${name}: *(.*)$`, "im").exec(text)?.[1]?.trim() ?? "";
    if (text.startsWith("REGISTER ")) {
      this.#contact = /<([^>]+)>/.exec(head("Contact"))?.[1] ?? "";
      const same = ["Via", "From", "Call-ID", "CSeq"].map((name) => `${name}: ${head(name)}`);
      const contact = `Contact: <${this.#contact}>;expires=120`;
      this.#send(["SIP/2.0 200 OK", ...same, `To: ${head("To")};tag=far`, contact]);
    } else if (/^SIP\/2.0 [2-6]/.test(text) && head("CSeq").endsWith("INVITE")) {
      this.answered.push(text.slice(8, 11));
      const from = /sip:([^@>]+)/.exec(head("From"))?.[1] ?? "";
      this.#send([`ACK ${this.#contact} SIP/2.0`, ...this.#head(from, head("To"), "ACK")]);
    }
  }

  #head(number: string, to: string, method: string): string[] {
    return [
      `Via: SIP/2.0/WS far.invalid;branch=z9hG4bK${this.#calls}${method}`,
      "Max-Forwards: 70",
      `From: <sip:${number}@calld.invalid>;tag=far`,
      `To: ${to}`,
      `Call-ID: far${this.#calls}`,
      `CSeq: 1 ${method}`,
      "Contact: <sip:far@far.invalid;transport=ws>",
    ];
  }

  #send(lines: string[], body = ""): void {
    const type = body === "" ? [] : ["Content-Type: application/sdp"];
    this.#socket?.send([...lines, ...type, `Content-Length: ${body.length}`, "", body].join("\r\n"));
  }
}
