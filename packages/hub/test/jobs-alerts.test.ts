import type { Hub } from "@wsight/hub";
import { until } from "@wsight/testkit";
import { describe, expect, test } from "vitest";
import { type AlertHub, type Caller, startAlertHub } from "./alerts-rig.ts";
import { ask, bearer, makeDir } from "./harness.ts";
import { JobTeller } from "./jobs-rig.ts";

/** Rules as they come, but for how long what they watch must last. */
async function hasten(call: Caller, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const quick = { forSec: 1, keepFiringSec: 1, everySec: 1 };
    expect(await call("PATCH", `/api/alerts/rules/${id}`, quick, { ifMatch: "*" })).toMatchObject({ status: 200 });
  }
}

async function scrape(hub: Hub): Promise<string> {
  return (await ask(hub, "/metrics", { headers: await bearer() })).text;
}

async function checkOf(call: Caller, id: string): Promise<Record<string, unknown> | undefined> {
  const { checks } = (await call("GET", "/api/health")).json as { checks: readonly Record<string, unknown>[] };
  return checks.find((check) => check.id === id);
}

async function reachesCheck(call: Caller, id: string, state: string): Promise<Record<string, unknown>> {
  let found: Record<string, unknown> | undefined;
  const isThere = async (): Promise<boolean> => {
    found = await checkOf(call, id);
    return found?.state === state;
  };
  await until(isThere, { what: `a check ${id} that is ${state}`, timeoutMs: 20_000 });
  return found as Record<string, unknown>;
}

describe("a queue that fills", () => {
  test("is told of beyond 50 jobs that wait, and degrades health, until it has emptied", async () => {
    const { hub, call, reaches, calms } = await startAlertHub();
    await hasten(call, "queue-length");
    const teller = new JobTeller(hub);
    teller.beat("w-1");
    const ids = teller.queued(51);
    expect(await reaches("firing", "queue-length")).toMatchObject({
      severity: "warning",
      labels: { queue: "documents" },
      value: 51,
    });
    const check = await reachesCheck(call, "queue", "degraded");
    expect(check).toMatchObject({ value: 51, limit: 50, reason: "Queue length of documents 51, limit 50" });
    teller.ended(ids.slice(0, 10), "completed");
    await calms("queue-length");
  });

  test("is told of from the threshold that was set", async () => {
    const { hub, call, reaches } = await startAlertHub();
    await hasten(call, "queue-length");
    const put = await call("PUT", "/api/dashboard/thresholds", { queueLength: 3 });
    expect(put.json).toMatchObject({ thresholds: { queueLength: 3 } });
    new JobTeller(hub).queued(4);
    expect(await reaches("firing", "queue-length")).toMatchObject({ value: 4 });
  });
});

test("processing that takes more than 120 s on average is told of until it takes less", async () => {
  const { hub, call, reaches, calms } = await startAlertHub();
  await hasten(call, "job-processing-time");
  const teller = new JobTeller(hub);
  teller.ended(teller.queued(2), "completed", 119_000);
  teller.ended(teller.queued(1), "completed", 200_000);
  const alert = await reaches("firing", "job-processing-time");
  expect(alert).toMatchObject({ labels: { queue: "documents" } });
  expect(alert.value).toBeCloseTo(146, 0);
  teller.ended(teller.queued(9), "completed", 1000);
  await calms("job-processing-time");
});

test("more than 10 % of jobs that fail are told of, tries that are tried again are not", async () => {
  const { hub, call, reaches, calms, row } = await startAlertHub();
  await hasten(call, "job-errors");
  const teller = new JobTeller(hub);
  const ids = teller.queued(20);
  const at = Date.now();
  teller.tell(
    ids.map((job) => ({ kind: "failed", at, queue: "documents", job, attempt: 1, error: "no", final: false })),
  );
  teller.ended(ids.slice(0, 17), "completed");
  const isCounted = async (): Promise<boolean> => /_ended_total\{[^}]*"completed"\} 17/.test(await scrape(hub));
  await until(isCounted, { what: "17 that are done", timeoutMs: 10_000 });
  expect(await scrape(hub)).toMatch(/queue_job_retries_total\{[^}]*\} 20/);
  expect(await row("job-errors")).toBeUndefined();
  teller.ended(ids.slice(17), "failed");
  const alert = await reaches("firing", "job-errors");
  expect(alert).toMatchObject({ severity: "warning", value: 0.15 });
  teller.ended(teller.queued(30), "completed");
  await calms("job-errors");
});

