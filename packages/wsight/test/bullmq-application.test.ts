import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { resolveSecret, signToken } from "@wsight/hub";
import type { JobPage, JobRow, QueuesTable, WorkersTable } from "@wsight/protocol";
import { findPostgres, findRedis, startPostgres, startRedis, until } from "@wsight/testkit";
import { createPostgresBackend, type Job, type JobsOptions, Queue, type QueueOptions, Worker } from "bullmq";
import { afterEach, describe, expect, it } from "vitest";
import { monitor } from "wsight";
import { type Program, wsight } from "./program.ts";
import { freePort } from "./seat-processes.ts";

const QUEUE = "documents";
/** Ends are told with the time of the machine that had them; both are of this one. */
const CLOCK_MS = 60;
/** A machine with much else to do is waited for, ms. */
const PATIENCE_MS = 30_000;

interface Work {
  readonly user: string;
  readonly runMs: number;
  readonly failures?: number;
  readonly putOffMs?: number;
}

interface Store {
  readonly connection: unknown;
  readonly backend: typeof createPostgresBackend | undefined;
  readonly close: () => Promise<void>;
}

const STORES: readonly (readonly [name: string, jobs: number, open: (() => Promise<Store>) | null])[] = [
  ["Redis", 3000, findRedis() === null ? null : openRedis],
  ["PostgreSQL", 600, findPostgres() === null ? null : openPostgres],
];

async function openRedis(): Promise<Store> {
  const redis = await startRedis();
  return { connection: { host: redis.host, port: redis.port }, backend: undefined, close: () => redis.stop() };
}

async function openPostgres(): Promise<Store> {
  const { url, close } = await startPostgres();
  return { connection: { connectionString: url, migrate: true, max: 6 }, backend: createPostgresBackend, close };
}

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface RunningHub {
  readonly url: string;
  readonly token: string;
  get<T>(path: string): Promise<T>;
}

async function startHub(): Promise<RunningHub> {
  const data = await mkdtemp(join(tmpdir(), "wsight-bullmq-"));
  cleanups.push(() => rm(data, { recursive: true, force: true }));
  const port = await freePort();
  const hub: Program = wsight(["hub", "--port", String(port), "--data", data, "--requests-per-minute", "1000000"], {
    HOME: data,
  });
  cleanups.push(async () => {
    hub.child.kill("SIGKILL");
    await hub.ended;
  });
  await hub.saw(/http:\/\/\S+/);
  const { value } = await resolveSecret({ dataDir: data });
  const sign = (role: "admin" | "probe"): Promise<string> => signToken({ role, sub: "shop", ttlMs: 600_000 }, value);
  const authorization = `Bearer ${await sign("admin")}`;
  return {
    url: `ws://127.0.0.1:${port}`,
    token: await sign("probe"),
    async get<T>(path: string) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization } });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as T;
    },
  };
}

async function startWorker(name: string, store: Store, hub: RunningHub, backend: string): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL("./fixtures/bullmq-worker.mjs", import.meta.url)), {
    env: {
      PATH: process.env.PATH,
      CONNECTION: JSON.stringify(store.connection),
      BACKEND: backend,
      QUEUE,
      HUB: hub.url,
      TOKEN: hub.token,
      NAME: name,
    },
    execArgv: [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  cleanups.push(() => child.kill("SIGKILL"));
  await once(child, "message");
  return child;
}

/** What an application adds: priorities, delays, failures that are tried again or not, jobs that are put off. */
function workOf(i: number): { readonly name: string; readonly data: Work; readonly opts: JobsOptions } {
  const user = `user-${i % 13}`;
  const backoff = { type: "fixed", delay: 20 + (i % 60) };
  const runMs = 4 + (i % 17);
  const opts: JobsOptions = {
    ...(i % 5 === 1 ? { priority: 1 + (i % 4) } : {}),
    ...(i % 7 === 2 ? { delay: 100 * (i % 12) } : {}),
  };
  if (i % 11 === 3)
    return { name: "retried", data: { user, runMs, failures: 1 + (i % 2) }, opts: { ...opts, attempts: 3, backoff } };
  if (i % 23 === 4)
    return { name: "hopeless", data: { user, runMs, failures: 9 }, opts: { ...opts, attempts: 2, backoff } };
  if (i % 29 === 5) return { name: "put-off", data: { user, runMs, putOffMs: 200 }, opts };
  return { name: "plain", data: { user, runMs }, opts };
}

async function addAll(queue: Queue, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let from = 0; from < count; from += 50) {
    const batch = Array.from({ length: Math.min(50, count - from) }, (_, i) => workOf(from + i));
    const [one, ...many] = batch;
    const added: Job[] = one === undefined ? [] : [await queue.add(one.name, one.data, one.opts)];
    added.push(...(await queue.addBulk(many)));
    ids.push(...added.map(({ id }) => id ?? ""));
  }
  return ids;
}

