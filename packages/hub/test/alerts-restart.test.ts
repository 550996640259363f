import type { Hub } from "@wsight/hub";
import type { AlertEpisode, OutboxRow } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { expect, test } from "vitest";
import {
  type AlertHub,
  addRule,
  type Caller,
  callerOf,
  episodeOf,
  RULE,
  setConnections,
  startAlertHub,
  startProbe,
} from "./alerts-rig.ts";
import { makeDir, startHub } from "./harness.ts";
import type { HubProbe } from "./live-monitor-rig.ts";

/** A hub that is ended and started again, with its data and the same process reporting. */
class Life {
  readonly #dataDir: string;
  #probe: HubProbe | null = null;
  alerts: AlertHub;

  private constructor(dataDir: string, alerts: AlertHub) {
    this.#dataDir = dataDir;
    this.alerts = alerts;
  }

  static async begin(): Promise<Life> {
    const dataDir = await makeDir();
    return new Life(dataDir, await startAlertHub({ dataDir }));
  }

  get hub(): Hub {
    return this.alerts.hub;
  }

  /** Says how many connections there are from now on; `null`: the process is not heard of any more. */
  connections(count: number | null): void {
    if (count === null) this.#probe?.link.close();
    else if (this.#probe === null) this.#probe = startProbe(this.hub, count);
    else setConnections(this.#probe, count);
  }

  async restart(count: number | null): Promise<void> {
    this.#probe?.link.close();
    this.#probe = null;
    await this.hub.close();
    this.alerts = await startAlertHub({ dataDir: this.#dataDir });
    if (count !== null) this.connections(count);
  }

  /** Asks from the moment that the hub answers, until it is as wanted. */
  async restartUnread(isThere: (call: Caller) => Promise<boolean>): Promise<void> {
    await this.hub.close();
    const hub = await startHub({ requestsPerMinute: 100_000, dataDir: this.#dataDir });
    await until(() => isThere(callerOf(hub)), { what: "what was kept", timeoutMs: 10_000 });
  }

  async episodes(): Promise<readonly AlertEpisode[]> {
    const { json } = await this.alerts.call("GET", `/api/alerts/history?from=1h&rule=${RULE.id}`);
    return (json as { episodes: AlertEpisode[] }).episodes;
  }

  async kindsTold(): Promise<readonly string[]> {
    const { json } = await this.alerts.call("GET", "/api/alerts/outbox?channel=log");
    return (json as { notices: OutboxRow[] }).notices.map(({ notice }) => notice.kind).reverse();
  }

  async tellIntoFile(): Promise<void> {
    await this.alerts.call("POST", "/api/alerts/channels", { name: "Log", type: "file" });
    await this.alerts.call("PUT", "/api/alerts/routes", { groupWaitSec: 0, groupIntervalSec: 10 });
  }
}

test("what was not read yet after a restart is unavailable, not unknown", async () => {
  const life = await Life.begin();
  await addRule(life.alerts.call);
  const answers = new Set<number>();
  await life.restartUnread(async (call) => {
    const { status } = await call("GET", `/api/alerts/rules/${RULE.id}`);
    answers.add(status);
    return status === 200;
  });
  answers.delete(503);
  expect([...answers]).toEqual([200]);
});

test("what was pending is pending after a restart, and fires once it has lasted", async () => {
  const life = await Life.begin();
  await life.tellIntoFile();
  await addRule(life.alerts.call, { forSec: 4 });
  life.connections(50);
  const before = await life.alerts.reaches("pending");
  await life.restart(50);
  const after = await life.alerts.row();
  expect(after).toMatchObject({ status: "pending", fingerprint: before.fingerprint, episodeId: null });
  const firing = await life.alerts.reaches("firing");
  // The time in which no hub looked does not count.
  expect(Number(firing.firedAt) - firing.activeAt).toBeGreaterThanOrEqual(4000);
  await until(async () => (await life.kindsTold()).length > 0, { what: "a notice", timeoutMs: 10_000 });
  expect(await life.kindsTold()).toEqual(["firing"]);
});

test("what fires goes on after a restart, with who acknowledged it and what was written, and is told of once", async () => {
  const life = await Life.begin();
  await life.tellIntoFile();
  await addRule(life.alerts.call);
  life.connections(50);
  const before = await life.alerts.reaches("firing");
  const path = `/api/alerts/episodes/${before.episodeId}`;
  await life.alerts.call("POST", `${path}/ack`, { note: "looking" }, { sub: "ann" });
  await life.alerts.call("POST", `${path}/note`, { text: "the deploy" });
  await life.alerts.call("POST", `${path}/snooze`, { forSec: 3600 });
  const seen = await life.alerts.row();
  await life.restart(50);
  const after = await life.alerts.row();
  expect(after).toMatchObject({
    status: "firing",
    episodeId: before.episodeId,
    firedAt: before.firedAt,
    activeAt: before.activeAt,
    ack: seen?.ack,
    snoozeUntil: seen?.snoozeUntil,
  });
  expect(after?.ack).toMatchObject({ by: "ann", note: "looking" });
  expect(await episodeOf(life.alerts.call, before)).toMatchObject({ notes: [{ text: "the deploy" }], endedAt: null });
  life.connections(3);
  await life.alerts.calms();
  expect(await life.episodes()).toMatchObject([{ id: before.episodeId, endReason: "recovered", ack: { by: "ann" } }]);
  await until(async () => (await life.kindsTold()).includes("resolved"), { what: "the end told", timeoutMs: 15_000 });
  expect((await life.kindsTold()).filter((kind) => kind === "firing")).toHaveLength(1);
});

test("what recovers goes on recovering after a restart, and is not over because nobody looked", async () => {
  const life = await Life.begin();
  await addRule(life.alerts.call, { keepFiringSec: 5 });
  life.connections(50);
  const firing = await life.alerts.reaches("firing");
  life.connections(3);
  await life.alerts.reaches("recovering");
  await life.restart(3);
  expect(await life.alerts.row()).toMatchObject({ status: "recovering", episodeId: firing.episodeId });
  await life.alerts.calms();
  expect(await life.episodes()).toMatchObject([{ id: firing.episodeId, endReason: "recovered" }]);
});

test("what has no data has none after a restart either, and fires on under the same name once there are some", async () => {
  const life = await Life.begin();
  await addRule(life.alerts.call, { noData: { mode: "no_data", afterSec: 2 } });
  life.connections(50);
  const firing = await life.alerts.reaches("firing");
  await life.restart(null);
  // Two evaluations of grace, then the lack of data counts.
  const silent = await life.alerts.reaches("no_data");
  expect(silent.episodeId).toBe(firing.episodeId);
  await life.restart(null);
  expect(await life.alerts.row()).toMatchObject({ status: "no_data", episodeId: firing.episodeId });
  life.connections(50);
  expect(await life.alerts.reaches("firing")).toMatchObject({ episodeId: firing.episodeId });
});

test("a rule that is changed ends what fired under its earlier form; what fires anew outlives a restart", async () => {
  const life = await Life.begin();
  await addRule(life.alerts.call);
  life.connections(50);
  const firing = await life.alerts.reaches("firing");
  await life.alerts.call("PATCH", `/api/alerts/rules/${RULE.id}`, { warn: 20 }, { ifMatch: "*" });
  await until(async () => (await life.episodes()).some(({ endReason }) => endReason === "rule_changed"), {
    what: "an episode that its rule ended",
  });
  const anew = await life.alerts.reaches("firing");
  expect(anew.episodeId).not.toBe(firing.episodeId);
  await life.restart(50);
  expect(await life.alerts.row()).toMatchObject({ status: "firing", episodeId: anew.episodeId, limit: 20 });
});
