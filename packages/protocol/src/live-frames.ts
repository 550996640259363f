import { ByteReader, ByteWriter } from "./bytes.ts";
import type { ErrorBody } from "./errors.ts";
import { WsightError } from "./errors.ts";
import type { Finding, HelloFrame } from "./link-frames.ts";
import { asFields, asInteger, asList, asNumber, asOneOf, asText, parseJson } from "./parse.ts";
import { MAX_SELECTORS, parseSelectors, type Selector } from "./selector.ts";
import type { BroadcastRow, CountRow, ErrorRow, SlowRow } from "./tables.ts";
import { MAX_TAIL_PER_SECOND, type TailRow } from "./tail.ts";

/**
 * The live session: what a hub and a viewer say to each other over one
 * WebSocket. Text messages are JSON; binary messages carry numbers.
 *
 * The viewer says `subscribe`; the hub answers `dictionary` (names once), a
 * binary backfill of at most 15 minutes, then one binary tick an interval.
 * A tick holds the difference to the tick before it, or, when that one was
 * not sent to this viewer, everything (`keyframe`). On reconnect the viewer
 * subscribes with `since`, its newest tick, and gets the seconds it missed.
 *
 * A viewer has one subscription: a new `subscribe` replaces the one before.
 * The viewer chooses its `id`, which comes back in `dictionary` and `table`.
 * Binary messages are shared by all viewers that watch the same series in the
 * same order, so they carry the number of that `channel` instead, which the
 * dictionary tells; one of another channel is a late word of an older
 * subscription and is to be dropped. When seconds pass while a long backfill
 * is made, a second short backfill brings them, before the first tick.
 */
export const LIVE_VERSION = 1;
/** Longest text message a viewer may send. */
export const MAX_VIEWER_MESSAGE: number = 256 * 1024;
/** Length of the live history, in ms: 15 minutes. */
export const LIVE_HISTORY_MS = 900_000;

/** Lists a viewer can subscribe to beside its series; sent whole when they changed, every one to five seconds. */
export const LIVE_TABLES = [
  "nodes",
  "events",
  "errors",
  "closes",
  "users",
  "channels",
  "rooms",
  "hub",
  "types",
  "handlers",
  "namespaces",
  "slow",
  "broadcasts",
] as const;
export type LiveTable = (typeof LIVE_TABLES)[number];

/** `live`: reports in time · `silent`: late by more than 2.5 intervals · `gone`: said goodbye or silent for long. */
export const NODE_STATES = ["live", "silent", "gone"] as const;
export type NodeState = (typeof NODE_STATES)[number];

/** One process that reports, or used to. */
export interface NodeRow {
  /** `service/instance`, what {@link Selector.node} takes. */
  readonly node: string;
  readonly service: string;
  readonly instance: string;
  readonly state: NodeState;
  /** ms epoch of the newest sample. */
  readonly lastAt: number;
  /** How far the process' clock is ahead of the hub's, ms, its frames' way included; `null` when not known. */
  readonly clockAheadMs?: number | null;
  readonly startedAt: number;
  readonly pid: number;
  readonly host: string;
  readonly runtime: string;
  readonly findings: readonly Finding[];
  readonly connections: number | null;
  readonly messageRate: number | null;
  /** Connections it can take, and where the figure comes from; `null` when nobody said. */
  readonly capacity: HelloFrame["capacity"];
  readonly errorsPerMinute: number | null;
  /** Seconds, 99th percentile over the last 10 s. */
  readonly loopLagP99: number | null;
  readonly cpu: number | null;
  readonly memoryBytes: number | null;
  /** Snapshots that never arrived, and restarts seen, since the hub started. */
  readonly lost: number;
  readonly restarts: number;
  /** Share of one core the probe itself uses; bytes its tables take; frames and label sets it dropped; faults it caught. */
  readonly probeCpu: number | null;
  readonly probeMemoryBytes: number | null;
  readonly probeDropped: number;
  readonly probeErrors: number;
}

/** One event name or message kind in one direction; the table holds the busiest 16. */
export interface EventRow {
  readonly event: string;
  readonly direction: "in" | "out";
  readonly library: string;
  /** Messages per second over the last 10 s. */
  readonly rate: number;
  /** Seconds, 95th percentile of acks, else of handlers, over the last minute; `null` when never timed. */
  readonly p95: number | null;
}

