import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { resolvePlan, runLoad } from "@wsight/load";
import { describe, expect, it } from "vitest";
import { afterTest } from "./servers.ts";

const CONNECTIONS = 40;
const INTERVAL_MS = 200;
const DURATION_MS = 5000;

/** What the server says of one message: ms of the machine's clock. */
type Entry = readonly [connection: number, number: number, meantAt: number, answeredAt: number];

async function run(delayMs: number, stallMs: number) {
  const child = fork(
    fileURLToPath(new URL("./fixtures/stalling-server.mjs", import.meta.url)),
    [delayMs, 2000, stallMs].map(String),
    { execArgv: [] },
  );
  afterTest(() => child.disconnect());
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  const plan = resolvePlan({
    url: `ws://127.0.0.1:${port}`,
    profile: "custom",
    connections: CONNECTIONS,
    interval: INTERVAL_MS / 1000,
    duration: DURATION_MS / 1000,
    ramp: 0.5,
    reply: "echo",
    message: "{{id}} {{n}} {{mark}}",
  });
  const result = await runLoad(plan);
  child.send("record");
  const [{ record }] = (await once(child, "message")) as [{ record: Entry[] }];
  const { latency, service } = result.messages;
  if (latency === null || service === null) throw new Error("nothing was measured");
  return { result, record, latency, service };
}

function percentile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** Noise comes on top: the way back, clocks of two processes, and a machine that is busy with something else. */
function expectAgrees(measured: number, truth: number): void {
  expect(measured).toBeGreaterThan(truth * 0.97 - 5);
  expect(measured).toBeLessThan(truth * 1.15 + 150);
}

describe("the tool's truth", () => {
  it("sends each message at its time, whatever the server does, and counts from then", async () => {
    const { result, record, latency, service } = await run(0, 1000);
    const { sent, answered, lost } = result.messages;
    expect([answered, lost, record.length]).toEqual([sent, 0, sent]);

    // Open loop: the times at which messages were meant to leave follow from the plan alone.
    const planned = (CONNECTIONS * DURATION_MS) / INTERVAL_MS;
    expect(sent).toBeLessThanOrEqual(planned);
    // A connection that opened late, on a busy machine, missed the first of its times.
    expect(sent).toBeGreaterThan(planned * 0.9);
    for (let connection = 0; connection < CONNECTIONS; connection++) {
      const own = record.filter(([id]) => id === connection).sort(([, a], [, b]) => a - b);
      const first = own[0]?.[2] ?? 0;
      for (const [, number, meantAt] of own)
        expect(Math.abs(meantAt - first - number * INTERVAL_MS)).toBeLessThan(0.01);
    }

    // What the server itself saw, from those times on.
    const truth = record.map(([, , meantAt, answeredAt]) => answeredAt - meantAt);
    for (const [q, measured] of [
      [0.5, latency.p50],
      [0.9, latency.p90],
      [0.95, latency.p95],
      [0.99, latency.p99],
    ] as const)
      expectAgrees(measured, percentile(truth, q));

    // And arithmetic: of 5 s one stands still, so a fifth of the messages wait evenly from 0 to 1 s.
    expect(latency.p95).toBeGreaterThan(600);
    expect(latency.p99).toBeGreaterThan(850);
    expect(latency.avg).toBeGreaterThan(80);
    console.log(
      `1 s stall in 5 s: p95 ${latency.p95.toFixed(0)} (750 by arithmetic, ${percentile(truth, 0.95).toFixed(0)} as the server saw), ` +
        `p99 ${latency.p99.toFixed(0)} (950, ${percentile(truth, 0.99).toFixed(0)}), service p95 ${service.p95.toFixed(0)} ms`,
    );
  });

  it("agrees with a server that answers after 20 ms", async () => {
    const { record, latency, service } = await run(20, 0);
    const truth = record.map(([, , meantAt, answeredAt]) => answeredAt - meantAt);
    expectAgrees(latency.p50, percentile(truth, 0.5));
    expectAgrees(latency.p95, percentile(truth, 0.95));
    expect(service.p50).toBeGreaterThan(19);
    console.log(
      `20 ms delay: p50 ${latency.p50.toFixed(2)} (${percentile(truth, 0.5).toFixed(2)} as the server saw), service p50 ${service.p50.toFixed(2)} ms`,
    );
  });
});
