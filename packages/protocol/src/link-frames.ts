import { ByteReader, ByteWriter } from "./bytes.ts";
import { Histogram } from "./histogram.ts";
import type { JobsAckFrame, JobsFrame } from "./jobs/job-event.ts";
import { decodeJobs, decodeJobsAck } from "./jobs/link-jobs.ts";
import { decodeEvents, type EventsFrame } from "./link-events.ts";
import {
  type AnswerFrame,
  decodeAnswer,
  decodeRequest,
  decodeTail,
  decodeWelcome,
  type RequestFrame,
  type TailFrame,
  type WelcomeFrame,
} from "./link-requests.ts";
import { asFields, asInteger, asList, asNumber, asOneOf, asText, expected, parseJson } from "./parse.ts";
import { type Labels, parseLabels, parseMetric, type Series } from "./series.ts";
import { decodeTable, MAX_TIME, type TableFrame } from "./tables.ts";

/**
 * The link: what a probe and a hub say to each other, over a `MessagePort` or
 * a WebSocket alike. Text messages are JSON, binary messages are snapshots.
 *
 * A probe says `hello` once per link and whenever what it found changes, then
 * `names` for series not named before on this link, then one snapshot a
 * second. A snapshot holds *absolute* values (counters and histograms since
 * the epoch began) of the series that changed, or of all of them when it is a
 * keyframe. So a lost frame makes figures late, never wrong: the hub sees the
 * gap in `seq`, asks with `resync`, and gets `hello`, `names` and a keyframe.
 * A new `epoch` means that the process restarted and counts from zero.
 */
export const LINK_VERSION = 1;

/** Largest link message, in bytes (binary) or UTF-16 units (text), that either side accepts. */
export const MAX_LINK_MESSAGE: number = 4 * 1024 * 1024;
/** Most series one probe may name. */
export const MAX_SERIES = 8192;
/** Most addresses of one finding. */
const MAX_URLS = 8;

/** One thing a probe found and watches, or looked for and did not find. */
export interface Finding {
  /** Integration, e.g. `socket.io`, `ws`. */
  readonly library: string;
  /** Name the series carry as `ws.server`. */
  readonly server: string;
  /** Version of the library, `null` when it does not say. */
  readonly version: string | null;
  /** `attached`: watched in full. `partial`: something could not be hooked; `notes` says what. */
  readonly state: "attached" | "partial";
  /** Facts for people: `2 namespaces`, `transports polling, websocket`, `payload limit 1 MB`. */
  readonly notes: readonly string[];
  /** Where it listens, as addresses on loopback; absent when it does not, or does not say. */
  readonly urls?: readonly string[];
}

