import { JOB_PLANS, SIZE_CATEGORIES } from "@wsight/protocol";
import { logOfClass, logOfSize } from "./prior.ts";
import { PROGRESS_FIELDS } from "./progress-blend.ts";
import type { QueueModel } from "./queue-model.ts";
import { type PastRun, RunNode } from "./run-node.ts";

// How nodes are kept: a version, the body, and a check sum over both. Numbers
// are little-endian.
//
// runs     count u32 · progress u8, if 1 its numbers f32 · many u8 · per run:
//          log f32, size f64 (NaN: not known), place u32, endedAt f64, kind u8 (cut, plan × 2, class of size × 16,
//          each from 1, 0: not known), job u8 + UTF-8
// mixture  logarithms × 1000 of the weights, i16
// queue    place u32 · outside f32 · slope f64 × 2, u32 · load,
//          confidence, intervals, plans f32

const VERSION = 1;
const MOST_RUNS = 24;
/** Job ids are kept of the newest only: they are for showing. */
const NAMED_RUNS = 10;
const MOST_JOB_BYTES = 64;
const MOST_BYTES = 2048;
const LOG_STEP = 1000;

/** A node of runs as it is kept, at most 2 KB. */
export function writeRuns(node: RunNode): Uint8Array {
  const out = new Writer();
  out.u32(node.count);
  out.u8(node.progress === null ? 0 : 1);
  for (const number of node.progress ?? []) out.f32(number);
  const runs = node.runs.slice(-MOST_RUNS);
  out.u8(runs.length);
  runs.forEach((run, at) => {
    out.f32(run.log);
    out.f64(run.sizeBytes ?? Number.NaN);
    out.u32(run.place);
    out.f64(run.endedAt);
    out.u8(kindOf(run));
    out.text(at >= runs.length - NAMED_RUNS ? run.job : "");
  });
  return out.finish();
}

/** The node, or `null` for bytes that are not one. */
export function readRuns(bytes: Uint8Array): RunNode | null {
  return read(bytes, (from) => {
    const node = new RunNode();
    node.count = from.u32();
    if (from.u8() === 1) node.progress = Float32Array.from({ length: PROGRESS_FIELDS }, () => from.finite());
    const many = from.u8();
    for (let at = 0; at < many; at++) node.runs.push(readRun(from));
    return node;
  });
}

/** The weights of a queue's mixture. */
export function writeMixture(model: QueueModel): Uint8Array {
  const out = new Writer();
  for (const logs of model.weights.logs()) for (const log of logs) out.i16(Math.round(log * LOG_STEP));
  return out.finish();
}

/** False for bytes that are none; then nothing was changed. */
export function readMixture(bytes: Uint8Array, model: QueueModel): boolean {
  const [runs, widths] = model.weights.logs();
  const restored = read(bytes, (from) => [
    Float64Array.from(runs, () => from.i16() / LOG_STEP),
    Float64Array.from(widths, () => from.i16() / LOG_STEP),
  ]);
  if (restored?.[0] === undefined || restored[1] === undefined) return false;
  model.weights.restore(restored[0], restored[1]);
  return true;
}

/** All else that was learned of a queue. */
export function writeQueue(model: QueueModel): Uint8Array {
  const out = new Writer();
  out.u32(model.place);
  out.f32(model.intervals.outside);
  out.f64(model.slope.squares);
  out.f64(model.slope.products);
  out.u32(model.slope.runs);
  for (const counts of [...countsOf(model), model.plans.counts]) for (const number of counts) out.f32(number);
  return out.finish();
}

/** False for bytes that are none; then nothing was changed. */
export function readQueue(bytes: Uint8Array, model: QueueModel): boolean {
  const restored = read(bytes, (from) => ({
    place: from.u32(),
    outside: from.finite(),
    squares: from.f64(),
    products: from.f64(),
    runs: from.u32(),
    counts: countsOf(model).map((counts) => Float32Array.from(counts, () => from.finite())),
    plans: Float32Array.from(model.plans.counts, () => from.finite()),
  }));
  if (restored === null || !(restored.squares > 0) || !Number.isFinite(restored.products)) return false;
  model.place = Math.max(model.place, restored.place);
  model.intervals.outside = restored.outside;
  model.slope.squares = restored.squares;
  model.slope.products = restored.products;
  model.slope.runs = restored.runs;
  countsOf(model).forEach((counts, at) => {
    counts.set(restored.counts[at] ?? []);
  });
  model.plans.restore(restored.plans);
  return true;
}

