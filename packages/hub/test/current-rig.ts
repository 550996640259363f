import {
  type Asks,
  type Current,
  createAsks,
  createCurrent,
  createIngest,
  type Ingest,
  type IngestLink,
  type IngestOptions,
} from "@wsight/hub";
import {
  type ErrorCode,
  encodeLinkText,
  findMetric,
  type HelloFrame,
  Histogram,
  type HubFrame,
  type HubRow,
  type Labels,
  type LinkMessage,
  type RequestFrame,
  type Selector,
  type Series,
  SnapshotEncoder,
  seriesKey,
} from "@wsight/protocol";

/** A full second to start from, ms epoch. */
export const START = 1_790_000_000_000;

export class HandClock {
  time = START;
  now(): number {
    return this.time;
  }
}

export const HUB_ROW: HubRow = {
  version: "0",
  startedAt: START,
  cpu: 0,
  memoryBytes: 0,
  viewers: 0,
  bytesPerSecond: 0,
  skippedTicks: 0,
  badFrames: 0,
  lastBadFrame: null,
  restarts: 0,
  lastRestart: null,
  store: { state: "off", written: 0, dropped: 0, lastError: null },
};

interface RigOptions {
  readonly maxSeries?: number;
  readonly maxHistogramBytes?: number;
  readonly historySeconds?: number;
  readonly onJobs?: IngestOptions["onJobs"];
}

/** `current` and `ingest` on a clock that is moved by hand. */
export class Rig {
  readonly clock: HandClock = new HandClock();
  readonly current: Current;
  readonly asks: Asks = createAsks();
  readonly ingest: Ingest;

  constructor({ onJobs, ...options }: RigOptions = {}) {
    this.current = createCurrent({ clock: this.clock, hubRow: () => HUB_ROW, ...options });
    const jobs = onJobs === undefined ? {} : { onJobs };
    this.ingest = createIngest({ current: this.current, clock: this.clock, asks: this.asks, ...jobs });
  }

  probe(options: Partial<HelloFrame> = {}): FakeProbe {
    return new FakeProbe(this, options);
  }

  /** Moves to the end of the running second and closes it; returns its start. */
  closeSecond(): number {
    const at = Math.floor(this.clock.time / 1000) * 1000;
    this.clock.time = at + 1000;
    this.current.closeSecond(at);
    return at;
  }

  /** One second: `during` happens in its middle. */
  second(during: () => void = () => {}): number {
    this.clock.time = Math.floor(this.clock.time / 1000) * 1000 + 500;
    during();
    return this.closeSecond();
  }

  /** What a selector says of the newest second. */
  read(selector: Selector, at: number | null = this.current.at): number {
    return this.current.compile([selector]).evaluate(at ?? 0)[0] as number;
  }

  /** What it says of every second held. */
  line(selector: Selector): number[] {
    const compiled = this.current.compile([selector]);
    const { at, oldestAt } = this.current;
    const values: number[] = [];
    if (at === null || oldestAt === null) return values;
    for (let second = oldestAt; second <= at; second += 1000) values.push(compiled.evaluate(second)[0] as number);
    return values;
  }
}

/** Says what a real probe says, through the real codec. */
export class FakeProbe {
  readonly heard: HubFrame[] = [];
  /** Called with every question, once it was heard. */
  onRequest: (frame: RequestFrame) => void = () => {};
  hello: HelloFrame;
  seq = 0;
  link: IngestLink;
  readonly values = new Map<string, { id: number; series: Series; value: number | Histogram }>();
  readonly #rig: Rig;
  readonly #encoder = new SnapshotEncoder();
  #ids = 0;

  constructor(rig: Rig, options: Partial<HelloFrame>) {
    this.#rig = rig;
    this.link = this.#open();
    this.hello = {
      type: "hello",
      version: 1,
      service: "chat",
      instance: "a",
      epoch: 1,
      startedAt: rig.clock.time,
      pid: 1,
      host: "host",
      runtime: "node v20",
      intervalMs: 1000,
      findings: [],
      capacity: null,
      ...options,
    };
    this.greet();
  }

  get resyncs(): number {
    return this.heard.filter(({ type }) => type === "resync").length;
  }

  greet(): void {
    this.link.receive(encodeLinkText(this.hello));
  }

  set(metric: string, value: number | Histogram, labels: Labels = {}): this {
    const key = seriesKey(metric, labels);
    const known = this.values.get(key);
    if (known !== undefined) known.value = value;
    else this.name(metric, labels, value);
    return this;
  }

  grow(metric: string, by: number, labels: Labels = {}): this {
    const before = this.values.get(seriesKey(metric, labels))?.value;
    return this.set(metric, (typeof before === "number" ? before : 0) + by, labels);
  }

  name(metric: string, labels: Labels, value: number | Histogram): number {
    const definition = findMetric(metric);
    if (definition === undefined) throw new Error(metric);
    const series: Series = { metric: definition, labels };
    const id = this.#ids++;
    this.values.set(seriesKey(metric, labels), { id, series, value });
    this.names([{ id, series }]);
    return id;
  }

  names(names: readonly { id: number; series: Series }[], retired: readonly { id: number; into: number }[] = []): void {
    this.link.receive(encodeLinkText({ type: "names", epoch: this.hello.epoch, names, retired }));
  }

  nameAll(): void {
    this.names([...this.values.values()].map(({ id, series }) => ({ id, series })));
  }

  record(metric: string, values: readonly number[], labels: Labels = {}): this {
    const key = seriesKey(metric, labels);
    const before = this.values.get(key)?.value;
    const histogram = before instanceof Histogram ? before.clone() : new Histogram();
    for (const value of values) histogram.record(value);
    return this.set(metric, histogram, labels);
  }

  bytes(options: { keyframe?: boolean } = {}): Uint8Array {
    this.#encoder.begin();
    for (const { id, series, value } of this.values.values()) {
      if (value instanceof Histogram) this.#encoder.histogram(id, value);
      else if (series.metric.kind === "counter") this.#encoder.counter(id, value);
      else this.#encoder.gauge(id, value);
    }
    const { epoch } = this.hello;
    return this.#encoder.finish({
      epoch,
      seq: ++this.seq,
      at: this.#rig.clock.time,
      keyframe: options.keyframe ?? true,
    });
  }

  snapshot(options: { keyframe?: boolean } = {}): void {
    this.link.receive(this.bytes(options));
  }

  get requests(): RequestFrame[] {
    return this.heard.filter((frame) => frame.type === "request");
  }

  answer(id: number, answer: unknown): void {
    this.link.receive(encodeLinkText({ type: "answer", id, epoch: this.hello.epoch, answer }));
  }

  refuse(id: number, code: ErrorCode, message: string): void {
    this.link.receive(encodeLinkText({ type: "answer", id, epoch: this.hello.epoch, error: { code, message } }));
  }

  #open(): IngestLink {
    return this.#rig.ingest.open((frame) => {
      this.heard.push(frame);
      if (frame.type === "request") this.onRequest(frame);
    });
  }

  /** A snapshot that never arrives. */
  lose(): void {
    this.bytes();
  }

  send(message: LinkMessage): void {
    this.link.receive(message);
  }

  /** The process restarts: a new epoch, all from zero, over a new link. */
  restart(epoch: number): void {
    this.link.close();
    this.link = this.#open();
    this.hello = { ...this.hello, epoch, startedAt: this.#rig.clock.time };
    this.seq = 0;
    this.values.clear();
    this.greet();
  }
}
