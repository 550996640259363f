import { createProbe, type Probe, type ProbeOptions } from "@wsight/probe";
import {
  decodeProbeFrame,
  type HubFrame,
  type JobEvent,
  type JobEventKind,
  type JobsFrame,
  type QueueReading,
  type WorkerBeat,
} from "@wsight/protocol";
import { findPostgres, findRedis, startPostgres, startRedis } from "@wsight/testkit";
import {
  type BackendFactory,
  createPostgresBackend,
  FlowProducer,
  type Job,
  type JobsOptions,
  Queue,
  QueueEvents,
  type QueueOptions,
  type RedisQueueBackend,
  Worker,
  type WorkerOptions,
} from "bullmq";
import { onTestFinished } from "vitest";

/** Where queues are kept, opened for one file of tests. */
export interface Backend {
  /** Clean-up is the test's own end. */
  queue(name: string, options?: Partial<QueueOptions>): Queue;
  worker(
    name: string,
    process: ((job: Job, token?: string) => Promise<unknown>) | string,
    options?: Partial<WorkerOptions>,
  ): Worker;
  events(name: string): Promise<QueueEvents>;
  flow(): FlowProducer;
  close(): Promise<void>;
}

/** Both backends of BullMQ, `null` where there is no server to be had. */
export const BACKENDS: readonly (readonly [string, (() => Promise<Backend>) | null])[] = [
  ["Redis", findRedis() === null ? null : openRedis],
  ["PostgreSQL", findPostgres() === null ? null : openPostgres],
];

/** As the default has it: what either backend offers is the same here. */
type Factory = BackendFactory<RedisQueueBackend>;

async function openRedis(): Promise<Backend> {
  const redis = await startRedis();
  return backend({ host: redis.host, port: redis.port }, undefined, () => redis.stop());
}

async function openPostgres(): Promise<Backend> {
  const server = await startPostgres();
  return backend(
    { connectionString: server.url, migrate: true, max: 4 },
    createPostgresBackend as unknown as Factory,
    () => server.close(),
  );
}

function backend(connection: unknown, factory: Factory | undefined, close: () => Promise<void>): Backend {
  const ends: { close(): Promise<unknown> }[] = [];
  const opened = <T extends { close(): Promise<unknown>; on(event: "error", listener: () => void): unknown }>(
    made: T,
  ): T => {
    made.on("error", () => undefined);
    let isClosed = false;
    const end = async (): Promise<void> => {
      if (isClosed) return;
      isClosed = true;
      await made.close();
    };
    ends.push({ close: end });
    onTestFinished(end);
    return made;
  };
  const options = { connection } as QueueOptions;
  return {
    queue: (name, more) => opened(new Queue(name, { ...options, ...more }, factory as Factory)),
    worker: (name, process, more) =>
      opened(
        new Worker(name, process as never, { ...options, drainDelay: 1, ...more } as WorkerOptions, factory as Factory),
      ),
    async events(name) {
      const events = opened(new QueueEvents(name, options, factory as Factory));
      await events.waitUntilReady();
      return events;
    },
    flow: () => opened(new FlowProducer(options, factory as never)),
    async close() {
      for (const { close: end } of ends) await end();
      await close();
    },
  };
}

/** A hub in miniature that keeps what is told of jobs. */
export interface JobsWatch {
  readonly probe: Probe;
  readonly events: JobEvent[];
  readonly beats: WorkerBeat[];
  readonly readings: QueueReading[];
  /** Faults that the probe told of. */
  readonly faults: unknown[];
  /** What was told of one job, in order, as `kind` or `kind attempt`. */
  story(job: string | undefined): string[];
  of<K extends JobEventKind>(job: string | undefined, kind: K): (JobEvent & { readonly kind: K })[];
}

/** Opens a probe and listens to it until the test ends. */
export function watchJobs(options: ProbeOptions = {}): JobsWatch {
  const faults: unknown[] = [];
  const probe = createProbe({
    intervalMs: 100,
    mediumIntervalMs: 200,
    instance: "here",
    onError: (error) => faults.push(error),
    ...options,
  });
  onTestFinished(() => probe.close());
  const events: JobEvent[] = [];
  const beats: WorkerBeat[] = [];
  const readings: QueueReading[] = [];
  let say: (frame: HubFrame) => void = () => undefined;
  const take = (frame: JobsFrame): void => {
    events.push(...frame.events);
    beats.push(...frame.beats);
    readings.push(...frame.queues);
    queueMicrotask(() => say({ type: "jobs-ack", seq: frame.seq, taken: frame.seq }));
  };
  probe.connect({
    send(message) {
      const frame = decodeProbeFrame(message);
      if (frame.type === "jobs") take(frame);
      return true;
    },
    onFrame(listener) {
      say = listener;
    },
    close: () => undefined,
  });
  return {
    probe,
    events,
    beats,
    readings,
    faults,
    story: (job) =>
      events
        .filter((event) => event.job === job)
        .map(({ kind, attempt }) => (attempt === undefined ? kind : `${kind} ${attempt}`)),
    of: (job, kind) => events.filter((event) => event.job === job && event.kind === kind) as never,
  };
}

/** Options of jobs with a short backoff. */
export const TWO_TRIES: JobsOptions = { attempts: 2, backoff: { type: "fixed", delay: 50 } };
