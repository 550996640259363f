import { encodeLinkText, MAX_LINK_MESSAGE } from "@wsight/protocol";
import type { WebSocket } from "ws";
import type { Credential } from "./access/authenticate.ts";
import { queueScope } from "./access/queue-scope.ts";
import type { Ingest, IngestLink } from "./ingest.ts";

/** Bytes of answers that may wait for a probe; one that does not read them is cut off. */
const MAX_BUFFERED = 1024 * 1024;
/** What a probe may say within a second. Its longest introduction fits several times. */
const PER_SECOND = { messages: 500, bytes: 4 * MAX_LINK_MESSAGE } as const;
/** Messages within a minute that can't be used, after which a link is closed. */
const MAX_BAD_FRAMES = 20;
/** Seconds to say hello in. */
const HELLO_SECONDS = 10;
/** A probe that has said nothing for this many seconds is asked for a sign of life… */
const PING_SECONDS = 5;
/** …and is taken for dead when there is none by then. */
const DEAD_SECONDS = 15;

/** Close codes, as RFC 6455 has them. */
const GOING_AWAY = 1001;
const POLICY = 1008;

/** The links of probes that came over WebSocket. */
export interface ProbeLinks {
  /**
   * Takes over a socket whose credential may write; its subject is the one service it may write as, its queues those
   * that it may tell of.
   */
  accept(socket: WebSocket, credential: Credential): void;
  /** A second has passed: looks who is still there. */
  onSecond(): void;
  /** Says goodbye to all; safe to call twice. */
  close(): void;
}

/** Makes the way in for probes of other processes and machines. */
export function createProbeLinks(ingest: Pick<Ingest, "open">): ProbeLinks {
  const open = new Set<ProbeSocket>();
  return {
    accept(socket, credential) {
      const link = new ProbeSocket(socket, credential, ingest);
      open.add(link);
      socket.once("close", () => {
        open.delete(link);
        link.gone();
      });
    },
    onSecond() {
      for (const link of open) link.onSecond();
    },
    close() {
      for (const link of open) link.leave();
    },
  };
}

/**
 * One probe's socket. It is given ten seconds to say a hello that is taken, is
 * asked for a sign of life when it falls silent, and is closed, with the
 * reason, when it says too much or too much that makes no sense. Seconds are counted as they pass
 * here: a hub that was held up does not take its probes for dead.
 */
class ProbeSocket {
  readonly #socket: WebSocket;
  readonly #link: IngestLink;
  #seconds = 0;
  #silentSeconds = 0;
  #messages = 0;
  #bytes = 0;
  #badFrames = 0;

  constructor(socket: WebSocket, { principal, via }: Credential, ingest: Pick<Ingest, "open">) {
    this.#socket = socket;
    this.#link = ingest.open((frame) => this.#reply(encodeLinkText(frame)), {
      service: principal.sub,
      local: via === "machine",
      queues: queueScope(principal.queues),
    });
    socket.on("message", (data: Buffer, isBinary: boolean) => this.#heard(data, isBinary));
    socket.on("ping", (data: Buffer) => void this.#count(data.length));
    socket.on("pong", (data: Buffer) => void this.#count(data.length));
    // `ws` closes by itself what breaks its rules: too large, too many fragments, no UTF-8.
    socket.on("error", (error) => this.#link.complain(`${this.#name()}: ${error.message}`));
  }

  onSecond(): void {
    this.#seconds++;
    this.#silentSeconds++;
    this.#messages = 0;
    this.#bytes = 0;
    if (this.#seconds % 60 === 0) this.#badFrames = 0;
    if (this.#seconds >= HELLO_SECONDS && this.#link.node === null)
      this.#refuse(`expected hello within ${HELLO_SECONDS} s`);
    else if (this.#silentSeconds >= DEAD_SECONDS) this.#cut(`no word for ${DEAD_SECONDS} s`);
    else if (this.#silentSeconds % PING_SECONDS === 0 && this.#isOpen()) this.#socket.ping();
  }

  /** The hub ends. */
  leave(): void {
    this.#socket.close(GOING_AWAY, "The hub ends");
  }

  /** The socket has closed. */
  gone(): void {
    this.#link.close();
  }

  #heard(data: Buffer, isBinary: boolean): void {
    if (!this.#count(data.length)) return;
    const reason = this.#link.receive(isBinary ? data : data.toString("utf8"));
    if (reason === null) return;
    // Whoever is not understood or not let in with its first words will not be with its next.
    if (++this.#badFrames >= MAX_BAD_FRAMES || this.#link.node === null) this.#refuse(reason);
  }

  /** Any word is a sign of life; false when there were too many. */
  #count(bytes: number): boolean {
    if (!this.#isOpen()) return false;
    this.#silentSeconds = 0;
    this.#messages++;
    this.#bytes += bytes;
    if (this.#messages <= PER_SECOND.messages && this.#bytes <= PER_SECOND.bytes) return true;
    this.#refuse(`expected at most ${PER_SECOND.messages} messages and ${PER_SECOND.bytes} bytes a second`);
    return false;
  }

  #reply(text: string): void {
    if (!this.#isOpen()) return;
    if (this.#socket.bufferedAmount > MAX_BUFFERED) this.#cut(`does not read what it is told`);
    else this.#socket.send(text, ignore);
  }

  #refuse(reason: string): void {
    if (!this.#isOpen()) return;
    this.#link.complain(`${this.#name()} was closed: ${reason}`);
    this.#socket.close(POLICY, cutText(reason));
    this.#link.close();
  }

  #cut(reason: string): void {
    if (!this.#isOpen()) return;
    this.#link.complain(`${this.#name()} was cut off: ${reason}`);
    this.#socket.terminate();
  }

  #name(): string {
    return this.#link.node ?? "a link without hello";
  }

  #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }
}

/** The reason of a close frame has 123 bytes. */
function cutText(reason: string): string {
  return Buffer.from(reason)
    .subarray(0, 120)
    .toString("utf8")
    .replace(/\ufffd+$/, "");
}

function ignore(): void {}
