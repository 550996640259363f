import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { open, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createLibsqlStore, type LibsqlStore, type LibsqlStoreOptions, type Store, type StoreEvent } from "@wsight/hub";
import { contractSamples, isRunning, readAll, storeContract, until } from "@wsight/testkit";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const FILE = "history.db";

/** Kills the process that holds the database, as the system does when memory runs out. */
async function crash(store: Store): Promise<void> {
  const { pid } = store as LibsqlStore;
  process.kill(pid as number, "SIGKILL");
  await until(() => (store as LibsqlStore).pid !== pid, { what: "the end of the process" });
}

storeContract("libsql", {
  open: (dataDir, options) => createLibsqlStore({ dataDir, ...options }),
  openBackup: (path) => createLibsqlStore({ dataDir: dirname(path), file: basename(path) }),
  crash,
  corrupt: (dir) => writeFile(join(dir, FILE), "x".repeat(100_000)),
  block: async (dir) => {
    // A file where the directory should be: permissions do not stop root.
    await rename(dir, `${dir}-kept`);
    await writeFile(dir, "");
    return async () => {
      await rm(dir);
      await rename(`${dir}-kept`, dir);
    };
  },
  crashChild: new URL("./fixtures/append-until-killed.js", import.meta.url),
});

describe("the libsql store", () => {
  let dataDir = "";
  let events: StoreEvent[] = [];
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "wsight-libsql-"));
    events = [];
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));
  const openStore = (options: Partial<LibsqlStoreOptions> = {}) =>
    createLibsqlStore({ dataDir, onEvent: (event) => events.push(event), ...options });
  const setAsideFiles = () => readdirSync(dataDir).filter((name) => name.includes(".corrupt-"));

  async function filled(): Promise<void> {
    const store = await openStore();
    await store.append(contractSamples(0, 4_000));
    await store.close();
  }

  it("makes its directory, for its owner only", async () => {
    dataDir = join(dataDir, "a", "b");
    const store = await openStore();
    await store.append(contractSamples(0, 8));
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    await store.close();
  });

  it("leaves the damaged file beside the new one, byte for byte, and tells its name", async () => {
    await filled();
    const damaged = Buffer.from("not a database ".repeat(1_000));
    writeFileSync(join(dataDir, FILE), damaged);
    const store = await openStore();
    const [name] = setAsideFiles();
    expect(name).toMatch(/^history\.db\.corrupt-\d{4}-\d\d-\d\dT/);
    expect(readFileSync(join(dataDir, name as string))).toEqual(damaged);
    expect(events).toMatchObject([{ type: "set-aside", movedTo: name, reason: "file is not a database" }]);
    expect((await store.stats()).setAside).toEqual([name]);
    await store.close();
  });

  it.each(["cut short", "overwritten in the middle"])("goes on when a page is %s", async (how) => {
    await filled();
    const path = join(dataDir, FILE);
    const { size } = statSync(path);
    if (how === "cut short") truncateSync(path, size / 2);
    else {
      const file = await open(path, "r+");
      await file.write(Buffer.alloc(size - 8_192, 0x5a), 0, size - 8_192, 8_192);
      await file.close();
    }
    const store = await openStore();
    await store.append(contractSamples(4_000, 8));
    expect((await readAll(store)).length).toBeGreaterThanOrEqual(8);
    await store.append(contractSamples(0, 4_000));
    expect((await readAll(store)).length).toBeGreaterThanOrEqual(4_000);
    expect(setAsideFiles()).not.toEqual([]);
    await store.close();
  });

  it("refuses to touch a file of a newer version or of another program, and says so", async () => {
    const path = join(dataDir, FILE);
    const other = new Database(path);
    other.exec("CREATE TABLE accounts (id)");
    other.close();
    const foreign = await openStore();
    expect(events).toMatchObject([{ type: "unavailable", reason: expect.stringContaining("another program") }]);
    await foreign.close();
    rmSync(path);
    await filled();
    const newer = new Database(path);
    newer.exec("PRAGMA user_version = 99");
    newer.close();
    const store = await openStore();
    await expect(store.append(contractSamples(0, 1))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/schema version 2 or older, got 99/),
    });
    await store.close();
    expect(setAsideFiles()).toEqual([]);
  });

  it("rejects on a full disk, stays usable, and goes on when there is room", async ({ skip }) => {
    if (!mountSmallDisk(dataDir)) skip("no disk can be mounted here");
    try {
      const store = await openStore();
      await store.append(contractSamples(0, 200));
      writeFileSync(join(dataDir, "ballast"), Buffer.alloc(0));
      expect(() => writeFileSync(join(dataDir, "ballast"), Buffer.alloc(8 * 2 ** 20))).toThrow("ENOSPC");
      await expect(store.append(contractSamples(200, 4_000))).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        message: expect.stringContaining(dataDir),
      });
      rmSync(join(dataDir, "ballast"));
      await store.append(contractSamples(200, 4_000));
      expect(await readAll(store)).toHaveLength(4_200);
      expect(events.filter(({ type }) => type !== "unavailable")).toEqual([]);
      await store.close();
    } finally {
      execFileSync("umount", [dataDir]);
    }
  });

  it("refuses more than 64 calls at once and answers those it took", async () => {
    const store = await openStore();
    const calls = Array.from({ length: 80 }, (_, i) => store.append(contractSamples(i, 1)));
    const results = await Promise.allSettled(calls);
    const refused = results.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(16);
    expect(refused[0]).toMatchObject({ reason: { code: "STORE_UNAVAILABLE", message: expect.stringContaining("64") } });
    expect((await store.stats()).tiers[0]?.samples).toBe(64);
    await store.close();
  });

  it("starts its process again after each crash, later each time, and says so", async () => {
    const store = await openStore();
    for (let round = 0; round < 3; round++) {
      await crash(store);
      await until(() => store.pid !== null, { what: "a new process" });
    }
    const delays = events.map((event) => (event.type === "restarting" ? event.delayMs : 0));
    expect(delays).toHaveLength(3);
    expect(delays[2]).toBeGreaterThan(delays[0] as number);
    await until(() => store.append(contractSamples(0, 8)).then(() => true), { what: "an append" });
    await store.close();
  });

  it("starts no process again once it is closed", async () => {
    const store = await openStore();
    await crash(store);
    await store.close();
    await expect(store.stats()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(store.pid).toBeNull();
  });

  it("leaves the event loop alone while the database makes it wait", async () => {
    const store = await openStore();
    const other = new Database(join(dataDir, FILE));
    other.exec("BEGIN EXCLUSIVE");
    let settled = false;
    const append = store.append(contractSamples(0, 8)).finally(() => {
      settled = true;
    });
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(settled).toBe(false);
    other.exec("ROLLBACK");
    other.close();
    await append;
    await store.close();
  });

  it("outlives the signals that reach a whole process group, so that the last interval can be written", async () => {
    const store = await openStore();
    await store.append(contractSamples(0, 8));
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(store.pid as number, signal);
    await store.append(contractSamples(8, 8));
    expect(await readAll(store)).toHaveLength(16);
    await store.close();
  });

  // With the database in a worker thread, a process that exited during a write was aborted (SIGABRT, status 134).
  it.each(["exit", "worker"])("lets its application end as it likes in the midst of a write (%s)", async (how) => {
    for (let round = 0; round < 5; round++) {
      const child = fork(new URL("./fixtures/exit-during-append.js", import.meta.url), [dataDir, how], {
        execArgv: [],
      });
      const pid = new Promise<number>((resolve) => child.once("message", (message) => resolve(message as number)));
      const [status, signal] = await once(child, "exit");
      expect([status, signal]).toEqual([7, null]);
      const storePid = await pid;
      await until(() => !isRunning(storePid), { what: "the store's process to end with its application" });
    }
  });

  it("does not keep its application alive", async () => {
    const child = fork(new URL("./fixtures/exit-during-append.js", import.meta.url), [dataDir, "idle"], {
      execArgv: [],
    });
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it.each([
    [{ dataDir: "" }, "a directory"],
    [{ dataDir: "x", file: "../y.db" }, "a file name"],
    [{ dataDir: "x", maxBytes: 0 }, "a positive number"],
  ])("refuses %j at once", async (options, what) => {
    await expect(createLibsqlStore(options)).rejects.toMatchObject({
      code: "BAD_OPTION",
      message: expect.stringContaining(what),
    });
  });
});

/** Mounts a disk of 4 MB, where the test may. */
function mountSmallDisk(dir: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", dir], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