/** One event name or message kind in one direction, in full; the table holds the busiest 100. */
export interface TypeRow {
  readonly event: string;
  readonly direction: "in" | "out";
  readonly library: string;
  /** Messages per second over the last 10 s, and its share of all messages of that direction. */
  readonly rate: number;
  readonly share: number;
  /** Messages since the processes began. */
  readonly total: number;
  /** Bytes, over the last minute; `null` when none was measured. */
  readonly sizeP50: number | null;
  readonly sizeP95: number | null;
  /** Seconds over the last minute, of acks, else of handlers, and which; `null` when never timed. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly timing: "ack" | "handler" | null;
  /** Handlers that threw and acks that never came, per minute. */
  readonly errorsPerMinute: number;
}

/** What one handler costs the event loop; the table holds the 50 that cost most. */
export interface HandlerRow {
  readonly event: string;
  readonly library: string;
  /** Calls per second over the last 10 s. */
  readonly rate: number;
  /** Share of the event loop's time, over the last minute: seconds in the handler per second. */
  readonly share: number;
  /** Seconds over the last minute. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
  readonly errorsPerMinute: number;
}

/** One namespace of Socket.IO over all nodes. */
export interface NamespaceRow {
  readonly namespace: string;
  readonly sockets: number;
  readonly rooms: number;
  /** Nodes that have it. */
  readonly nodes: number;
  /** Broadcasts per second over the last 10 s, and over the last minute their recipients and seconds. */
  readonly broadcastRate: number;
  readonly recipientsP50: number | null;
  readonly broadcastP95: number | null;
}

/** A list of keys with open connections. */
export interface CountTable {
  /** Counts a key once for each node it is on. */
  readonly total: number;
  readonly rows: readonly CountRow[];
  /** How many keys have 1, 2, 3–4, 5–8, … connections. */
  readonly spread: readonly number[];
}

/** A row of the live tail with the node it came from. */
export interface LiveTailRow extends Omit<TailRow, "filter"> {
  readonly node: string;
}

/** Errors by type and the newest of them. */
export interface ErrorsTable {
  readonly byType: readonly { readonly type: string; readonly total: number; readonly perMinute: number }[];
  /** Newest first, at most 12. */
  readonly recent: readonly (ErrorRow & { readonly node: string })[];
}

/** What the hub costs and how it fares. */
export interface HubRow {
  readonly version: string;
  readonly startedAt: number;
  /** Share of one core, last interval. */
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly viewers: number;
  /** Bytes per second sent to all viewers together. */
  readonly bytesPerSecond: number;
  /** Ticks that slow viewers did not get. */
  readonly skippedTicks: number;
  /** Link messages that could not be understood, and the last reason. */
  readonly badFrames: number;
  readonly lastBadFrame: string | null;
  /** Times the worker was restarted, and why last. */
  readonly restarts: number;
  readonly lastRestart: string | null;
  readonly store: {
    readonly state: "ok" | "failing" | "off";
    readonly written: number;
    readonly dropped: number;
    readonly lastError: string | null;
  };
}

/** Rows of each live table. */
export interface LiveTableRows {
  readonly nodes: readonly NodeRow[];
  readonly events: readonly EventRow[];
  readonly errors: ErrorsTable;
  readonly closes: readonly CountRow[];
  readonly users: CountTable;
  readonly channels: CountTable;
  readonly rooms: CountTable;
  readonly hub: HubRow;
  readonly types: readonly TypeRow[];
  readonly handlers: readonly HandlerRow[];
  readonly namespaces: readonly NamespaceRow[];
  /** Newest first, at most 50. */
  readonly slow: readonly (SlowRow & { readonly node: string })[];
  /** Newest first, at most 100. */
  readonly broadcasts: readonly (BroadcastRow & { readonly node: string })[];
}

/** Intervals a viewer can ask for: each second, or each ten while its tab is hidden. */
export const VIEWER_INTERVALS = [1000, 10_000] as const;

/** What a viewer may say. */
export type ViewerMessage =
  | {
      readonly type: "subscribe";
      readonly id: number;
      readonly series: readonly Selector[];
      readonly tables: readonly LiveTable[];
      readonly since?: number;
    }
  | { readonly type: "rate"; readonly everyMs: (typeof VIEWER_INTERVALS)[number] }
  /** Begins or changes the live tail; `null` ends it. It ends by itself with the session. */
  | {
      readonly type: "tail";
      readonly tail: { readonly search: string; readonly node: string | null; readonly perSecond: number } | null;
    }
  | { readonly type: "ping"; readonly sentAt: number };

/** Text the hub may send. */
export type HubMessage =
  | {
      readonly type: "welcome";
      readonly version: number;
      readonly at: number;
      readonly intervalMs: number;
      readonly historyMs: number;
      readonly principal: { readonly sub: string; readonly role: string };
    }
  | {
      readonly type: "dictionary";
      readonly id: number;
      /** What the ticks and backfills of this subscription carry; the same for every viewer of the same series. */
      readonly channel: number;
      readonly series: readonly { readonly key: string; readonly scale: number }[];
    }
  | { readonly type: "pong"; readonly sentAt: number; readonly at: number }
  /** Messages of the live tail, oldest first, and how many fitted and were not shown. */
  | { readonly type: "tail"; readonly rows: readonly LiveTailRow[]; readonly passed: number }
  | {
      readonly [T in LiveTable]: {
        readonly type: "table";
        readonly id: number;
        readonly at: number;
        readonly table: T;
        readonly rows: LiveTableRows[T];
      };
    }[LiveTable]
  | ({ readonly type: "error" } & ErrorBody);

/** Parses what a viewer sent. @throws WsightError `BAD_FRAME` or `BAD_SELECTOR` */
export function decodeViewerMessage(text: string): ViewerMessage {
  const fields = asFields("BAD_FRAME", "message", parseJson("BAD_FRAME", "message", text));
  switch (asOneOf("BAD_FRAME", "type", fields.type, ["subscribe", "rate", "tail", "ping"])) {
    case "subscribe":
      return {
        type: "subscribe",
        id: asInteger("BAD_FRAME", "id", fields.id),
        series: parseSelectors(fields.series),
        tables: asList("BAD_FRAME", "tables", fields.tables, LIVE_TABLES.length).map((table) =>
          asOneOf("BAD_FRAME", "table", table, LIVE_TABLES),
        ),
        ...(fields.since === undefined ? {} : { since: asNumber("BAD_FRAME", "since", fields.since, 0) }),
      };
    case "rate": {
      const everyMs = VIEWER_INTERVALS.find((interval) => interval === fields.everyMs);
      if (everyMs === undefined)
        throw new WsightError("BAD_FRAME", `everyMs: expected one of ${VIEWER_INTERVALS.join(", ")}`);
      return { type: "rate", everyMs };
    }
    case "tail":
      return { type: "tail", tail: fields.tail === null ? null : decodeTailWish(fields.tail) };
    case "ping":
      return { type: "ping", sentAt: asNumber("BAD_FRAME", "sentAt", fields.sentAt) };
  }
}

function decodeTailWish(value: unknown): { search: string; node: string | null; perSecond: number } {
  const fields = asFields("BAD_FRAME", "tail", value);
  return {
    search: asText("BAD_FRAME", "search", fields.search),
    node: fields.node === null ? null : asText("BAD_FRAME", "node", fields.node, 129),
    perSecond: asInteger("BAD_FRAME", "perSecond", fields.perSecond, 1, MAX_TAIL_PER_SECOND),
  };
}

const TICK_TAG = 0x54;
const BACKFILL_TAG = 0x42;

/** One interval of a subscription, as it travels: whole numbers of 1/scale, NaN where nothing is known. */
export interface Tick {
  readonly type: "tick";
  /** As told by the dictionary. */
  readonly channel: number;
  /** Grows by one with every tick of the channel. */
  readonly seq: number;
  readonly at: number;
  readonly keyframe: boolean;
  /** In dictionary order. */
  readonly values: Float64Array;
}

/** The past of a subscription: one column a series, oldest first, `stepMs` apart from `fromAt` on. */
export interface Backfill {
  readonly type: "backfill";
  /** As told by the dictionary. */
  readonly channel: number;
  readonly fromAt: number;
  readonly stepMs: number;
  readonly columns: readonly Float64Array[];
}

/** Turns a value into what travels: a whole number of 1/scale, NaN for unknown. */
export function toWire(value: number | null, scale: number): number {
  if (value === null || !Number.isFinite(value)) return Number.NaN;
  const scaled = Math.round(value * scale);
  return Math.abs(scaled) <= 2 ** 50 ? scaled : Number.NaN;
}

/**
 * Encodes one tick: a bitmap of what changed, then a varint each: 0 for
 * unknown, else 1 + zigzag of the difference to `previous`.
 * @param previous the values of the tick before, or `null` for a keyframe
 */
export function encodeTick(
  tick: Omit<Tick, "type" | "keyframe">,
  previous: Float64Array | null,
): Uint8Array<ArrayBuffer> {
  const { values } = tick;
  const writer = new ByteWriter(32 + values.length * 2);
  writer.u8(TICK_TAG);
  writer.u8(previous === null ? 1 : 0);
  writer.varint(tick.channel);
  writer.varint(tick.seq);
  writer.varint(tick.at);
  writer.varint(values.length);
  for (let byte = 0; byte * 8 < values.length; byte++) {
    let bits = 0;
    for (let bit = 0; bit < 8; bit++) {
      const i = byte * 8 + bit;
      if (i < values.length && !Object.is(values[i], previous === null ? Number.NaN : previous[i])) bits |= 1 << bit;
    }
    writer.u8(bits);
  }
  for (let i = 0; i < values.length; i++) {
    const before = previous === null ? Number.NaN : (previous[i] as number);
    if (!Object.is(values[i], before)) writeCode(writer, values[i] as number, before);
  }
  return writer.finish();
}

/** Encodes the past of a subscription. */
export function encodeBackfill(backfill: Omit<Backfill, "type">): Uint8Array<ArrayBuffer> {
  const length = backfill.columns[0]?.length ?? 0;
  const encoder = new BackfillEncoder({ ...backfill, series: backfill.columns.length, length });
  for (const column of backfill.columns) encoder.column(column);
  return encoder.finish();
}

/** Encodes a backfill column by column, so that a long one can be made in slices of time. */
export class BackfillEncoder {
  readonly #writer: ByteWriter;

