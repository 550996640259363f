import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type LinkMessage, MAX_LINK_MESSAGE } from "@wsight/protocol";
import type WebSocket from "ws";
import { type LinkTiming, SILENT_BEATS } from "./link-timing.ts";
import { plainText, readRefusal } from "./refusal.ts";

/** Bytes that may wait in a socket; more is refused. */
const MAX_BUFFERED = 1024 * 1024;
/** Largest message of a hub, in bytes: its longest is a question. */
const MAX_HUB_MESSAGE = 256 * 1024;
/** Most frames of one message. */
const MAX_FRAGMENTS = 64;
/** What a hub may say between two beats; whoever says more is no hub. */
const PER_BEAT = { messages: 1000, bytes: 4 * 1024 * 1024 } as const;
/** Messages that make no sense, after which the other side is not taken for a hub any more. */
const MAX_BAD_MESSAGES = 10;
/** How long a hub may take to finish its goodbye, in ms: the one timer that is not ours to unref. */
const GOODBYE_MS = 250;

/** Why a socket ended; `refused` when trying again soon would change nothing. */
export interface SocketEnd {
  readonly reason: string;
  readonly refused: boolean;
}

/** What a socket leads to. None of the callbacks may throw. */
export interface HubSocketParts {
  readonly address: URL;
  readonly token: () => string | Promise<string>;
  readonly timing: LinkTiming;
  /** Judges the answer to the handshake before anything is sent: why the other side is not trusted, or `null`. */
  readonly judge: (answer: IncomingMessage) => string | null;
  readonly onOpen: () => void;
  /** Takes a message; false when it made no sense. */
  readonly onMessage: (message: string) => boolean;
  /** Called once, whatever happened; not after {@link HubSocket.close}. */
  readonly onEnd: (end: SocketEnd) => void;
}

/** One attempt at a connection, and the connection it leads to. */
export interface HubSocket {
  /** False when it was not sent: not open, too much waiting, or too large. */
  send(message: LinkMessage): boolean;
  /** Ends it once what was sent is on its way. */
  close(): void;
}

/** Opens a WebSocket to a hub. Keeps no process alive, and neither throws nor waits. */
export function openHubSocket(parts: HubSocketParts): HubSocket {
  const socket = new LooseSocket(parts);
  void socket.open();
  return socket;
}

/**
 * `opening` → `open` → `ended`, or straight from `opening` to `ended`.
 *
 * While it is open the hub is pinged at each beat. Beats are counted, not
 * time: an application that blocks its loop for a minute has one beat in it,
 * and the hub's words of that minute are read before the next.
 */
class LooseSocket implements HubSocket {
  readonly #parts: HubSocketParts;
  #phase: "opening" | "open" | "ended" = "opening";
  #socket: WebSocket | null = null;
  #raw: Socket | null = null;
  #timer: NodeJS.Timeout;
  #silentBeats = 0;
  #messages = 0;
  #bytes = 0;
  #badMessages = 0;

  constructor(parts: HubSocketParts) {
    this.#parts = parts;
    const { connectMs } = parts.timing;
    this.#timer = setTimeout(() => this.#end(`no connection within ${connectMs} ms`), connectMs);
    this.#timer.unref();
  }

