import { basename } from "node:path";
import { type AlertTables, openAlertTables } from "@wsight/hub";
import {
  alertTablesContract,
  EMPTY_COMMIT,
  findPostgres,
  sampleDraft,
  sampleEpisode,
  sampleRule,
  sampleSilence,
  sampleState,
  until,
} from "@wsight/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { makeDatabase, runSql, usePostgres } from "./postgres-rig.ts";

const MINUTE_MS = 60_000;

describe.skipIf(findPostgres() === null)("on a PostgreSQL (needs postgresql)", () => {
  const server = usePostgres();
  let opened: AlertTables[] = [];
  afterEach(async () => {
    await Promise.all(opened.map((tables) => tables.close()));
    opened = [];
  });
  const open = async (url: string, hub: string): Promise<AlertTables> => {
    const tables = await openAlertTables({ place: { engine: "postgres", url, hub }, now: Date.now });
    opened.push(tables);
    return tables;
  };

  alertTablesContract("PostgreSQL", {
    open: async (dir, now) => {
      const url = await makeDatabase(server(), basename(dir));
      return openAlertTables({ place: { engine: "postgres", url, hub: "one" }, now });
    },
  });

  describe("alerts of several hubs in one database", () => {
    it("have rules, silences and channels in common, and states and open episodes each its own", async () => {
      const url = await makeDatabase(server());
      const [one, two] = [await open(url, "one"), await open(url, "two")];
      await one.saveRule(sampleRule(), null);
      await two.saveSilence(sampleSilence("s1"));
      await one.commit({ ...EMPTY_COMMIT, instances: [sampleState("f1")], episodes: [sampleEpisode("01A")] });
      await two.commit({ ...EMPTY_COMMIT, instances: [sampleState("f1", 9)], episodes: [sampleEpisode("01B")] });
      const shared = { rules: [{ id: "slow" }], silences: [{ id: "s1" }], revision: 2 };
      expect(await one.load()).toMatchObject({
        ...shared,
        instances: [sampleState("f1")],
        episodes: [{ id: "01A" }],
      });
      expect(await two.load()).toMatchObject({
        ...shared,
        instances: [sampleState("f1", 9)],
        episodes: [{ id: "01B" }],
      });
      const page = await one.episodes({ fromAt: 0, toAt: Date.now(), limit: 10 });
      expect(page.episodes.map(({ id }) => id)).toEqual(["01B", "01A"]);
    });

    it("are told by their own hub, and by another once that is gone for 5 minutes", async () => {
      const url = await makeDatabase(server());
      const [one, two] = [await open(url, "one"), await open(url, "two")];
      const now = Date.now() + MINUTE_MS;
      await one.beat(now);
      await two.beat(now);
      await one.commit({ ...EMPTY_COMMIT, notices: [sampleDraft("firing", "E1"), sampleDraft("firing", "E2")] });
      const [mine] = await one.lease(now, 30_000, 10, []);
      expect(mine?.notices).toHaveLength(2);
      await two.beat(now + 5 * MINUTE_MS);
      expect(await two.lease(now + 5 * MINUTE_MS, 30_000, 10, [])).toEqual([]);
      await two.beat(now + 6 * MINUTE_MS);
      const [theirs] = await two.lease(now + 6 * MINUTE_MS, 30_000, 10, []);
      expect(theirs?.notices.map(({ dedupeKey }) => dedupeKey)).toEqual(["E1.firing.1.chat", "E2.firing.1.chat"]);
      // Back from wherever it was, it keeps the order of what the other one sends now.
      await one.beat(now + 6 * MINUTE_MS);
      await one.commit({ ...EMPTY_COMMIT, notices: [sampleDraft("escalated", "E1", 2)] });
      expect(await one.lease(now + 6 * MINUTE_MS, 30_000, 10, [])).toEqual([]);
      await two.settle(theirs?.notices.map(({ id }) => id) ?? [], { result: "sent", providerId: null }, now);
      expect(await one.lease(now + 6 * MINUTE_MS, 30_000, 10, [])).toHaveLength(1);
    });

    it("go on with what one before it had, where a hub has no directory to remember its name", async () => {
      const url = await makeDatabase(server());
      const first = await open(url, "once 1");
      await first.commit({ ...EMPTY_COMMIT, instances: [sampleState("f1")], episodes: [sampleEpisode("01A")] });
      const beside = await open(url, "once 2");
      expect((await beside.load()).instances).toEqual([]);
      await first.close();
      const next = await open(url, "once 3");
      expect(await next.load()).toMatchObject({ instances: [sampleState("f1")], episodes: [{ id: "01A" }] });
      expect((await (await open(url, "once 4")).load()).instances).toEqual([]);
    });

    it("make their tables once when many start at the same moment, history's beside them", async () => {
      const url = await makeDatabase(server());
      const all = await Promise.all(Array.from({ length: 8 }, (_, index) => open(url, `hub-${index}`)));
      await Promise.all(all.map((tables, index) => tables.saveSilence(sampleSilence(`s${index}`))));
      expect((await all[0]?.load())?.silences).toHaveLength(8);
      expect(await runSql(url, "SELECT version FROM wsight.alert_migrations")).toEqual([{ version: 1 }]);
    });
  });

  it("rejects while the server is away, saying where it should be, and goes on once it is back", async () => {
    const url = await makeDatabase(server());
    const tables = await open(url, "one");
    await tables.saveRule(sampleRule(), null);
    await server().stop();
    await expect(tables.commit({ ...EMPTY_COMMIT, instances: [sampleState("f1")] })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/^alerts postgres:\/\/127\.0\.0\.1:\d+\//),
    });
    await server().start();
    await until(() => tables.load().then(({ rules }) => rules.length === 1), { what: "the rules" });
    await tables.commit({ ...EMPTY_COMMIT, instances: [sampleState("f1")] });
    expect((await tables.load()).instances).toHaveLength(1);
  });

  it("refuses tables that a newer version made", async () => {
    const url = await makeDatabase(server());
    await (await open(url, "one")).load();
    await runSql(url, "INSERT INTO wsight.alert_migrations VALUES (99, now())");
    await expect((await open(url, "two")).load()).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/^alerts.*version 1 or older, got 99/),
    });
  });
});
