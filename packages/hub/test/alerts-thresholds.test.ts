import { expect, test } from "vitest";
import { startAlertHub } from "./alerts-rig.ts";

test("the good side begins as far from a threshold as before, whatever it is set to", async () => {
  const { call } = await startAlertHub();
  const rule = async (id: string): Promise<Readonly<Record<string, unknown>>> =>
    (await call("GET", `/api/alerts/rules/${id}`)).json;
  expect(await rule("queue-length")).toMatchObject({ warn: 50, crit: 200, recovery: 45 });
  // What fires above 300 jobs must not go on until there are 45, nor flicker at 30.
  await call("PUT", "/api/dashboard/thresholds", { queueLength: 300, memoryPct: 80, processingTimeSec: 60 });
  expect(await rule("queue-length")).toMatchObject({ warn: 300, crit: null, recovery: 270 });
  expect(await rule("host-memory")).toMatchObject({ warn: 0.8, crit: 0.95, recovery: 0.781176470588 });
  expect(await rule("job-processing-time")).toMatchObject({ warn: 60, recovery: 55 });
  await call("PUT", "/api/dashboard/thresholds", { queueLength: 30, errorRatePct: 5 });
  expect(await rule("queue-length")).toMatchObject({ warn: 30, recovery: 27 });
  expect(await rule("job-errors")).toMatchObject({ warn: 0.05, crit: 0.25, recovery: null });
});

test("per cent are kept as the share that was meant", async () => {
  const { call } = await startAlertHub();
  for (const errorRatePct of [57, 7, 0.1]) {
    const set = await call("PUT", "/api/dashboard/thresholds", { errorRatePct });
    expect(set.json).toMatchObject({ thresholds: { errorRatePct } });
    const { warn } = (await call("GET", "/api/alerts/rules/job-errors")).json;
    expect(String(warn)).toBe(String(Number(`${errorRatePct}e-2`)));
  }
});
