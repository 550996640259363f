import { QUEUE_STATUS_MS } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { expect, test } from "vitest";
import { upgrade } from "./harness.ts";
import { JobProbe, listenAs } from "./jobs-gateway-rig.ts";
import { startMonitorHub, token } from "./live-monitor-rig.ts";

test("queue-status and the events of administrators come each five seconds, over Socket.IO and WebSocket", async () => {
  const hub = await startMonitorHub();
  new JobProbe(hub).tell({ kind: "queued", job: "a1", userId: "ann" });
  const [user, admin] = [await listenAs(hub, "ann"), await listenAs(hub, "root", "admin")];
  const times: number[] = [];
  await upgrade(hub, "/ws/jobs", { authorization: `Bearer ${await token("user", "ann")}` }, (text) => {
    if ((JSON.parse(text) as { event: string }).event === "queue-status") times.push(performance.now());
  });
  // The first comes at once, the second with a beat that is under way.
  for (const event of ["admin-metrics", "worker-metrics-update", "admin-queue-status"]) {
    await until(() => admin.of(event).length >= 3, { what: event, timeoutMs: 15_000 });
    expectBeat(admin.events.filter((heard) => heard.event === event).map(({ at }) => at));
  }
  await until(() => times.length >= 3 && user.of("queue-status").length >= 3, {
    what: "queue-status",
    timeoutMs: 15_000,
  });
  expectBeat(times);
  expectBeat(user.events.filter(({ event }) => event === "queue-status").map(({ at }) => at));
}, 30_000);

function expectBeat([, second = 0, third = 0]: readonly number[]): void {
  expect(Math.abs(third - second - QUEUE_STATUS_MS)).toBeLessThan(1500);
}
