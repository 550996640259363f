import { until } from "@wsight/testkit";
import { expect, test } from "vitest";
import { addRule, RULE, setConnections, startAlertHub, startProbe } from "./alerts-rig.ts";
import { listen, next, type Payload, token } from "./live-monitor-rig.ts";

test("administrators hear over Socket.IO what alerts do, viewers and users do not", async () => {
  const { hub, call, calms } = await startAlertHub();
  await addRule(call);
  const roles = ["admin", "viewer", "user"] as const;
  const heard = await Promise.all(
    roles.map(async (role) => listen(hub.url, { transports: ["websocket"], auth: { token: await token(role) } })),
  );
  const [admin, viewer, user] = heard;
  if (admin === undefined || viewer === undefined || user === undefined) throw new Error("nobody");
  await Promise.all(heard.map(({ socket }) => next(socket, "connect")));
  // Who wants no metrics hears of alerts all the same.
  await admin.socket.emitWithAck("unsubscribe", ["basic-metrics", "database-metrics", "cache-metrics"]);
  const probe = startProbe(hub, 50);
  const [fired] = await admin.times("dashboard-alert", 1);
  expect(fired).toMatchObject({
    event: "fired",
    type: RULE.id,
    name: RULE.name,
    severity: "warning",
    value: 50,
    threshold: 10,
    labels: { node: "chat/a" },
    acknowledged: false,
    acknowledgedBy: null,
  });
  expect(Date.parse(String(fired?.timestamp))).toBeGreaterThan(Date.now() - 20_000);
  setConnections(probe, 200);
  await admin.times("dashboard-alert", 2);
  await call("POST", `/api/alerts/episodes/${String(fired?.id)}/ack`, {}, { sub: "ann" });
  await admin.times("dashboard-alert", 3);
  const told = admin.of("dashboard-alert");
  expect(told.map(({ event, severity, id }) => [event, severity, id])).toEqual([
    ["fired", "warning", fired?.id],
    ["escalated", "critical", fired?.id],
    ["acknowledged", "critical", fired?.id],
  ]);
  expect(told.at(-1)).toMatchObject({ acknowledged: true, acknowledgedBy: "ann" });
  setConnections(probe, 3);
  await calms();
  const [resolved] = await admin.times("dashboard-alert-resolved", 1);
  expect(resolved).toMatchObject({ id: fired?.id, reason: "recovered", type: RULE.id });
  expect(Number(resolved?.endedAt)).toBeGreaterThan(Number(fired?.firedAt));
  await until(() => viewer.of("basic-metrics").length > 0, { what: "a viewer that hears metrics" });
  const alerts = (events: readonly { event: string; payload: Payload }[]): unknown[] =>
    events.filter(({ event }) => event.startsWith("dashboard-alert"));
  expect(alerts(viewer.events)).toEqual([]);
  expect(alerts(user.events)).toEqual([]);
});
