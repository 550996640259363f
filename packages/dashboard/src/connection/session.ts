import {
  type Backfill,
  decodeLiveBytes,
  type LiveTable,
  type Selector,
  type Tick,
  type VIEWER_INTERVALS,
  type ViewerMessage,
  WsightError,
} from "@wsight/protocol";
import { decodeHubMessage, type HubMessageOf, readFrameHead } from "./hub-messages.ts";

/** What a subscription asks for. */
export interface SubscriptionRequest {
  readonly series: readonly Selector[];
  readonly tables: readonly LiveTable[];
  /** Newest second already held of all of the series, ms epoch; `null` for the whole history. */
  readonly since: number | null;
}

/** What a live tail is to show, and at most how much of it. */
export type TailWish = NonNullable<Extract<ViewerMessage, { readonly type: "tail" }>["tail"]>;

/** One column of the ticks and backfills of a channel. */
export interface Column {
  /** `selectorKey` of what it holds. */
  readonly key: string;
  /** Wire units in one base unit. */
  readonly scale: number;
}

/** What a session tells. */
export interface SessionEvents {
  welcome(message: HubMessageOf<"welcome">): void;
  pong(message: HubMessageOf<"pong">): void;
  /** @param wanted false while the newest subscription is not answered yet */
  tick(tick: Tick, columns: readonly Column[], wanted: boolean): void;
  /** @param wanted as for ticks */
  backfill(backfill: Backfill, columns: readonly Column[], wanted: boolean): void;
  table(message: HubMessageOf<"table">): void;
  tail(message: HubMessageOf<"tail">): void;
  /** The hub said no. */
  refused(error: WsightError): void;
  /** A tick came whose base did not: only a new subscription brings a whole one. */
  baseLost(): void;
  /** A message made no sense and was dropped. */
  malformed(error: WsightError): void;
}

interface Channel {
  readonly number: number;
  readonly columns: readonly Column[];
  /** Values of the newest tick, what the next one is told against. */
  values: Float64Array | null;
  seq: number;
}

/**
 * One session with a hub over one socket: turns what is asked into messages
 * and messages into events. Knows nothing of reconnecting or of what the
 * figures are for. `receive` never throws.
 */
export class LiveSession {
  readonly #send: (text: string) => void;
  readonly #events: SessionEvents;
  #askedId = 0;
  #answeredId = 0;
  #channel: Channel | null = null;

  constructor(send: (text: string) => void, events: SessionEvents) {
    this.#send = send;
    this.#events = events;
  }

  /** Replaces the subscription. */
  subscribe(request: SubscriptionRequest): void {
    const { series, tables, since } = request;
    this.#say({ type: "subscribe", id: ++this.#askedId, series, tables, ...(since === null ? {} : { since }) });
  }

  /** Asks for a tick each `everyMs`. */
  setRate(everyMs: (typeof VIEWER_INTERVALS)[number]): void {
    this.#say({ type: "rate", everyMs });
  }

  /** Begins or changes the live tail; `null` ends it. */
  setTail(tail: TailWish | null): void {
    this.#say({ type: "tail", tail });
  }

  /** Asks for the hub's time. */
  ping(sentAt: number): void {
    this.#say({ type: "ping", sentAt });
  }

  /** Takes a message of the hub. */
  receive(data: string | Uint8Array): void {
    try {
      if (typeof data === "string") this.#receiveText(data);
      else this.#receiveBytes(data);
    } catch (error) {
      this.#events.malformed(
        error instanceof WsightError ? error : new WsightError("BAD_FRAME", "live: a message broke", { cause: error }),
      );
    }
  }

  #receiveText(text: string): void {
    const message = decodeHubMessage(text);
    if (message.type === "welcome") this.#events.welcome(message);
    else if (message.type === "pong") this.#events.pong(message);
    else if (message.type === "dictionary") this.#learn(message);
    else if (message.type === "table") this.#events.table(message);
    else if (message.type === "tail") this.#events.tail(message);
    else if (message.type === "error") this.#events.refused(new WsightError(message.error.code, message.error.message));
  }

  #learn({ id, channel, series }: HubMessageOf<"dictionary">): void {
    this.#answeredId = id;
    // The same channel goes on where it was: its next tick may build on the last one this viewer got.
    const before = this.#channel?.number === channel && this.#channel.columns.length === series.length;
    const { values, seq } = before && this.#channel !== null ? this.#channel : { values: null, seq: 0 };
    this.#channel = { number: channel, columns: series, values, seq };
  }

  #receiveBytes(bytes: Uint8Array): void {
    const head = readFrameHead(bytes);
    const channel = this.#channel;
    if (channel === null || head.channel !== channel.number) return;
    if (!head.keyframe && (channel.values === null || head.seq !== channel.seq + 1)) {
      channel.values = null;
      this.#events.baseLost();
      return;
    }
    const frame = this.#decode(bytes, channel);
    const wanted = this.#answeredId === this.#askedId;
    if (frame.type === "tick") {
      channel.values = frame.values;
      channel.seq = frame.seq;
      this.#events.tick(frame, channel.columns, wanted);
    } else this.#events.backfill(frame, channel.columns, wanted);
  }

  #decode(bytes: Uint8Array, channel: Channel): Tick | Backfill {
    try {
      const frame = decodeLiveBytes(bytes, channel.values);
      const width = frame.type === "tick" ? frame.values.length : frame.columns.length;
      if (width === channel.columns.length) return frame;
      throw new WsightError("BAD_FRAME", `live: expected ${channel.columns.length} columns, got ${width}`);
    } catch (error) {
      channel.values = null;
      this.#events.baseLost();
      throw error;
    }
  }

  #say(message: ViewerMessage): void {
    this.#send(JSON.stringify(message));
  }
}