  async open(): Promise<void> {
    try {
      // Loaded here, so that a process without a remote link never loads it.
      const [{ WebSocket }, token] = await Promise.all([import("ws"), this.#parts.token()]);
      if (this.#phase === "ended") return;
      const options = {
        headers: { authorization: `Bearer ${token}` },
        perMessageDeflate: false,
        maxPayload: MAX_HUB_MESSAGE,
        maxFragments: MAX_FRAGMENTS,
        closeTimeout: GOODBYE_MS,
        finishRequest: (request: ClientRequest) => this.#begin(request),
      };
      this.#listen(new WebSocket(this.#parts.address, options));
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  send(message: LinkMessage): boolean {
    const socket = this.#socket;
    if (this.#phase !== "open" || socket === null || socket.readyState !== socket.OPEN) return false;
    if (socket.bufferedAmount > MAX_BUFFERED || isTooLarge(message)) return false;
    socket.send(message, { binary: typeof message !== "string" }, ignore);
    return true;
  }

  close(): void {
    if (this.#phase === "ended") return;
    const opened = this.#phase === "open";
    this.#phase = "ended";
    clearTimeout(this.#timer);
    // A goodbye in the words of WebSocket would hold the process until it was answered; the probe has said its own.
    if (opened) this.#raw?.destroySoon();
    else this.#socket?.terminate();
    setTimeout(() => this.#socket?.terminate(), GOODBYE_MS).unref();
  }

  #begin(request: ClientRequest): void {
    request.once("socket", (raw) => {
      this.#raw = raw;
      letGo(raw);
    });
    request.end();
  }

  #listen(socket: WebSocket): void {
    this.#socket = socket;
    socket.once("upgrade", (answer) => {
      const reason = this.#parts.judge(answer);
      if (reason !== null) this.#end(reason, true);
    });
    socket.once("open", () => this.#opened());
    socket.on("message", (data: Buffer, isBinary: boolean) => this.#heard(data, isBinary));
    socket.on("ping", (data: Buffer) => this.#count(data.length));
    socket.on("pong", (data: Buffer) => this.#count(data.length));
    socket.once("unexpected-response", (_request: ClientRequest, response: IncomingMessage) => {
      readRefusal(response, (refusal) => this.#end(refusal.reason, refusal.lasting));
    });
    socket.on("error", (error) => this.#end(error.message));
    socket.once("close", (code, reason) => {
      // 1008: the hub will not have what this probe says, now or in a moment.
      this.#end(
        `the hub closed the link with ${code}${reason.length > 0 ? ` ${plainText(String(reason))}` : ""}`,
        code === 1008,
      );
    });
  }

  #opened(): void {
    if (this.#phase !== "opening") return;
    this.#phase = "open";
    clearTimeout(this.#timer);
    this.#timer = setInterval(() => this.#beat(), this.#parts.timing.beatMs);
    this.#timer.unref();
    this.#parts.onOpen();
  }

  #beat(): void {
    if (this.#silentBeats >= SILENT_BEATS) {
      this.#end(`no word from the hub for ${(SILENT_BEATS * this.#parts.timing.beatMs) / 1000} s`);
      return;
    }
    this.#silentBeats++;
    this.#messages = 0;
    this.#bytes = 0;
    if (this.#socket?.readyState === this.#socket?.OPEN) this.#socket?.ping();
  }

  /** Any word is a sign of life; false when there were too many. */
  #count(bytes: number): boolean {
    if (this.#phase !== "open") return false;
    this.#silentBeats = 0;
    this.#messages++;
    this.#bytes += bytes;
    if (this.#messages <= PER_BEAT.messages && this.#bytes <= PER_BEAT.bytes) return true;
    this.#end(`expected a hub, got more than ${PER_BEAT.messages} messages or ${PER_BEAT.bytes} bytes at once`, true);
    return false;
  }

  #heard(data: Buffer, isBinary: boolean): void {
    if (!this.#count(data.length)) return;
    if (!isBinary && this.#parts.onMessage(data.toString("utf8"))) return;
    if (++this.#badMessages >= MAX_BAD_MESSAGES)
      this.#end(`expected a hub, got ${this.#badMessages} messages that make no sense`, true);
  }

  #end(reason: string, refused = false): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    clearTimeout(this.#timer);
    this.#socket?.terminate();
    this.#parts.onEnd({ reason, refused });
  }
}

/** A connection must never keep its process alive, whichever of several addresses it is tried at. */
function letGo(socket: Socket): void {
  const unref = (): void => void socket.unref();
  unref();
  for (const event of ["connectionAttempt", "connect", "secureConnect"]) socket.on(event, unref);
}

function isTooLarge(message: LinkMessage): boolean {
  if (typeof message !== "string") return message.byteLength > MAX_LINK_MESSAGE;
  // A UTF-16 unit is at most three bytes.
  return message.length * 3 > MAX_LINK_MESSAGE && Buffer.byteLength(message) > MAX_LINK_MESSAGE;
}

function ignore(): void {}
