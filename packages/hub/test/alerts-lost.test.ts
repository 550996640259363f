import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { AlertsTable } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { expect, test } from "vitest";
import { callerOf, RULE, startAlertHub, startProbe } from "./alerts-rig.ts";
import { makeDir, startHub } from "./harness.ts";

test("while what is kept can't be read alerts are seen all the same, and nothing can be changed", async () => {
  const hub = await startHub({ store: "postgres://nobody@127.0.0.1:1/none", requestsPerMinute: 100_000 });
  const call = callerOf(hub);
  const active = async (): Promise<AlertsTable> =>
    (await call("GET", "/api/alerts/active")).json as unknown as AlertsTable;
  expect(await active()).toMatchObject({ state: "opening", rows: [] });
  await until(async () => (await active()).state === "failing", { what: "a hub that says so", timeoutMs: 15_000 });
  expect((await active()).problem).toContain("ECONNREFUSED");
  const answer = await call("POST", "/api/alerts/rules", RULE);
  expect(answer).toMatchObject({ status: 503, code: "STORE_UNAVAILABLE" });
  // It is evaluated: a process whose event loop stands still breaches a rule that came with wsight.
  const probe = startProbe(hub, 3);
  probe.record("nodejs.eventloop.lag", [3, 3, 3]);
  await until(async () => (await active()).rows.length > 0, { what: "an alert", timeoutMs: 20_000 });
});

test("when what was kept is lost while the hub runs, nothing is shown that is not there, and what is to be done is said", async () => {
  const dataDir = await makeDir();
  const { call } = await startAlertHub({ dataDir });
  const channel = { id: "log", name: "Log", type: "file", config: { file: "log.jsonl" } };
  expect((await call("POST", "/api/alerts/channels", channel)).status).toBe(201);
  const channels = async (): Promise<readonly unknown[]> =>
    (await call("GET", "/api/alerts/channels")).json.channels as unknown[];
  expect(await channels()).toHaveLength(1);
  for (const name of ["alerts.db", "alerts.db-wal", "alerts.db-shm"]) await rm(join(dataDir, name), { force: true });
  await until(async () => (await channels()).length === 0, { what: "what is there", timeoutMs: 20_000 });
  const problem = async (): Promise<unknown> => (await call("GET", "/api/alerts/active")).json.problem;
  expect(await problem()).toMatch(/channels are to be set up again/);
  expect((await call("POST", "/api/alerts/channels", channel)).status).toBe(201);
  expect(await problem()).toBeNull();
});
