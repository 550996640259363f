import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPostgres, type PostgresServer, startPostgres, until } from "@wsight/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { monitor } from "wsight";
import { signIn } from "./hub-client.ts";
import { wsight } from "./program.ts";

const AWAY = "postgres://nobody:hidden-word@127.0.0.1:1/none";
const LINK = /http:\/\/127\.0\.0\.1:\d+\/dashboard#code=[\w-]+/;

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "wsight-store-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

describe("the option store", () => {
  it.each([
    ["--store", ["--store", AWAY], {}],
    ["WSIGHT_STORE", [], { WSIGHT_STORE: AWAY }],
  ])(
    "given as %s names a database; one that is away delays nothing and is told without its password",
    async (_, args, env) => {
      const data = await makeDir();
      const hub = wsight(["hub", "--port", "0", "--data", data, ...args], env);
      onTestFinished(() => void hub.child.kill("SIGKILL"));
      const [link = ""] = await hub.saw(LINK);
      const client = await signIn(link);
      const said = await until(
        async () => {
          const report = JSON.stringify(await client.get("/api/doctor"));
          return report.includes("postgres://127.0.0.1:1/none is away") && report;
        },
        { what: "the finding", timeoutMs: 15_000 },
      );
      await until(() => hub.stderr().includes("nothing listens there"), { what: "the report", timeoutMs: 15_000 });
      hub.child.kill("SIGTERM");
      expect((await hub.ended).code).toBe(0);
      expect(`${said}${hub.stdout()}${hub.stderr()}`).not.toContain("hidden-word");
      expect(await readdir(data)).not.toContain("history.db");
    },
  );

  it("is refused when it is no PostgreSQL, without repeating it", async () => {
    const hub = wsight(["hub", "--store", "mysql://root:hidden-word@localhost/x"]);
    expect((await hub.ended).code).not.toBe(0);
    expect(hub.stderr()).toContain(
      "--store: expected an address like postgres://user@host:5432/database, got mysql://…",
    );
    expect(hub.stderr()).not.toContain("hidden-word");
  });
});

describe.skipIf(findPostgres() === null)("history of an application in PostgreSQL (needs postgresql)", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.close());

  it("is there, answers over the API, and goes on after a restart", async () => {
    const data = await makeDir();
    for (const _round of [1, 2]) {
      const before = await count();
      const w = await monitor(
        {},
        { service: "shop", store: server.url, storeIntervalMs: 1000, port: 0, data, quiet: true },
      );
      const client = await signIn(String(w.link));
      await until(async () => (await count()) >= before + 3, { what: "seconds", timeoutMs: 20_000 });
      const history = (await client.get("/api/websocket/metrics/history/?hours=1")) as { data_points: number };
      expect(history.data_points).toBeGreaterThan(0);
      expect(JSON.stringify(await client.get("/api/doctor"))).toMatch(
        /PostgreSQL \d+[.\d]* at postgres:.+Nothing waits/,
      );
      await w.close();
    }
    expect(await readdir(join(data, "spool"))).toEqual([]);
  });

  /** Appends that are not in blocks yet: one each second. */
  async function count(): Promise<number> {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    try {
      const { rows } = await client.query("SELECT count(*) FROM wsight.head");
      return Number(rows[0].count);
    } catch {
      return 0;
    } finally {
      await client.end();
    }
  }
});
