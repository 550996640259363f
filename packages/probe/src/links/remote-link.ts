import type { IncomingMessage } from "node:http";
import { performance } from "node:perf_hooks";
import type { HubFrame, LinkMessage, WelcomeFrame } from "@wsight/protocol";
import { type HubSocket, openHubSocket, type SocketEnd } from "./hub-socket.ts";
import { HubWords } from "./hub-words.ts";
import type { ProbeLink } from "./link.ts";
import { linkAddress } from "./link-address.ts";
import { LINK_TIMING, type LinkTiming, waitMs } from "./link-timing.ts";

/** How a remote link does. */
export interface RemoteLinkState {
  /** `connecting`: an attempt runs · `open` · `waiting`: for the next attempt · `closed`: by its owner, for good. */
  readonly phase: "connecting" | "open" | "waiting" | "closed";
  /** Since when, ms epoch. */
  readonly since: number;
  /** Attempts since a link last stood, the running one included. */
  readonly attempt: number;
  /** How long it waits in this phase before the next attempt; `null` unless waiting. */
  readonly retryInMs: number | null;
  /** Why the newest attempt or link ended; `null` before there was a reason. Never holds the token. */
  readonly lastError: string | null;
  /** True while the newest attempt was refused, which trying again soon will hardly change. */
  readonly refused: boolean;
  /** How often the way was lost and found again. */
  readonly reconnects: number;
  /** When the hub began that was last heard of, ms epoch; another value means another hub. `null` before its welcome. */
  readonly hubStartedAt: number | null;
}

/** How a remote link is set up. */
export interface RemoteLinkOptions {
  /** Where the hub is: `ws://HOST:PORT` or `wss://HOST`, with the path it is mounted at. */
  readonly url: string;
  /** Asked for anew at each attempt; an answer that is late or a throw fails the attempt. */
  readonly token: () => string | Promise<string>;
  /**
   * Judges the answer to the handshake, before anything is sent to the other side: says why it is not trusted, or
   * `null`. A throw is no trust. @default whoever is at the address is trusted
   */
  readonly judge?: (answer: IncomingMessage) => string | null;
  /** Hears of every change of state. @default nobody */
  readonly onState?: (state: RemoteLinkState) => void;
  /** Hears the hub's first words and every change of them. @default nobody */
  readonly onWelcome?: (welcome: WelcomeFrame) => void;
  /** Where waits take their chance from, 0 to below 1. @default Math.random */
  readonly random?: () => number;
  /** Other patience than the default. */
  readonly timing?: Partial<LinkTiming>;
}

/** A link to a hub in another process, perhaps on another machine. */
export interface RemoteLink extends ProbeLink {
  readonly state: RemoteLinkState;
  reconnects(): number;
}

/**
 * Makes a link over WebSocket and keeps it up: it connects, looks whether the
 * hub is alive, and tries again after a random wait when it is not. What is
 * sent while there is no link is refused, never kept; on each opening the
 * probe is asked to say everything anew, with its epoch and sequence going on,
 * so that the hub sees what it missed as a gap. Keeps no process alive.
 * @throws WsightError `BAD_OPTION` for an address that is none; nothing later
 * @example
 * probe.connect(createRemoteLink({ url: "wss://hub.example.org", token: () => token }));
 */
export function createRemoteLink(options: RemoteLinkOptions): RemoteLink {
  const link = new ReconnectingLink(linkAddress(options.url), options);
  link.connect();
  return link;
}

class ReconnectingLink implements RemoteLink {
  readonly #address: URL;
  readonly #options: RemoteLinkOptions;
  readonly #timing: LinkTiming;
  readonly #words = new HubWords();
  #socket: HubSocket | null = null;
  #timer: NodeJS.Timeout | undefined;
  #openedAt = 0;
  #everOpen = false;
  #state: RemoteLinkState;

  constructor(address: URL, options: RemoteLinkOptions) {
    this.#address = address;
    this.#options = options;
    this.#timing = { ...LINK_TIMING, ...options.timing };
    this.#state = {
      phase: "connecting",
      since: Date.now(),
      attempt: 0,
      retryInMs: null,
      lastError: null,
      refused: false,
      reconnects: 0,
      hubStartedAt: null,
    };
  }

  get state(): RemoteLinkState {
    return this.#state;
  }

  connect(): void {
    this.#enter("connecting", { attempt: this.#state.attempt + 1 });
    if (this.#state.phase === "closed") return;
    this.#socket = openHubSocket({
      address: this.#address,
      token: this.#options.token,
      timing: this.#timing,
      judge: (answer) => guarded(() => this.#options.judge?.(answer) ?? null, "the answer could not be judged"),
      onOpen: () => this.#opened(),
      onMessage: (message) => this.#heard(message),
      onEnd: (end) => this.#ended(end),
    });
  }

  send(message: LinkMessage): boolean {
    if (!this.#words.keepsUp || this.#socket?.send(message) !== true) return false;
    this.#words.sent(message);
    return true;
  }

  onFrame(listener: (frame: HubFrame) => void): void {
    this.#words.tell(listener);
  }

  reconnects(): number {
    return this.#state.reconnects;
  }

  close(): void {
    if (this.#state.phase === "closed") return;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = null;
    this.#enter("closed");
  }

  #opened(): void {
    this.#openedAt = performance.now();
    const reconnects = this.#state.reconnects + (this.#everOpen ? 1 : 0);
    this.#everOpen = true;
    this.#enter("open", { reconnects, refused: false });
    // This hub may be another, and has not heard this link's names in any case.
    guarded(() => this.#words.take({ type: "resync", reason: "a link was opened" }));
  }

  #heard(message: string): boolean {
    // A listener that fails must not look like a hub that talks nonsense, nor reach the application.
    return guarded(() => {
      const frame = this.#words.hear(message);
      if (frame?.type === "welcome") this.#welcomed(frame);
      return frame !== null;
    }, true);
  }

  #welcomed(welcome: WelcomeFrame): void {
    this.#state = { ...this.#state, hubStartedAt: welcome.startedAt };
    this.#options.onWelcome?.(welcome);
  }

  #ended({ reason, refused }: SocketEnd): void {
    this.#socket = null;
    const stood = this.#state.phase === "open" && performance.now() - this.#openedAt >= this.#timing.stoodMs;
    const failed = stood ? 0 : this.#state.attempt;
    const retryInMs = waitMs(failed, refused, this.#timing, this.#options.random ?? Math.random);
    this.#timer = setTimeout(() => this.connect(), retryInMs);
    this.#timer.unref();
    this.#enter("waiting", { attempt: failed, retryInMs, lastError: reason, refused });
  }

  #enter(phase: RemoteLinkState["phase"], change: Partial<RemoteLinkState> = {}): void {
    this.#state = { ...this.#state, retryInMs: null, ...change, phase, since: Date.now() };
    guarded(() => this.#options.onState?.(this.#state));
  }
}

/** Runs what the owner gave; nothing of it may reach the application's loop. */
function guarded<T>(work: () => T): T | undefined;
function guarded<T>(work: () => T, otherwise: T): T;
function guarded<T>(work: () => T, otherwise?: T): T | undefined {
  try {
    return work();
  } catch {
    return otherwise;
  }
}
