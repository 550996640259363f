import { randomInt } from "node:crypto";
import {
  encodeLinkText,
  findMetric,
  Histogram,
  type HubFrame,
  type Labels,
  LINK_VERSION,
  MAX_SERIES,
  type Series,
  SnapshotEncoder,
} from "@wsight/protocol";
import type { Clock } from "../../clock.ts";
import type { Ingest, IngestLink } from "../../ingest.ts";

/** Between two snapshots, ms. */
const INTERVAL_MS = 1000;

/** A series of the hub's own, until it ends. */
export interface OwnLine {
  /** Of a gauge or a counter. A gauge is unknown (NaN) until it is set, a counter begins at zero. */
  set(value: number): void;
  /** Of a counter. */
  add(count: number): void;
  /** Of a distribution, in the unit of its metric. */
  record(value: number): void;
  /** There is nothing more to say of it; safe to call twice. */
  end(): void;
}

/** What an own node is made from. */
export interface OwnNodeParts {
  readonly ingest: Pick<Ingest, "open">;
  readonly clock: Clock;
  /** The hub's name among hubs; figures come under `wsight/INSTANCE`. */
  readonly instance: string;
  /** Name of the machine. */
  readonly host: string;
}

/** Service that figures of hubs come under. */
export const OWN_SERVICE = "wsight";

/**
 * A node of the hub's own: figures that no process tells, because they are made here. It speaks as a probe does, so that
 * live view, rules, store and exports need not know the difference; it says `figuresOnly`, so that nobody takes it for a
 * process. It joins with the first {@link OwnNode.tell} and counts from there.
 */
export class OwnNode {
  readonly #parts: OwnNodeParts;
  readonly #link: IngestLink;
  readonly #encoder = new SnapshotEncoder();
  readonly #epoch = randomInt(1, 2 ** 31);
  readonly #lines: (Line | undefined)[] = [];
  #free: number[] = [];
  /** Free again once a keyframe has said that they are gone. */
  #ending: number[] = [];
  #unnamed: Line[] = [];
  #seq = 0;
  #startedAt: number | null = null;
  #greeted = false;
  #keyframe = true;

  constructor(parts: OwnNodeParts) {
    this.#parts = parts;
    this.#link = parts.ingest.open((frame) => this.#hear(frame), { figures: true });
  }

  /** Since it joined, seconds; 0 before. */
  get uptime(): number {
    return this.#startedAt === null ? 0 : Math.max(0, this.#parts.clock.now() - this.#startedAt) / 1000;
  }

  /** Begins a series; `null` when there is no room. @throws TypeError for a metric that is not in the catalogue */
  line(name: string, labels: Labels = {}): OwnLine | null {
    const metric = findMetric(name);
    if (metric === undefined) throw new TypeError(`expected a metric of the catalogue, got ${name}`);
    const id = this.#free.pop() ?? this.#lines.length;
    if (id >= MAX_SERIES) return null;
    const line = new Line(id, { metric, labels }, () => this.#end(line));
    this.#lines[id] = line;
    this.#unnamed.push(line);
    return line;
  }

  /** Says everything that changed; call it shortly before a second is closed. */
  tell(): void {
    this.#say();
    // Forgotten, as when the clock was set back: all of it, so that this second has its figures.
    if (!this.#greeted) this.#say();
  }

  #say(): void {
    const now = this.#parts.clock.now();
    // What it says first came about within the second that ends.
    this.#startedAt ??= now - INTERVAL_MS;
    if (!this.#greeted) this.#greet(this.#startedAt);
    this.#name();
    const keyframe = this.#keyframe;
    this.#keyframe = false;
    const encoder = this.#encoder;
    encoder.begin();
    for (const line of this.#lines) if (line !== undefined && (keyframe || line.changed)) line.write(encoder);
    this.#link.receive(encoder.finish({ epoch: this.#epoch, seq: ++this.#seq, at: now, keyframe }));
    if (!keyframe) return;
    this.#free.push(...this.#ending);
    this.#ending = [];
  }

  /** Leaves in good order; safe to call twice. */
  close(): void {
    if (this.#greeted) this.#link.receive(encodeLinkText({ type: "bye", epoch: this.#epoch }));
    this.#greeted = false;
    this.#link.close();
  }

  #hear(frame: HubFrame): void {
    if (frame.type === "resync") this.#greeted = false;
  }

  #greet(startedAt: number): void {
    this.#greeted = true;
    this.#keyframe = true;
    this.#unnamed = this.#lines.filter((line) => line !== undefined);
    const { instance, host } = this.#parts;
    this.#link.receive(
      encodeLinkText({
        type: "hello",
        version: LINK_VERSION,
        service: OWN_SERVICE,
        instance,
        epoch: this.#epoch,
        startedAt,
        pid: process.pid,
        host,
        runtime: `node ${process.versions.node}`,
        intervalMs: INTERVAL_MS,
        findings: [],
        capacity: null,
        figuresOnly: true,
      }),
    );
  }

  #name(): void {
    if (this.#unnamed.length === 0) return;
    const names = this.#unnamed
      .filter((line) => this.#lines[line.id] === line)
      .map(({ id, series }) => ({ id, series }));
    this.#unnamed = [];
    this.#link.receive(encodeLinkText({ type: "names", epoch: this.#epoch, names, retired: [] }));
  }

  /** Only a keyframe says that a series is there no more. */
  #end(line: Line): void {
    if (this.#lines[line.id] !== line) return;
    this.#lines[line.id] = undefined;
    this.#ending.push(line.id);
    this.#keyframe = true;
  }
}

class Line implements OwnLine {
  readonly id: number;
  readonly series: Series;
  readonly end: () => void;
  changed = true;
  #value: number;
  readonly #histogram: Histogram | null;

  constructor(id: number, series: Series, end: () => void) {
    this.id = id;
    this.series = series;
    this.end = end;
    const { kind } = series.metric;
    this.#value = kind === "counter" ? 0 : Number.NaN;
    this.#histogram = kind === "histogram" ? new Histogram() : null;
  }

  set(value: number): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    this.changed = true;
  }

  add(count: number): void {
    if (count > 0) this.set(this.#value + count);
  }

  record(value: number): void {
    this.#histogram?.record(value);
    this.changed = true;
  }

  write(encoder: SnapshotEncoder): void {
    this.changed = false;
    const { id } = this;
    if (this.#histogram !== null) encoder.histogram(id, this.#histogram);
    else if (this.series.metric.kind === "counter") encoder.counter(id, this.#value);
    else encoder.gauge(id, this.#value);
  }
}
