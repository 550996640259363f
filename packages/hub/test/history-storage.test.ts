import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHub, type Hub } from "@wsight/hub";
import { HISTORY_TIERS, type HistoryStorage } from "@wsight/protocol";
import { findPostgres, startPostgres } from "@wsight/testkit";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ask, bearer, SECRET } from "./harness.ts";
import { createSmallProbe } from "./small-probe.ts";

const HOUR_MS = 3_600_000;
/** Nothing is kept longer: shorter than the longest tier. */
const MOST_MS = 60 * 24 * HOUR_MS;
const PATH = "/api/history/storage";
let dataDir = "";
let hub: Hub;
let headers: Record<string, string> = {};

async function storage(): Promise<HistoryStorage> {
  const { status, json } = await ask(hub, PATH, { headers });
  expect(status).toBe(200);
  return json as unknown as HistoryStorage;
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "wsight-history-storage-"));
  const limits = { retention: { "1s": 6 * HOUR_MS }, retentionMs: MOST_MS, storeMaxBytes: 50_000_000 };
  hub = await createHub({ port: 0, dataDir, secret: SECRET, env: {}, dashboardDir: "/nonexistent", ...limits });
  headers = { ...(await bearer("viewer")) };
});
afterAll(async () => {
  await hub.close();
  await rm(dataDir, { recursive: true, force: true });
});

describe("what history takes", () => {
  it("is told tier by tier, with how long each is kept and the size cap", async () => {
    await vi.waitFor(storage, { timeout: 20_000, interval: 250 });
    const { tiers, maxBytes, setAside } = await storage();
    expect(tiers.map(({ name, keepMs }) => [name, keepMs])).toEqual(
      HISTORY_TIERS.map(({ name, keepMs }) => [name, name === "1s" ? 6 * HOUR_MS : Math.min(keepMs, MOST_MS)]),
    );
    expect({ maxBytes, setAside }).toEqual({ maxBytes: 50_000_000, setAside: [] });
  });

  it("grows with what is recorded", async () => {
    const probe = createSmallProbe();
    const link = hub.openLink(() => {});
    for (const message of probe.greeting) link.receive(message);
    let opened = 0;
    await vi.waitFor(
      async () => {
        opened += 5;
        link.receive(probe.snapshot(opened, 7));
        const { samples, bytes, tiers } = await storage();
        expect(samples).toBeGreaterThan(0);
        expect(bytes).toBeGreaterThan(0);
        expect(tiers[0]?.newestAt).toBeGreaterThan(Date.now() - HOUR_MS);
      },
      { timeout: 20_000, interval: 500 },
    );
  });

  it("needs a viewer, and a hub that keeps history", async () => {
    expect((await ask(hub, PATH)).status).toBe(401);
    const none = await createHub({ port: 0, dataDir: null, secret: SECRET, env: {}, dashboardDir: "/nonexistent" });
    const { status, json } = await ask(none, PATH, { headers });
    expect(status).toBe(503);
    expect(json).toMatchObject({ error: { code: "STORE_UNAVAILABLE" } });
    await none.close();
  });

  it.skipIf(findPostgres() === null)("claims no cap where there is none: a database takes what it takes", async () => {
    const postgres = await startPostgres();
    const limits = { store: postgres.url, storeMaxBytes: 50_000_000 };
    const far = await createHub({
      port: 0,
      dataDir: null,
      secret: SECRET,
      env: {},
      dashboardDir: "/nonexistent",
      ...limits,
    });
    try {
      const told = await vi.waitFor(
        async () => {
          const { status, json } = await ask(far, PATH, { headers });
          expect(status).toBe(200);
          return json;
        },
        { timeout: 20_000, interval: 250 },
      );
      expect(told.maxBytes).toBeNull();
    } finally {
      await far.close();
      await postgres.close();
    }
  });
});
