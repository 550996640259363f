import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { createJobLedger, createLibsqlStore, openAlertTables, type Store, signToken } from "@wsight/hub";
import { contractEvents, EMPTY_BATCH, endedJob, sampleJob, sampleRule, steadySamples, until } from "@wsight/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { wsight } from "./program.ts";

const LINK = /http:\/\/127\.0\.0\.1:\d+/;
const SECRET = "a-secret-for-tests-of-at-least-32-characters";

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "wsight-export-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A store as a running hub holds it. */
async function openStore(dataDir: string, seconds = 0): Promise<Store> {
  const store = await createLibsqlStore({ dataDir });
  onTestFinished(() => store.close());
  await store.append(steadySamples(0, seconds * 8));
  await store.appendEvents(contractEvents(0, seconds === 0 ? 0 : 20));
  return store;
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const program = wsight(args, env);
  onTestFinished(() => void program.child.kill("SIGKILL"));
  const { code } = await program.ended;
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

describe("wsight export and import", () => {
  it("take history from a directory that a hub writes to into another, and nothing is lost", async () => {
    const dir = await makeDir();
    await openStore(join(dir, "one"), 120);
    const file = join(dir, "history.ndjson.gz");
    const exported = await run(["export", "--data", join(dir, "one"), "--out", file]);
    expect(exported).toMatchObject({ code: 0, stdout: "" });
    // What the file takes, compressed as it is.
    expect(exported.stderr).toContain(`${(await stat(file)).size.toLocaleString("en")} bytes to ${file}`);
    const imported = await run(["import", file, "--data", join(dir, "two")]);
    expect(imported.stderr).toMatch(/1,\d{3} samples and 20 events to /);
    expect(imported.code).toBe(0);
    const again = await run(["export", "--data", join(dir, "two")]);
    expect(again.stdout).toBe(gunzipSync(await readFile(file)).toString());
    expect(again.stdout.match(/"type":"sample"/g)?.length).toBeGreaterThan(960);
    expect((await readdir(dir)).sort()).toEqual(["history.ndjson.gz", "one", "two"]);
  });

  it("write what is asked for in the format that is asked for", async () => {
    const dir = await makeDir();
    await openStore(dir, 60);
    const metric = "websocket.server.active_connections";
    const { code, stdout } = await run(["export", "--metric", metric, "--step", "10s", "--format", "csv"], {
      WSIGHT_DATA: dir,
    });
    expect(code).toBe(0);
    const [header, ...rows] = stdout.trim().split("\r\n");
    expect(header).toContain("min ({connection})");
    expect(rows).toHaveLength(2 * 6);
    const events = await run(["export", "--data", dir, "--events", "--format", "json"]);
    expect(JSON.parse(events.stdout).events).toHaveLength(20);
  });

  it("refuse what can't be right, and touch nothing then", async () => {
    const dir = await makeDir();
    const store = await openStore(join(dir, "used"), 10);
    await writeFile(join(dir, "there"), "mine");
    const wrong = [
      [["export", "--data", join(dir, "none")], "expected the data directory of a hub that has kept history"],
      [["export", "--data", join(dir, "used"), "--step", "2s"], "--step: expected one of 1s, 10s"],
      [["export", "--data", join(dir, "used"), "--out", join(dir, "there")], "--out: expected a new file"],
      [["import"], "expected a file that wsight export wrote"],
      [["import", join(dir, "nothing")], "expected a file that can be read"],
      [["import", join(dir, "there"), "--data", join(dir, "used")], "expected a history that no hub has open"],
      [["backup", join(dir, "there"), "--data", join(dir, "used")], "expected a new file"],
    ] as const;
    const answers = await Promise.all(wrong.map(([args]) => run(args)));
    wrong.forEach(([args, message], i) => {
      const { code, stderr } = answers[i] ?? {};
      expect([args[0], code, stderr]).toEqual([args[0], 2, expect.stringContaining(message)]);
    });
    expect(await readFile(join(dir, "there"), "utf8")).toBe("mine");
    expect((await store.stats()).tiers[0]?.samples).toBe(80);
    const alien = await run(["import", join(dir, "there"), "--data", join(dir, "new")]);
    expect(alien).toMatchObject({ code: 1, stderr: expect.stringContaining("line 1: ") });
  }, 60_000);

  it("say when a file is not whole", async () => {
    const dir = await makeDir();
    await openStore(join(dir, "one"), 20);
    const { stdout } = await run(["export", "--data", join(dir, "one")]);
    await writeFile(join(dir, "half"), stdout.slice(0, stdout.length / 2).replace(/\n[^\n]*$/, "\n"));
    const imported = await run(["import", join(dir, "half"), "--data", join(dir, "two")]);
    expect(imported.stderr).toContain("is not whole");
    expect(imported.code).toBe(1);
  });

  it("say what can't be read, and no more", async () => {
    const dir = await makeDir();
    await writeFile(join(dir, "broken.gz"), Uint8Array.of(0x1f, 0x8b, 1, 2, 3));
    for (const path of [join(dir, "broken.gz"), dir]) {
      const { code, stderr } = await run(["import", path, "--data", join(dir, "new")]);
      expect(code).toBe(2);
      expect(stderr).toContain(`${path}: expected a file that can be read (`);
      expect(stderr).not.toContain("    at ");
    }
  });

  it("leave nothing behind when they are ended early", async () => {
    const dir = await makeDir();
    await openStore(join(dir, "one"), 4_000);
    const program = wsight(["export", "--data", join(dir, "one"), "--out", join(dir, "out")], { TMPDIR: dir });
    await until(() => existsSync(join(dir, "out.partial")), { what: "the first bytes", timeoutMs: 20_000 });
    program.child.kill("SIGINT");
    expect((await program.ended).code).toBe(130);
    expect(await readdir(dir)).toEqual(["one"]);
  });

  it("read a running hub over its address", async () => {
    const dir = await makeDir();
    const store = await openStore(dir, 30);
    const now = Math.floor(Date.now() / 1000) * 1000 - 60_000;
    const first = steadySamples(0, 1)[0]?.at ?? 0;
    await store.append(steadySamples(0, 240).map((sample) => ({ ...sample, at: sample.at - first + now })));
    await store.close();
    const hub = wsight(["hub", "--port", "0", "--data", dir, "--secret", SECRET]);
    onTestFinished(() => void hub.child.kill("SIGKILL"));
    const [url = ""] = await hub.saw(LINK);
    const here = await until(
      async () => {
        const answer = await run([
          "export",
          "--url",
          url,
          "--from",
          "1h",
          "--step",
          "1s",
          "--data",
          dir,
          "--secret",
          SECRET,
        ]);
        return answer.code === 0 && answer;
      },
      { what: "the store to be open", timeoutMs: 20_000 },
    );
    expect(here.stdout.match(/"type":"sample"/g)?.length).toBe(240);
    const token = await signToken({ sub: "someone", role: "viewer", ttlMs: 60_000 }, SECRET);
    const out = join(dir, "rtt.csv");
    const [lost, file, nobody] = await Promise.all([
      run(["export", "--url", url, "--token", "nonsense"]),
      run(["export", "--url", url, "--format", "csv", "--from", "1h", "--out", out], { WSIGHT_TOKEN: token }),
      run(["export", "--url", "http://127.0.0.1:1", "--token", token]),
    ]);
    expect(lost).toMatchObject({ code: 1, stderr: expect.stringContaining("answered 401") });
    expect(file.code).toBe(0);
    expect((await readFile(out, "utf8")).split("\r\n")).toHaveLength(242);
    expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining("http://127.0.0.1:1: no answer") });
  }, 60_000);
});