/** The machine a probe runs on. */
export interface HostInfo {
  /** As Node.js says it: `linux`, `x64`. */
  readonly platform: string;
  readonly arch: string;
  /** Release of the operating system. */
  readonly osRelease: string;
  /** Empty where the system does not say. */
  readonly cpuModel: string;
  /** Logical cores. */
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** First words of a probe. */
export interface HelloFrame {
  readonly type: "hello";
  readonly version: number;
  /** Name of the application; several instances share it. */
  readonly service: string;
  /** Name of this process among the instances of the service. */
  readonly instance: string;
  /** Random per process start; counters begin at zero with it. */
  readonly epoch: number;
  /** Process start, ms epoch. */
  readonly startedAt: number;
  readonly pid: number;
  readonly host: string;
  readonly runtime: string;
  /** Milliseconds between snapshots. */
  readonly intervalMs: number;
  readonly findings: readonly Finding[];
  /** Connections this process can take, and where the figure comes from; `null` when nobody said. */
  readonly capacity: { readonly connections: number; readonly source: string } | null;
  /** Absent from probes that do not know. */
  readonly hostInfo?: HostInfo;
  /**
   * It brings figures and is no process: it appears in no list of processes and is asked nothing. Only a hub may say so,
   * of itself. @default false
   */
  readonly figuresOnly?: boolean;
}

/** Names series: the ids used in snapshots of this link from now on. */
export interface NamesFrame {
  readonly type: "names";
  readonly epoch: number;
  readonly names: readonly { readonly id: number; readonly series: Series }[];
  /**
   * Series that end, each folded into another (`_other`): the value of `into`
   * includes theirs from the next snapshot on, and that is no growth. Their
   * ids may be named again later.
   */
  readonly retired: readonly { readonly id: number; readonly into: number }[];
}

/** The probe closes in good order (as opposed to falling silent). */
export interface ByeFrame {
  readonly type: "bye";
  readonly epoch: number;
}

/** The hub asks for `hello`, `names` and a keyframe. */
export interface ResyncFrame {
  readonly type: "resync";
  readonly reason: string;
}

/** One second of a probe: absolute values by series id. */
export interface SnapshotFrame {
  readonly type: "snapshot";
  readonly epoch: number;
  /** Grows by one with every snapshot of the epoch. */
  readonly seq: number;
  /** When it was taken, ms epoch of the probe's clock. */
  readonly at: number;
  /** Holds every series, not only the changed ones. */
  readonly keyframe: boolean;
  readonly counters: readonly (readonly [id: number, value: number])[];
  readonly gauges: readonly (readonly [id: number, value: number])[];
  readonly histograms: readonly (readonly [id: number, value: Histogram])[];
}

/**
 * The hub has taken snapshot `seq`. A probe keeps at most a bounded number of
 * snapshots on their way and drops (and counts) further ones until this comes.
 */
export interface AckFrame {
  readonly type: "ack";
  readonly seq: number;
}

/** What a probe may say. */
export type ProbeFrame =
  | HelloFrame
  | NamesFrame
  | SnapshotFrame
  | TableFrame
  | EventsFrame
  | AnswerFrame
  | TailFrame
  | JobsFrame
  | ByeFrame;
/** What a hub may say to a probe. */
export type HubFrame = WelcomeFrame | ResyncFrame | AckFrame | RequestFrame | JobsAckFrame;
/** A message as it travels. */
export type LinkMessage = string | Uint8Array;

const SNAPSHOT_TAG = 0x57;
const PROBE_TEXTS = ["hello", "names", "table", "events", "answer", "tail", "jobs", "bye"] as const;
const HUB_TEXTS = ["welcome", "resync", "ack", "request", "jobs-ack"] as const;

/** Encodes any frame of the link but a snapshot. */
export function encodeLinkText(frame: Exclude<ProbeFrame, SnapshotFrame> | HubFrame): string {
  if (frame.type !== "names") return JSON.stringify(frame);
  const names = frame.names.map(({ id, series }) => [id, series.metric.name, series.labels]);
  const retired = frame.retired.map(({ id, into }) => [id, into]);
  return JSON.stringify({ ...frame, names, retired });
}

/** Writes snapshots with memory that is reused from one to the next. */
export class SnapshotEncoder {
  readonly #writer = new ByteWriter(4096);
  readonly #counters = new ByteWriter(2048);
  readonly #gauges = new ByteWriter(512);
  readonly #histograms = new ByteWriter(4096);
  #counts = [0, 0, 0];

