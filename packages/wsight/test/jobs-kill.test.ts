import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { resolveSecret, signToken } from "@wsight/hub";
import type { JobPage, JobRow } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { afterEach, expect, it } from "vitest";
import { type MonitorOptions, monitor } from "wsight";
import { type Program, wsight } from "./program.ts";
import { freePort, startSeat } from "./seat-processes.ts";

const JOBS = 1250;
const EVENTS = 4 * JOBS;

type Probe = Awaited<ReturnType<typeof monitor>>["probe"];

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "wsight-jobs-"));
  cleanups.push(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** `wsight hub` on a directory that outlives it. */
async function startHub(port: number, data: string): Promise<Program> {
  const args = ["hub", "--port", String(port), "--data", data, "--requests-per-minute", "1000000"];
  const hub = wsight(args, { HOME: data });
  cleanups.push(async () => {
    hub.child.kill("SIGKILL");
    await hub.ended;
  });
  await hub.saw(/http:\/\/\S+/);
  return hub;
}

async function watch(options: MonitorOptions): Promise<Probe> {
  const watched = await monitor({}, { service: "shop", quiet: true, ...options });
  cleanups.push(() => watched.close());
  return watched.probe;
}

/** What becomes of job `i`: half are done, a quarter fails, a quarter goes on. */
function endOf(i: number): Pick<JobRow, "state" | "percent" | "error"> {
  if (i % 4 === 3) return { state: "active", percent: 50, error: null };
  return i % 4 === 2
    ? { state: "failed", percent: 50, error: "no paper" }
    : { state: "completed", percent: 100, error: null };
}

/** Tells of all jobs, their events mixed, a hundred at a time. */
async function tell(probe: Probe, during: (told: number) => Promise<void> | void): Promise<void> {
  const waves = [
    (i: number) => probe.jobQueued(`user-${i % 7}`, { jobId: i, label: `file ${i}`, sizeBytes: 1000 * i }),
    (i: number) => probe.jobStarted(i, { worker: `w-${i % 5}` }),
    (i: number) => probe.jobProgress(i, 50, "reading"),
    (i: number) => {
      const { state } = endOf(i);
      if (state === "completed") probe.jobCompleted(i, { pages: i });
      else if (state === "failed") probe.jobFailed(i, new Error("no paper"));
      else probe.jobProgress(i, 40, "reading");
    },
  ];
  let told = 0;
  for (let lead = 0; lead < JOBS + 300; lead++) {
    for (const [wave, call] of waves.entries()) {
      const i = lead - 100 * wave;
      if (i < 0 || i >= JOBS) continue;
      call(i);
      told++;
    }
    if (lead % 25 !== 0) continue;
    await during(told);
    await wait(5);
  }
  expect(told).toBe(EVENTS);
}

/**
 * Does something once, after half of the events: when the first of them are on the hub's disk, those of the last moments
 * are only in its memory, and some are on their way.
 */
function inTheMiddle(port: number, data: string, work: () => void): (told: number) => Promise<void> {
  let stage: "early" | "late" | "over" = "early";
  return async (told) => {
    if (stage === "early" && told > EVENTS / 5) {
      await until(async () => (await readJobs(port, data)).size > 200, { what: "jobs", timeoutMs: 20_000 });
      stage = "late";
    } else if (stage === "late" && told > EVENTS / 2) {
      stage = "over";
      work();
    }
  };
}

/** All jobs that the hub knows, by id. */
async function readJobs(port: number, data: string): Promise<ReadonlyMap<string, JobRow>> {
  const { value } = await resolveSecret({ dataDir: data });
  const authorization = `Bearer ${await signToken({ role: "admin", sub: "test", ttlMs: 60_000 }, value)}`;
  const rows = new Map<string, JobRow>();
  for (let offset = 0; offset <= JOBS; offset += 200) {
    const url = `http://127.0.0.1:${port}/api/jobs?sort=queuedAt&limit=200&offset=${offset}`;
    const answer = await fetch(url, { headers: { authorization } }).catch(() => null);
    if (answer?.ok !== true) return rows;
    for (const row of ((await answer.json()) as JobPage).rows) rows.set(row.id, row);
  }
  return rows;
}

async function allEndAsTheyShould(port: number, data: string): Promise<void> {
  let rows: ReadonlyMap<string, JobRow> = new Map();
  const right = (i: number): boolean => {
    const row = rows.get(String(i));
    const { state, percent } = endOf(i);
    return row?.state === state && row.percent === percent;
  };
  const wrong = (): number[] => [...Array(JOBS).keys()].filter((i) => !right(i));
  const done = async (): Promise<boolean> => {
    rows = await readJobs(port, data);
    return wrong().length === 0;
  };
  await until(done, { what: "all jobs to be as they should", timeoutMs: 20_000 }).catch(() => {
    const i = wrong()[0] ?? 0;
    throw new Error(`${wrong().length} of ${JOBS} jobs are wrong, first ${JSON.stringify(rows.get(String(i)) ?? i)}`);
  });
  for (let i = 0; i < JOBS; i++) {
    const { queue, label, userId, attempt, worker, error } = rows.get(String(i)) ?? {};
    expect({ queue, label, userId, attempt, worker, error }).toEqual({
      queue: "jobs",
      label: `file ${i}`,
      userId: `user-${i % 7}`,
      attempt: 1,
      worker: `w-${i % 5}`,
      error: endOf(i).error,
    });
  }
}

it("loses none of 5,000 events when the hub is killed in the middle of them", { timeout: 90_000 }, async () => {
  const [port, data] = [await freePort(), await makeDir()];
  const { value: secret } = await resolveSecret({ dataDir: data });
  const first = await startHub(port, data);
  const token = await signToken({ role: "probe", sub: "shop", ttlMs: 600_000 }, secret);
  const probe = await watch({ hub: `ws://127.0.0.1:${port}`, token });
  let again: Promise<Program> | null = null;
  await tell(
    probe,
    inTheMiddle(port, data, () => {
      first.child.kill("SIGKILL");
      again = startHub(port, data);
    }),
  );
  await again;
  await allEndAsTheyShould(port, data);
});

it("loses none when the process with the hub is killed and another takes over", { timeout: 90_000 }, async () => {
  const [port, data] = [await freePort(), await makeDir()];
  const seat = await startSeat({ PORT: String(port), DATA: data });
  cleanups.push(() => seat.kill());
  const probe = await watch({ port, data });
  await tell(
    probe,
    inTheMiddle(port, data, () => void seat.kill()),
  );
  await allEndAsTheyShould(port, data);
});