/** All that the hub knows of jobs that ended, by id. */
async function readEnded(hub: RunningHub): Promise<ReadonlyMap<string, JobRow>> {
  const rows = new Map<string, JobRow>();
  for (let offset = 0; ; offset += 200) {
    const page = await hub.get<JobPage>(`/api/jobs?scope=ended&queue=${QUEUE}&limit=200&offset=${offset}`);
    for (const row of page.rows) rows.set(row.id, row);
    if (page.rows.length < 200) return rows;
  }
}

/** What BullMQ says of a job in the end. */
async function truthOf(job: Job): Promise<Pick<JobRow, "state" | "attempt" | "userId" | "name" | "maxAttempts">> {
  return {
    state: (await job.getState()) as JobRow["state"],
    attempt: job.attemptsStarted,
    userId: (job.data as Work).user,
    name: job.name,
    maxAttempts: job.opts.attempts || 1,
  };
}

describe.each(STORES)("an application with BullMQ on %s", (name, count, open) => {
  it.skipIf(open === null)(
    `tells of ${count} jobs what BullMQ itself says in the end, though a worker is killed amid them`,
    async () => {
      const store = await (open as () => Promise<Store>)();
      cleanups.push(store.close);
      const hub = await startHub();
      const queue = new Queue(QUEUE, { connection: store.connection } as QueueOptions, store.backend as never);
      queue.on("error", () => undefined);
      cleanups.push(() => queue.close());
      const errors: unknown[] = [];
      const watched = await monitor(
        { queue },
        {
          service: "shop",
          instance: "web",
          hub: hub.url,
          token: hub.token,
          quiet: true,
          jobs: { describe: ({ data }) => ({ userId: data.user, plan: "premium" }) },
          onError: (error) => errors.push(error),
        },
      );
      cleanups.push(() => watched.close());
      const workers = [];
      for (const worker of ["w-1", "w-2", "w-3"]) workers.push(await startWorker(worker, store, hub, name));
      const [victim] = workers;

      const adding = addAll(queue, count);
      await until(async () => ((await queue.getJobCounts("completed")).completed ?? 0) > count / 10, {
        what: "a tenth to be done",
        timeoutMs: PATIENCE_MS,
      });
      // Jobs that take long and are taken before all others, so that the victim has some when it dies.
      const long = await queue.addBulk(
        Array.from({ length: 24 }, () => ({
          name: "long",
          data: { user: "user-0", runMs: 1500 },
          opts: { lifo: true },
        })),
      );
      const holds = async (): Promise<number> =>
        (await hub.get<WorkersTable>("/api/workers")).rows.find((row) => row.worker.endsWith("w-1"))?.active ?? 0;
      await until(async () => (await holds()) > 3, { what: "the victim to hold jobs", timeoutMs: PATIENCE_MS });
      victim?.kill("SIGKILL");
      await until(
        async () => {
          const { rows } = await hub.get<WorkersTable>("/api/workers");
          return rows.find((row) => row.worker.endsWith("w-1"))?.state === "dead";
        },
        { what: "the dead worker to be shown", timeoutMs: PATIENCE_MS },
      );
      const ids = [...(await adding), ...long.map(({ id }) => id ?? "")];
      const left = async (): Promise<number> => queue.getJobCountByTypes("waiting", "prioritized", "delayed", "active");
      await until(async () => (await left()) === 0, { what: "all jobs to end", timeoutMs: 90_000 });
      for (const worker of workers.slice(1)) {
        worker.send("close");
        const [said] = (await once(worker, "message")) as [{ readonly errors: readonly string[] }];
        expect(said.errors.filter(isFault)).toEqual([]);
      }

      let rows: ReadonlyMap<string, JobRow> = new Map();
      const all = async (): Promise<boolean> => {
        rows = await readEnded(hub);
        return rows.size >= ids.length;
      };
      await until(all, { what: "the hub to keep all of them", timeoutMs: PATIENCE_MS }).catch(() => undefined);
      const wrong: unknown[] = [];
      let tries = 0;
      let stalls = 0;
      for (const id of ids) {
        const job = await queue.getJob(id);
        const row = rows.get(id);
        if (job === undefined) throw new Error(`BullMQ lost ${id}`);
        tries += job.attemptsStarted;
        stalls += row?.stalls ?? 0;
        const truth = await truthOf(job);
        const runMs = (job.finishedOn ?? 0) - (job.processedOn ?? 0);
        const waitMs = Math.max(0, (job.processedOn ?? 0) - job.timestamp - (job.opts.delay ?? 0));
        const faults = (Object.keys(truth) as (keyof typeof truth)[]).filter((field) => row?.[field] !== truth[field]);
        const isFar = (told: number | null | undefined, ms: number, by: number): boolean =>
          Math.abs((told ?? Number.NEGATIVE_INFINITY) - ms) > by;
        const far = [
          ...(isFar(row?.runMs, runMs, 2) ? ["runMs"] : []),
          // Of more tries the time of the first start is not kept by BullMQ.
          ...(job.attemptsStarted === 1 && isFar(row?.waitMs, waitMs, CLOCK_MS) ? ["waitMs"] : []),
        ];
        if (faults.length + far.length > 0) wrong.push({ faults: [...faults, ...far], truth, runMs, waitMs, row });
      }
      expect({ wrong: wrong.length, first: wrong.slice(0, 5) }).toEqual({ wrong: 0, first: [] });
      expect(stalls).toBeGreaterThan(0);
      expect(tries).toBeGreaterThan(ids.length);

      await until(
        async () => {
          const { rows: queues } = await hub.get<QueuesTable>("/api/queues");
          return queues[0]?.waiting === 0 && queues[0].active === 0 && queues[0].delayed === 0;
        },
        { what: "an empty queue", timeoutMs: PATIENCE_MS },
      );
      const { failed } = await queue.getJobCounts("failed");
      expect((await hub.get<QueuesTable>("/api/queues")).rows).toMatchObject([
        { queue: QUEUE, library: "bullmq", waiting: 0, active: 0, delayed: 0, failed },
      ]);
      expect((await hub.get<JobPage>(`/api/jobs?state=waiting,delayed,active&queue=${QUEUE}`)).rows).toEqual([]);
      expect((await hub.get<WorkersTable>("/api/workers")).rows.filter(({ active }) => active > 0)).toEqual([]);
      expect(errors.map(String).filter(isFault)).toEqual([]);
    },
    180_000,
  );
});

