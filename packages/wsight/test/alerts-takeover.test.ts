import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveSecret, signToken } from "@wsight/hub";
import type { AlertRow } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { expect, it, onTestFinished } from "vitest";
import { freePort, hubAt, type SeatProcess, startSeat } from "./seat-processes.ts";

const RULE = {
  id: "many-connections",
  name: "Many connections",
  metric: "websocket.server.active_connections",
  agg: "last",
  windowSec: 5,
  op: "gt",
  warn: 10,
  groupBy: ["node"],
  forSec: 1,
  keepFiringSec: 60,
  everySec: 1,
} as const;

/** Asks whichever hub is there as an administrator. */
async function createAdmin(port: number, data: string) {
  const { value } = await resolveSecret({ dataDir: data });
  const token = await signToken({ role: "admin", sub: "ann", ttlMs: 600_000 }, value);
  return async <T>(method: string, path: string, body?: unknown): Promise<T | null> => {
    const reply = await fetch(`http://127.0.0.1:${port}/api/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch(() => null);
    if (reply === null) return null;
    const json = (await reply.json()) as T;
    if (!reply.ok) throw new Error(JSON.stringify(json));
    return json;
  };
}

it("an alert that fires, and who acknowledged it, outlive the process that ran the hub", async () => {
  const data = await mkdtemp(join(tmpdir(), "wsight-alerts-"));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  const port = await freePort();
  const env = { PORT: String(port), DATA: data, WSIGHT_REQUESTS_PER_MINUTE: "100000" };
  const start = async (): Promise<SeatProcess> => {
    const seat = await startSeat(env);
    onTestFinished(() => seat.kill());
    return seat;
  };
  const first = await start();
  const heir = await start();
  const ask = await createAdmin(port, data);
  const rowOf = async (): Promise<AlertRow | undefined> => {
    const active = await ask<{ rows: AlertRow[]; state: string }>("GET", "alerts/active");
    return active?.rows.find(({ ruleId, labels }) => ruleId === RULE.id && labels.node === `chat/${heir.instance}`);
  };
  await ask("POST", "alerts/rules", RULE);
  await heir.count(20);
  const firing = await until(
    async () => {
      const row = await rowOf();
      return row?.status === "firing" && row;
    },
    { what: "an alert that fires", timeoutMs: 15_000 },
  );
  await ask("POST", `alerts/episodes/${firing.episodeId}/ack`, { note: "looking" });
  const before = await hubAt(port);
  await first.kill();
  await until(async () => ![before, null].includes(await hubAt(port)), { what: "the next hub", timeoutMs: 10_000 });
  const after = await until(rowOf, { what: "the alert at the next hub", timeoutMs: 10_000 });
  expect(after).toMatchObject({
    status: "firing",
    episodeId: firing.episodeId,
    firedAt: firing.firedAt,
    ack: { by: "ann", note: "looking" },
  });
  // And goes on: what is done at the next hub is kept by it.
  expect(await ask("POST", `alerts/episodes/${firing.episodeId}/unack`)).toMatchObject({
    id: firing.episodeId,
    ack: null,
  });
  expect((await rowOf())?.ack).toBeNull();
});

it("a process that goes down with its hub is missed by the next one; one that said goodbye is not", async () => {
  const data = await mkdtemp(join(tmpdir(), "wsight-alerts-"));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  const port = await freePort();
  const env = { PORT: String(port), DATA: data, WSIGHT_REQUESTS_PER_MINUTE: "100000" };
  const start = async (): Promise<SeatProcess> => {
    const seat = await startSeat(env);
    onTestFinished(() => seat.kill());
    return seat;
  };
  const [first, second] = [await start(), await start()];
  await start();
  const ask = await createAdmin(port, data);
  const silent = async (): Promise<readonly string[]> => {
    const active = await ask<{ rows: AlertRow[] }>("GET", "alerts/active");
    return active?.rows.flatMap((row) => (row.ruleId === "process-silent" ? [row.labels.node ?? ""] : [])) ?? [];
  };
  type Known = { results: { lines: { values: (number | null)[] }[] }[] };
  const known = async (): Promise<readonly number[]> => {
    const path = "history/query?metric=process.uptime&agg=max&from=1m&step=1s&by=node";
    const lines = (await ask<Known>("GET", path))?.results[0]?.lines ?? [];
    return lines.map(({ values }) => values.filter((value) => value !== null).length);
  };
  await until(async () => (await known()).filter((seconds) => seconds > 2).length === 3, {
    what: "a history of all three",
    timeoutMs: 20_000,
  });
  const takesOver = async (end: () => Promise<void>): Promise<void> => {
    const before = await hubAt(port);
    await end();
    await until(async () => ![before, null].includes(await hubAt(port)), { what: "the next hub", timeoutMs: 10_000 });
  };
  await takesOver(() => first.close());
  await takesOver(() => second.kill());
  await until(async () => (await silent()).length > 0, { what: "an alert that it is silent", timeoutMs: 40_000 });
  expect(await silent()).toEqual([`chat/${second.instance}`]);
}, 90_000);