  /** Starts a snapshot. */
  begin(): void {
    for (const part of [this.#counters, this.#gauges, this.#histograms]) part.reset();
    this.#counts = [0, 0, 0];
  }

  /** Adds a counter's value since the epoch: whole numbers are short, others exact. */
  counter(id: number, value: number): void {
    this.#counters.varint(id);
    if (Number.isSafeInteger(value) && value < 2 ** 51) this.#counters.varint(value * 2);
    else {
      this.#counters.varint(1);
      this.#counters.f64(value);
    }
    this.#bump(0);
  }

  /** Adds a gauge's reading; NaN says that it could not be read. */
  gauge(id: number, value: number): void {
    this.#gauges.varint(id);
    this.#gauges.f64(value);
    this.#bump(1);
  }

  /** Adds a histogram's whole state since the epoch. */
  histogram(id: number, value: Histogram): void {
    this.#histograms.varint(id);
    value.write(this.#histograms);
    this.#bump(2);
  }

  /** Ends the snapshot and returns its bytes. */
  finish(header: {
    readonly epoch: number;
    readonly seq: number;
    readonly at: number;
    readonly keyframe: boolean;
  }): Uint8Array<ArrayBuffer> {
    const writer = this.#writer;
    writer.reset();
    writer.u8(SNAPSHOT_TAG);
    writer.u8(LINK_VERSION);
    writer.u8(header.keyframe ? 1 : 0);
    writer.varint(header.epoch);
    writer.varint(header.seq);
    writer.f64(header.at);
    [this.#counters, this.#gauges, this.#histograms].forEach((part, i) => {
      writer.varint(this.#counts[i] as number);
      writer.bytes(part.finish());
    });
    return writer.finish();
  }

  #bump(part: number): void {
    this.#counts[part] = (this.#counts[part] as number) + 1;
  }
}

/** Parses what a probe sent. @throws WsightError `BAD_FRAME` saying what was expected and what was got */
export function decodeProbeFrame(message: LinkMessage): ProbeFrame {
  if (typeof message !== "string") return decodeSnapshot(message);
  if (message.length > MAX_LINK_MESSAGE)
    throw expected("BAD_FRAME", "link", `at most ${MAX_LINK_MESSAGE} characters`, message.length);
  const fields = asFields("BAD_FRAME", "link", parseJson("BAD_FRAME", "link", message));
  const epoch = asInteger("BAD_FRAME", "epoch", fields.epoch);
  switch (asOneOf("BAD_FRAME", "link type", fields.type, PROBE_TEXTS)) {
    case "hello":
      return decodeHello(fields, epoch);
    case "names":
      return {
        type: "names",
        epoch,
        names: asList("BAD_FRAME", "names", fields.names, MAX_SERIES).map(decodeName),
        retired: asList("BAD_FRAME", "retired", fields.retired, MAX_SERIES).map(decodeRetired),
      };
    case "table":
      return decodeTable(fields, epoch);
    case "events":
      return decodeEvents(fields, epoch);
    case "answer":
      return decodeAnswer(fields, epoch);
    case "tail":
      return decodeTail(fields, epoch);
    case "jobs":
      return decodeJobs(fields, epoch);
    case "bye":
      return { type: "bye", epoch };
  }
}

/** Parses what a hub sent to a probe. @throws WsightError `BAD_FRAME` */
export function decodeHubFrame(message: LinkMessage): HubFrame {
  if (typeof message !== "string") throw expected("BAD_FRAME", "link", "text", message);
  const fields = asFields("BAD_FRAME", "link", parseJson("BAD_FRAME", "link", message));
  switch (asOneOf("BAD_FRAME", "link type", fields.type, HUB_TEXTS)) {
    case "welcome":
      return decodeWelcome(fields);
    case "resync":
      return { type: "resync", reason: asText("BAD_FRAME", "reason", fields.reason) };
    case "ack":
      return { type: "ack", seq: asInteger("BAD_FRAME", "seq", fields.seq) };
    case "request":
      return decodeRequest(fields);
    case "jobs-ack":
      return decodeJobsAck(fields);
  }
}

function decodeHello(fields: Readonly<Record<string, unknown>>, epoch: number): HelloFrame {
  const version = asInteger("BAD_FRAME", "version", fields.version);
  if (version !== LINK_VERSION) throw expected("BAD_FRAME", "version", `link version ${LINK_VERSION}`, version);
  return {
    type: "hello",
    version,
    epoch,
    service: asText("BAD_FRAME", "service", fields.service, 64),
    instance: asText("BAD_FRAME", "instance", fields.instance, 64),
    startedAt: asNumber("BAD_FRAME", "startedAt", fields.startedAt, 0, MAX_TIME),
    pid: asInteger("BAD_FRAME", "pid", fields.pid),
    host: asText("BAD_FRAME", "host", fields.host),
    runtime: asText("BAD_FRAME", "runtime", fields.runtime, 64),
    intervalMs: asNumber("BAD_FRAME", "intervalMs", fields.intervalMs, 1, 3_600_000),
    findings: asList("BAD_FRAME", "findings", fields.findings, 256).map(decodeFinding),
    capacity: fields.capacity === undefined || fields.capacity === null ? null : decodeCapacity(fields.capacity),
    ...(fields.hostInfo === undefined ? {} : { hostInfo: decodeHostInfo(fields.hostInfo) }),
    ...(fields.figuresOnly === true ? { figuresOnly: true } : {}),
  };
}

function decodeHostInfo(value: unknown): HostInfo {
  const fields = asFields("BAD_FRAME", "hostInfo", value);
  return {
    platform: asText("BAD_FRAME", "hostInfo platform", fields.platform, 32),
    arch: asText("BAD_FRAME", "hostInfo arch", fields.arch, 32),
    osRelease: asText("BAD_FRAME", "hostInfo osRelease", fields.osRelease, 128),
    cpuModel: asText("BAD_FRAME", "hostInfo cpuModel", fields.cpuModel, 128),
    cpus: asInteger("BAD_FRAME", "hostInfo cpus", fields.cpus),
    memoryBytes: asNumber("BAD_FRAME", "hostInfo memoryBytes", fields.memoryBytes, 0),
  };
}

function decodeCapacity(value: unknown): HelloFrame["capacity"] {
  const fields = asFields("BAD_FRAME", "capacity", value);
  return {
    connections: asInteger("BAD_FRAME", "capacity connections", fields.connections, 1),
    source: asText("BAD_FRAME", "capacity source", fields.source),
  };
}

function decodeFinding(value: unknown): Finding {
  const fields = asFields("BAD_FRAME", "finding", value);
  const urls = asList("BAD_FRAME", "urls", fields.urls ?? [], MAX_URLS).map((url) => asText("BAD_FRAME", "url", url));
  return {
    library: asText("BAD_FRAME", "library", fields.library, 64),
    server: asText("BAD_FRAME", "server", fields.server, 64),
    version: fields.version === null ? null : asText("BAD_FRAME", "finding version", fields.version, 64),
    state: asOneOf("BAD_FRAME", "finding state", fields.state, ["attached", "partial"]),
    notes: asList("BAD_FRAME", "notes", fields.notes, 16).map((note) => asText("BAD_FRAME", "note", note)),
    ...(urls.length === 0 ? {} : { urls }),
  };
}

function decodeName(value: unknown): { id: number; series: Series } {
  const [id, name, labels] = asList("BAD_FRAME", "name", value, 3);
  const metric = parseMetric(name);
  return {
    id: asInteger("BAD_FRAME", "series id", id, 0, MAX_SERIES - 1),
    series: { metric, labels: parseLabels(metric, labels) as Labels },
  };
}

function decodeRetired(value: unknown): { id: number; into: number } {
  const [id, into] = asList("BAD_FRAME", "retired", value, 2);
  return {
    id: asInteger("BAD_FRAME", "retired id", id, 0, MAX_SERIES - 1),
    into: asInteger("BAD_FRAME", "retired into", into, 0, MAX_SERIES - 1),
  };
}

function decodeSnapshot(bytes: Uint8Array): SnapshotFrame {
  if (bytes.length > MAX_LINK_MESSAGE)
    throw expected("BAD_FRAME", "link", `at most ${MAX_LINK_MESSAGE} bytes`, bytes.length);
  const reader = new ByteReader(bytes);
  const tag = reader.u8();
  if (tag !== SNAPSHOT_TAG) throw expected("BAD_FRAME", "link", `snapshot tag ${SNAPSHOT_TAG}`, tag);
  const version = reader.u8();
  if (version !== LINK_VERSION) throw expected("BAD_FRAME", "link", `link version ${LINK_VERSION}`, version);
  const keyframe = reader.u8() === 1;
  const epoch = reader.varint();
  const seq = reader.varint();
  const at = reader.f64();
  if (!(at >= 0 && at <= MAX_TIME)) throw expected("BAD_FRAME", "snapshot at", "a ms epoch", at);
  const counters = readEntries(reader, readCounter);
  const gauges = readEntries(reader, () => reader.f64());
  const histograms = readEntries(reader, () => Histogram.read(reader));
  if (reader.remaining > 0)
    throw expected("BAD_FRAME", "snapshot", "nothing after the histograms", `${reader.remaining} bytes`);
  return { type: "snapshot", epoch, seq, at, keyframe, counters, gauges, histograms };
}

function readEntries<T>(reader: ByteReader, read: (reader: ByteReader) => T): (readonly [number, T])[] {
  const entries: (readonly [number, T])[] = [];
  for (let left = reader.count(MAX_SERIES); left > 0; left--)
    entries.push([reader.count(MAX_SERIES - 1), read(reader)]);
  return entries;
}

function readCounter(reader: ByteReader): number {
  const value = reader.varint();
  if (value % 2 === 0) return value / 2;
  const exact = reader.f64();
  if (!(exact >= 0) || exact === Infinity) throw expected("BAD_FRAME", "counter", "a finite number from 0", exact);
  return exact;
}
