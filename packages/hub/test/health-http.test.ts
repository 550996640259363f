import type { Hub } from "@wsight/hub";
import type { Health, HealthStrip } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { expect, it } from "vitest";
import { ask, bearer, makeDir, startHub } from "./harness.ts";
import { HubProbe } from "./live-monitor-rig.ts";

async function read<T>(hub: Hub, path: string): Promise<T> {
  const { status, json, text } = await ask(hub, path, { headers: await bearer("viewer") });
  if (status !== 200) throw new Error(text);
  return json as T;
}

/** A process on a host whose memory is so full. */
function startProbe(hub: Hub, memory: number): HubProbe {
  const probe = new HubProbe(hub).set("process.uptime", 60).set("system.memory.utilization", memory);
  probe.run();
  return probe;
}

it("tells the worst of its checks to viewers, and nothing to others", async () => {
  const hub = await startHub();
  expect((await ask(hub, "/api/health")).status).toBe(401);
  expect((await ask(hub, "/api/health", { headers: await bearer("user") })).status).toBe(403);
  expect(await read<Health>(hub, "/api/health")).toMatchObject({ state: "unknown", score: null });

  startProbe(hub, 0.97);
  await until(async () => (await read<Health>(hub, "/api/health")).state === "unhealthy", { what: "a full host" });
  const { reasons, checks, since } = await read<Health>(hub, "/api/health");
  expect(reasons[0]).toMatch(/^Host memory.* 97 %, limit 95 %$/);
  expect(since).toBeGreaterThan(Date.now() - 10_000);
  expect(checks.find(({ id }) => id === "host")).toMatchObject({
    state: "unhealthy",
    value: 0.97,
    ruleId: "host-memory",
  });
});

it.each(["0", "169", "-1", "1.5", "x", ""])("refuses a strip of %j hours and says what is possible", async (hours) => {
  const hub = await startHub();
  const answer = await ask(hub, `/api/health/strip?hours=${hours}`, { headers: await bearer("viewer") });
  expect(answer).toMatchObject({ status: 400, code: "BAD_REQUEST" });
  expect(answer.text).toContain("a whole number from 1 to 168");
});

it("remembers across a restart how it was, and that nothing was known in between", { timeout: 60_000 }, async () => {
  const dataDir = await makeDir();
  const first = await startHub({ dataDir });
  startProbe(first, 0.97);
  const slots = async (hub: Hub): Promise<HealthStrip["slots"]> =>
    (await read<HealthStrip>(hub, "/api/health/strip?hours=1")).slots;
  await until(async () => (await slots(first)).at(-1)?.state === "unhealthy", {
    what: "a slot that is bad",
    timeoutMs: 20_000,
  });
  await first.close();

  const second = await startHub({ dataDir });
  startProbe(second, 0.2);
  await until(async () => (await read<Health>(second, "/api/health")).state === "healthy", {
    what: "a healthy server",
  });
  const [slot, ...others] = await until(async () => await slots(second), { what: "the strip", timeoutMs: 20_000 });
  expect(slot).toMatchObject({ state: "unhealthy" });
  expect(slot?.unhealthyMs).toBeGreaterThan(0);
  expect(slot?.reason).toMatch(/^Host memory/);
  // An hour has twelve slots; those before the first start have no record.
  expect(others.length).toBeLessThanOrEqual(1);
});