describe("jobs that nobody takes", () => {
  test("are a critical alert, which the length of that queue waits behind; a worker ends both", async () => {
    const { hub, call, reaches, calms, row } = await startAlertHub();
    await hasten(call, "no-active-workers", "queue-length");
    const teller = new JobTeller(hub);
    teller.beat("w-1");
    teller.queued(60);
    expect(await reaches("firing", "queue-length")).toMatchObject({ suppressedBy: [] });
    expect(await row("no-active-workers")).toBeUndefined();
    teller.beat("w-1", { ended: true });
    const alert = await reaches("firing", "no-active-workers");
    expect(alert).toMatchObject({ severity: "critical", labels: { queue: "documents" } });
    await until(async () => ((await row("queue-length"))?.suppressedBy.length ?? 0) > 0, {
      what: "a length that is held back",
      timeoutMs: 10_000,
    });
    expect((await reachesCheck(call, "workers", "unhealthy")).reason).toBe("No active workers of documents");
    const { checks } = (await call("GET", "/api/doctor")).json as { checks: readonly { id: string; title: string }[] };
    expect(checks.find(({ id }) => id === "found.no-workers")?.title).toBe("Nobody takes the jobs of documents");
    teller.beat("w-2");
    await calms("no-active-workers");
  });

  test("of a queue whose workers nobody names are no such alert", async () => {
    const { hub, call, reaches, row } = await startAlertHub();
    await hasten(call, "no-active-workers", "no-workers", "queue-length");
    const teller = new JobTeller(hub);
    teller.queued(60);
    await reaches("firing", "queue-length");
    expect([await row("no-active-workers"), await row("no-workers")]).toEqual([undefined, undefined]);
  });
});

test("figures of queues are for programs, too, and their node is no process", async () => {
  const { hub, call } = await startAlertHub({ dataDir: await makeDir() });
  const teller = new JobTeller(hub);
  teller.beat("w-1");
  teller.ended(teller.queued(5), "completed", 4000);
  teller.queued(2);
  const waiting = /queue_jobs\{[^}]*queue_job_state="waiting"\} 2/;
  await until(async () => waiting.test(await scrape(hub)), { what: "figures of the queue", timeoutMs: 10_000 });
  const text = await scrape(hub);
  expect(text).toMatch(/queue_jobs_ended_total\{[^}]*queue_job_outcome="completed"\} 5/);
  expect(text).toMatch(/queue_workers\{[^}]*queue="documents"\} 1/);
  expect(text).not.toMatch(/wsight_node_live\{service="wsight"/);

  const { nodes } = (await call("GET", "/api/nodes")).json as { nodes: readonly { node: string }[] };
  expect(nodes.map(({ node }) => node)).toEqual(["shop/jobs"]);
  expect((await checkOf(call, "processes"))?.value).toBe(1);
  const { nodes: asked } = (await call("GET", "/api/connections")).json as { nodes: readonly { node: string }[] };
  expect(asked.map(({ node }) => node)).toEqual(["shop/jobs"]);
  const own = /node="(wsight\/[^"]+)"/.exec(text)?.[1] ?? "";
  expect(own).not.toBe("");
  for (const path of ["/api/websocket/metrics/", "/api/connections", "/api/processes"])
    expect(await call("GET", `${path}?node=${encodeURIComponent(own)}`)).toMatchObject({ status: 404 });

  const increase = "/api/history/query?metric=queue.jobs.ended&agg=increase&from=5m&by=queue";
  const isKept = async (): Promise<boolean> => {
    const { results } = (await call("GET", increase)).json as {
      readonly results?: readonly { readonly lines: readonly { readonly whole: number | null }[] }[];
    };
    return results?.[0]?.lines[0]?.whole === 5;
  };
  await until(isKept, { what: "jobs in the history", timeoutMs: 15_000 });
});

test("a hub that starts again goes on with the queue and its alert where the one before stopped", async () => {
  const dataDir = await makeDir();
  let alerts: AlertHub = await startAlertHub({ dataDir });
  await hasten(alerts.call, "queue-length");
  const teller = new JobTeller(alerts.hub);
  const ids = teller.queued(60);
  const { episodeId } = await alerts.reaches("firing", "queue-length");
  teller.probe.link.close();
  await alerts.hub.close();

  alerts = await startAlertHub({ dataDir });
  expect(await alerts.reaches("firing", "queue-length")).toMatchObject({ episodeId });
  await until(async () => (await checkOf(alerts.call, "queue"))?.value === 60, {
    what: "a queue that is as long as before",
    timeoutMs: 15_000,
  });
  // What is only remembered did not happen again.
  expect(await scrape(alerts.hub)).not.toContain("queue_jobs_added_total{");
  const again = new JobTeller(alerts.hub, "documents", "other");
  again.ended(ids.slice(0, 20), "completed");
  await alerts.calms("queue-length");
});