  constructor(header: {
    readonly channel: number;
    readonly fromAt: number;
    readonly stepMs: number;
    /** Columns that will follow, each of `length` values. */
    readonly series: number;
    readonly length: number;
  }) {
    const writer = new ByteWriter(32 + header.series * header.length * 2);
    writer.u8(BACKFILL_TAG);
    writer.varint(header.channel);
    writer.varint(header.fromAt);
    writer.varint(header.stepMs);
    writer.varint(header.series);
    writer.varint(header.length);
    this.#writer = writer;
  }

  /** Adds the next column: whole numbers of 1/scale, NaN where nothing is known. */
  column(values: Float64Array): void {
    let before = Number.NaN;
    for (const value of values) {
      writeCode(this.#writer, value, before);
      if (value === value) before = value;
    }
  }

  /** The whole message. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#writer.finish();
  }
}

/**
 * Decodes a binary message of a live session.
 * @param previous values of the newest tick of the same subscription; a tick that is no keyframe needs them
 * @throws WsightError `BAD_FRAME`
 */
export function decodeLiveBytes(bytes: Uint8Array, previous: Float64Array | null): Tick | Backfill {
  const reader = new ByteReader(bytes);
  const tag = reader.u8();
  if (tag === TICK_TAG) return decodeTick(reader, previous);
  if (tag === BACKFILL_TAG) return decodeBackfill(reader);
  throw new WsightError("BAD_FRAME", `live: expected a tick or a backfill, got tag ${tag}`);
}

function decodeTick(reader: ByteReader, previous: Float64Array | null): Tick {
  const keyframe = reader.u8() === 1;
  const channel = reader.varint();
  const seq = reader.varint();
  const at = reader.varint();
  const length = reader.count(MAX_SELECTORS);
  if (!keyframe && previous?.length !== length) throw new WsightError("BAD_FRAME", "live: expected a keyframe first");
  const values =
    keyframe || previous === null ? new Float64Array(length).fill(Number.NaN) : Float64Array.from(previous);
  const bitmap = reader.bytes(Math.ceil(length / 8));
  for (let i = 0; i < length; i++) {
    if (((bitmap[i >> 3] as number) >> (i & 7)) & 1) values[i] = readCode(reader, values[i] as number);
  }
  return { type: "tick", channel, seq, at, keyframe, values };
}

function decodeBackfill(reader: ByteReader): Backfill {
  const channel = reader.varint();
  const fromAt = reader.varint();
  const stepMs = reader.varint();
  const series = reader.count(MAX_SELECTORS);
  const length = reader.count(LIVE_HISTORY_MS / 100);
  const columns = Array.from({ length: series }, () => {
    const column = new Float64Array(length);
    let before = Number.NaN;
    for (let i = 0; i < length; i++) {
      const value = readCode(reader, before);
      column[i] = value;
      if (value === value) before = value;
    }
    return column;
  });
  return { type: "backfill", channel, fromAt, stepMs, columns };
}

function writeCode(writer: ByteWriter, value: number, before: number): void {
  if (value !== value) {
    writer.u8(0);
    return;
  }
  const difference = value - (before === before ? before : 0);
  writer.varint(1 + (difference < 0 ? -2 * difference - 1 : 2 * difference));
}

function readCode(reader: ByteReader, before: number): number {
  const code = reader.varint();
  if (code === 0) return Number.NaN;
  const zigzag = code - 1;
  const difference = zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
  return (before === before ? before : 0) + difference;
}
