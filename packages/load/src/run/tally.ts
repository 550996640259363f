import { ByteReader, ByteWriter, Histogram } from "@wsight/protocol";

/** Most different reasons, and workers, that are told apart. */
const MAX_NAMES = 128;
const OTHER_NAME = "others";

/** What one process of a run counted in a while: adds up over time and processes without loss. Milliseconds. */
export class Tally {
  opened = 0;
  failed = 0;
  dropped = 0;
  sent = 0;
  answered = 0;
  lost = 0;
  received = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** From the moment a connection was meant to be opened. */
  readonly connect: Histogram = new Histogram();
  /** From the moment a message was meant to leave. */
  readonly latency: Histogram = new Histogram();
  /** From the moment it left. */
  readonly service: Histogram = new Histogram();
  /** How late the tool sent it. */
  readonly sendLag: Histogram = new Histogram();
  /** Why connections and messages failed. */
  readonly failures: Map<string, number> = new Map();
  /** Connections by the worker that said it took them. */
  readonly workers: Map<string, number> = new Map();

  /** Notes why something failed. */
  fail(reason: string, count = 1): void {
    addTo(this.failures, reason, count);
  }

  /** Notes which worker took a connection. */
  take(worker: string, count = 1): void {
    addTo(this.workers, worker, count);
  }

  /** Adds another process's. */
  add(other: Tally): void {
    for (const name of COUNTS) this[name] += other[name];
    for (const name of DISTRIBUTIONS) this[name].merge(other[name]);
    for (const [reason, count] of other.failures) this.fail(reason, count);
    for (const [worker, count] of other.workers) this.take(worker, count);
  }

  /** As bytes, to cross into another process. */
  write(): Uint8Array {
    const writer = new ByteWriter(4096);
    for (const name of COUNTS) writer.varint(this[name]);
    for (const name of DISTRIBUTIONS) this[name].write(writer);
    writer.block(new TextEncoder().encode(JSON.stringify([[...this.failures], [...this.workers]])));
    return writer.finish();
  }

  /** Reads what {@link write} wrote. */
  static read(bytes: Uint8Array): Tally {
    const reader = new ByteReader(bytes);
    const tally = new Tally();
    for (const name of COUNTS) tally[name] = reader.varint();
    for (const name of DISTRIBUTIONS) tally[name].merge(Histogram.read(reader));
    const names = JSON.parse(new TextDecoder().decode(reader.block())) as [string, number][][];
    for (const [reason, count] of names[0] ?? []) tally.failures.set(reason, count);
    for (const [worker, count] of names[1] ?? []) tally.workers.set(worker, count);
    return tally;
  }
}

const COUNTS = ["opened", "failed", "dropped", "sent", "answered", "lost", "received", "bytesIn", "bytesOut"] as const;
const DISTRIBUTIONS = ["connect", "latency", "service", "sendLag"] as const;

function addTo(counts: Map<string, number>, name: string, count: number): void {
  const key = counts.has(name) || counts.size < MAX_NAMES ? name : OTHER_NAME;
  counts.set(key, (counts.get(key) ?? 0) + count);
}