function countsOf(model: QueueModel): readonly Float32Array[] {
  return [model.load.counts, model.confidence.counts, model.intervals.counts];
}

function kindOf({ cut, plan, sizeCategory }: PastRun): number {
  const planPlace = plan === null ? 0 : 1 + JOB_PLANS.indexOf(plan);
  const sizePlace = sizeCategory === null ? 0 : 1 + SIZE_CATEGORIES.indexOf(sizeCategory);
  return (cut ? 1 : 0) + 2 * planPlace + 16 * sizePlace;
}

function readRun(from: Reader): PastRun {
  const log = from.finite();
  const size = from.f64();
  const sizeBytes = Number.isNaN(size) ? null : size;
  const place = from.u32();
  const endedAt = from.f64();
  const kind = from.u8();
  const plan = JOB_PLANS[((kind >> 1) & 7) - 1] ?? null;
  const sizeCategory = SIZE_CATEGORIES[(kind >> 4) - 1] ?? null;
  return {
    log,
    sizeBytes,
    sizeCategory,
    plan,
    logSize: logOfSize(sizeBytes, sizeCategory),
    logClass: logOfClass(sizeBytes, sizeCategory),
    place,
    endedAt,
    cut: (kind & 1) === 1,
    job: from.text(),
  };
}

class Writer {
  readonly #view = new DataView(new ArrayBuffer(MOST_BYTES));
  #at = 0;

  constructor() {
    this.u8(VERSION);
  }

  u8(value: number): void {
    this.#view.setUint8(this.#move(1), value);
  }
  i16(value: number): void {
    this.#view.setInt16(this.#move(2), value, true);
  }
  u32(value: number): void {
    this.#view.setUint32(this.#move(4), value, true);
  }
  f32(value: number): void {
    this.#view.setFloat32(this.#move(4), value, true);
  }
  f64(value: number): void {
    this.#view.setFloat64(this.#move(8), value, true);
  }
  text(value: string): void {
    const room = new Uint8Array(this.#view.buffer, this.#at + 1, MOST_JOB_BYTES);
    const { written } = new TextEncoder().encodeInto(value, room);
    this.u8(written);
    this.#move(written);
  }

  finish(): Uint8Array {
    const end = this.#at;
    this.u32(checkSum(new Uint8Array(this.#view.buffer, 0, end)));
    return new Uint8Array(this.#view.buffer.slice(0, this.#at));
  }

  #move(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    return at;
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at = 1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#view.getUint8(this.#move(1));
  }
  i16(): number {
    return this.#view.getInt16(this.#move(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#move(4), true);
  }
  f32(): number {
    return this.#view.getFloat32(this.#move(4), true);
  }
  f64(): number {
    return this.#view.getFloat64(this.#move(8), true);
  }
  finite(): number {
    const value = this.f32();
    if (!Number.isFinite(value)) throw new RangeError("expected a finite number");
    return value;
  }
  text(): string {
    const length = this.u8();
    return new TextDecoder().decode(this.#bytes.subarray(this.#move(length), this.at));
  }

  #move(bytes: number): number {
    const at = this.at;
    this.at += bytes;
    return at;
  }
}

/** What `parse` makes of bytes that are whole, of this version, and read to their end; else `null`. */
function read<T>(bytes: Uint8Array, parse: (from: Reader) => T): T | null {
  if (bytes.length < 5 || bytes[0] !== VERSION) return null;
  const end = bytes.length - 4;
  const sum = new DataView(bytes.buffer, bytes.byteOffset + end, 4).getUint32(0, true);
  if (sum !== checkSum(bytes.subarray(0, end))) return null;
  const from = new Reader(bytes);
  try {
    const value = parse(from);
    return from.at === end ? value : null;
  } catch {
    // A RangeError: shorter than it says.
    return null;
  }
}

function checkSum(bytes: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}
