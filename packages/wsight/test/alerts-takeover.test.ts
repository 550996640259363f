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
    const reply = await fetch(`http://127.0.0.1:${port}/api/alerts/${path}`, {
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
    const active = await ask<{ rows: AlertRow[]; state: string }>("GET", "active");
    return active?.rows.find(({ ruleId, labels }) => ruleId === RULE.id && labels.node === `chat/${heir.instance}`);
  };
  await ask("POST", "rules", RULE);
  await heir.count(20);
  const firing = await until(
    async () => {
      const row = await rowOf();
      return row?.status === "firing" && row;
    },
    { what: "an alert that fires", timeoutMs: 15_000 },
  );
  await ask("POST", `episodes/${firing.episodeId}/ack`, { note: "looking" });
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
  expect(await ask("POST", `episodes/${firing.episodeId}/unack`)).toMatchObject({ id: firing.episodeId, ack: null });
  expect((await rowOf())?.ack).toBeNull();
});
