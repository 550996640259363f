import { ByteReader, ByteWriter } from "./bytes.ts";
import type { ErrorBody } from "./errors.ts";
import { WsightError } from "./errors.ts";
import { LIVE_TABLES, type LiveTable, type LiveTableRows, type LiveTailRow } from "./live-tables.ts";
import { asFields, asInteger, asList, asNumber, asOneOf, asText, parseJson } from "./parse.ts";
import { MAX_SELECTORS, parseSelectors, type Selector } from "./selector.ts";
import { MAX_TAIL_PER_SECOND } from "./tail.ts";

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
