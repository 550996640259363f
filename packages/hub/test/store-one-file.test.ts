import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLibsqlStore, type LibsqlStore, type StoreEvent } from "@wsight/hub";
import { CONTRACT_SERIES, contractSample, readAll, sorted, steadySamples } from "@wsight/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const HOUR_MS = 3_600_000;

describe("the file of the embedded history", () => {
  let dataDir = "";
  let events: StoreEvent[] = [];
  const stores: LibsqlStore[] = [];
  const openStore = async (): Promise<LibsqlStore> => {
    const store = await createLibsqlStore({ dataDir, onEvent: (event) => events.push(event) });
    stores.push(store);
    return store;
  };
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "wsight-one-file-"));
    events = [];
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it("keeps what two processes write to it at once, all of it", async () => {
    const both = [await openStore(), await openStore()] as const;
    const batch = 300 * CONTRACT_SERIES;
    const rounds = 30;
    for (let round = 0; round < rounds; round++) {
      await both[round % 2]?.append(steadySamples(round * batch, batch));
    }
    const whole = sorted(steadySamples(0, rounds * batch));
    for (const store of stores.splice(0)) await store.close();
    const after = await openStore();
    expect(await readAll(after)).toEqual(whole);
    expect((await after.stats()).tiers[0]?.samples).toBe(whole.length);
  });

  it("keeps what two processes write to it in the same moments, however often one comes between the other's steps", async () => {
    const both = [await openStore(), await openStore()] as const;
    const batch = 100 * CONTRACT_SERIES;
    const rounds = 20;
    for (let round = 0; round < rounds; round += 2) {
      await Promise.all(both.map((store, place) => store.append(steadySamples((round + place) * batch, batch))));
    }
    // A process sees what the other one wrote when it writes itself, or begins.
    for (const store of stores.splice(0)) await store.close();
    expect(await readAll(await openStore())).toEqual(sorted(steadySamples(0, rounds * batch)));
  });

  it("is made anew when its directory is deleted, and that is told", async () => {
    const store = await openStore();
    await store.append(steadySamples(0, 80));
    rmSync(dataDir, { recursive: true, force: true });
    await store.append(steadySamples(80, 80));
    expect(existsSync(join(dataDir, "history.db"))).toBe(true);
    expect(events.map(({ type }) => type)).toContain("unavailable");
    await store.close();
    expect(await readAll(await openStore())).toEqual(sorted(steadySamples(80, 80)));
  });

  it("refuses a time that lies centuries ahead, so that no other series is touched", async () => {
    const store = await openStore();
    const at = Date.UTC(2300, 0, 1);
    const future = Array.from({ length: CONTRACT_SERIES }, (_, i) => ({ ...contractSample(i), at }));
    await expect(store.append(future)).rejects.toMatchObject({ code: "BAD_REQUEST" });
    const near = future.map((sample) => ({ ...sample, at: Date.UTC(2100, 0, 1) + 2 * HOUR_MS }));
    await store.append(near);
    expect(await readAll(store)).toEqual(sorted(near));
  });
});