describe("wsight backup", () => {
  it("copies a history that is in use to one file that can take its place", async () => {
    const dir = await makeDir();
    await openStore(join(dir, "one"), 30);
    const { code, stderr } = await run(["backup", join(dir, "history.db"), "--data", join(dir, "one")]);
    expect(stderr).toContain(`bytes to ${join(dir, "history.db")}`);
    expect(code).toBe(0);
    const [one, copy] = await Promise.all(
      [join(dir, "one"), dir].map((data) => run(["export", "--data", data, "--format", "ndjson"])),
    );
    expect(copy?.stdout).toBe(one?.stdout);
    expect(copy?.stdout.length).toBeGreaterThan(10_000);
    expect((await readdir(dir)).sort()).toEqual(["history.db", "one"]);
  });

  it("copies alerts that are in use beside it, and refuses both where one has no room", async () => {
    const dir = await makeDir();
    const data = join(dir, "one");
    await openStore(data, 1);
    const tables = await openAlertTables({ place: { engine: "libsql", dataDir: data }, now: Date.now });
    onTestFinished(() => tables.close());
    await tables.saveRule(sampleRule({ id: "mine" }), null);
    await writeFile(join(dir, "old-alerts.db"), "mine");
    const refused = await run(["backup", join(dir, "old.db"), "--data", data]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("old-alerts.db: expected a new file") });
    expect(existsSync(join(dir, "old.db"))).toBe(false);
    const { code, stderr } = await run(["backup", join(dir, "copy.db"), "--data", data]);
    expect(code).toBe(0);
    expect(stderr).toContain(`bytes to ${join(dir, "copy-alerts.db")}; to go back to it`);
    expect((await stat(join(dir, "copy-alerts.db"))).mode & 0o777).toBe(0o600);
    await mkdir(join(dir, "two"));
    await rename(join(dir, "copy-alerts.db"), join(dir, "two", "alerts.db"));
    const back = await openAlertTables({ place: { engine: "libsql", dataDir: join(dir, "two") }, now: Date.now });
    onTestFinished(() => back.close());
    expect(await back.load()).toEqual(await tables.load());
  });

  it("copies jobs that are in use beside it", async () => {
    const dir = await makeDir();
    const data = join(dir, "one");
    await openStore(data, 1);
    const ledger = createJobLedger({ dataDir: data, onError: () => undefined });
    onTestFinished(() => ledger.close());
    await ledger.save({ ...EMPTY_BATCH, jobs: [endedJob(1), sampleJob(2)] });
    const { code, stderr } = await run(["backup", join(dir, "copy.db"), "--data", data]);
    expect(code).toBe(0);
    expect(stderr).toContain(`bytes to ${join(dir, "copy-jobs.db")}; to go back to it`);
    await mkdir(join(dir, "two"));
    await rename(join(dir, "copy-jobs.db"), join(dir, "two", "jobs.db"));
    const back = createJobLedger({ dataDir: join(dir, "two"), onError: () => undefined });
    onTestFinished(() => back.close());
    expect(await back.load()).toEqual(await ledger.load());
    expect((await back.load())?.jobs).toHaveLength(2);
  });
});