describe.each(STORES)("a queue on %s whose workers nobody watches", (_name, _count, open) => {
  it.skipIf(open === null)(
    "is asked how the jobs ended that it has no more, or that are done",
    async () => {
      const store = await (open as () => Promise<Store>)();
      cleanups.push(store.close);
      const hub = await startHub();
      const options = { connection: store.connection } as QueueOptions;
      const queue = new Queue(QUEUE, options, store.backend as never);
      cleanups.push(() => queue.close());
      const watched = await monitor({ queue }, { service: "shop", hub: hub.url, token: hub.token, quiet: true });
      cleanups.push(() => watched.close());
      const work = async ({ name }: Job): Promise<void> => {
        if (name === "bad") throw new Error("no paper");
      };
      const worker = new Worker(QUEUE, work, { ...options, autorun: false }, store.backend as never);
      cleanups.push(() => worker.close());
      const elsewhere = new Queue(QUEUE, options, store.backend as never);
      cleanups.push(() => elsewhere.close());
      for (const part of [queue, elsewhere]) part.on("error", () => undefined);
      worker.on("error", () => undefined);

      const names = ["good", "bad", "gone", "later"];
      const jobs = await queue.addBulk(
        names.map((name) => ({ name, data: {}, opts: name === "later" ? { delay: 900_000 } : {} })),
      );
      const states = async (): Promise<unknown> => {
        const { rows } = await hub.get<JobPage>(`/api/jobs?queue=${QUEUE}`);
        return Object.fromEntries(rows.map((row) => [row.name, row.state]));
      };
      await until(async () => (await hub.get<JobPage>("/api/jobs")).rows.length === 4, { what: "four jobs" });
      await elsewhere.remove(jobs[2]?.id ?? "");
      void worker.run();
      const ended = { good: "completed", bad: "failed", gone: "removed", later: "delayed" };
      await until(async () => JSON.stringify(ended) === JSON.stringify(sorted(await states(), names)), {
        what: "the truth",
        timeoutMs: PATIENCE_MS,
      }).catch(() => undefined);
      expect(await states()).toEqual(ended);
      const failed = (await hub.get<JobPage>(`/api/jobs?state=failed&queue=${QUEUE}`)).rows;
      expect(failed).toMatchObject([{ error: "no paper", attempt: 1 }]);
    },
    90_000,
  );
});

function sorted(states: unknown, names: readonly string[]): unknown {
  return Object.fromEntries(names.map((name) => [name, (states as Record<string, unknown>)[name]]));
}

/** A busy machine may lose a link for a moment: what is told of jobs is told again over the next. */
function isFault(error: string): boolean {
  return !error.includes("no link to the hub");
}
