import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AlertTables, openAlertTables } from "@wsight/hub";
import { alertTablesContract, EMPTY_COMMIT, sampleDraft, sampleRule, sampleState } from "@wsight/testkit";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const FILE = "alerts.db";

alertTablesContract("libsql", {
  open: (dataDir, now) => openAlertTables({ place: { engine: "libsql", dataDir }, now }),
});

describe("alerts in a file", () => {
  let dataDir = "";
  let opened: AlertTables[] = [];
  let changes: { readonly movedTo: string | null; readonly reason: string }[] = [];
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "wsight-alerts-"));
    opened = [];
    changes = [];
  });
  afterEach(async () => {
    await Promise.all(opened.map((tables) => tables.close()));
    rmSync(dataDir, { recursive: true, force: true });
  });
  const open = async (dir: string | null = dataDir): Promise<AlertTables> => {
    const tables = await openAlertTables({
      place: { engine: "libsql", dataDir: dir },
      now: Date.now,
      onFileChange: (change) => changes.push(change),
    });
    opened.push(tables);
    return tables;
  };
  const path = () => join(dataDir, FILE);
  const filled = async (): Promise<void> => {
    const tables = await open();
    await tables.saveRule(sampleRule(), null);
    await tables.commit({ ...EMPTY_COMMIT, instances: Array.from({ length: 500 }, (_, i) => sampleState(`f${i}`)) });
    await tables.close();
  };

  it("makes its directory, for its owner only, with the first call", async () => {
    const dir = join(dataDir, "a", "b");
    const tables = await open(dir);
    expect(existsSync(dir)).toBe(false);
    await tables.saveRule(sampleRule(), null);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it("moves a damaged file aside, byte for byte, says where, and begins an empty one", async () => {
    const damaged = Buffer.from("not a database ".repeat(1_000));
    writeFileSync(path(), damaged);
    const tables = await open();
    expect(await tables.load()).toMatchObject({ rules: [], revision: 0 });
    expect(changes).toMatchObject([
      { movedTo: expect.stringMatching(/^alerts\.db\.corrupt-/), reason: /not a database/ },
    ]);
    expect(readFileSync(join(dataDir, changes[0]?.movedTo ?? ""))).toEqual(damaged);
    expect(await tables.saveRule(sampleRule(), null)).toMatchObject({ version: 1 });
  });

  it("goes on when the file was cut short", async () => {
    await filled();
    truncateSync(path(), statSync(path()).size / 2);
    const tables = await open();
    await tables.load().catch(() => undefined);
    await tables.commit({ ...EMPTY_COMMIT, notices: [sampleDraft("firing")] }).catch(() => undefined);
    await tables.commit({ ...EMPTY_COMMIT, notices: [sampleDraft("firing", "E2")] });
    expect((await tables.load()).instances.length).toBeLessThanOrEqual(500);
    expect(changes).not.toEqual([]);
    expect(readdirSync(dataDir).some((name) => name.includes(".corrupt-"))).toBe(true);
  });

  it("begins anew when the file is deleted or moved away under it, and says so", async () => {
    await filled();
    const tables = await open();
    expect((await tables.load()).rules).toHaveLength(1);
    for (const companion of ["", "-wal", "-shm"]) {
      if (existsSync(path() + companion)) renameSync(path() + companion, join(dataDir, `moved${companion}`));
    }
    expect((await tables.load()).rules).toEqual([]);
    await tables.saveRule(sampleRule(), null);
    expect(existsSync(path())).toBe(true);
    expect(changes).toMatchObject([{ movedTo: null, reason: expect.stringContaining("deleted or moved away") }]);
  });

  it("leaves a file of a newer version or of another program alone, and says so", async () => {
    const other = new Database(path());
    other.exec("CREATE TABLE accounts (id)");
    other.close();
    const tables = await open();
    await expect(tables.load()).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/^alerts.*another program/),
    });
    rmSync(path());
    await filled();
    const newer = new Database(path());
    newer.exec("PRAGMA user_version = 99");
    newer.close();
    await expect((await open()).saveRule(sampleRule(), null)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/^alerts.*version 1 or older, got 99/),
    });
    expect(changes).toEqual([]);
  });

  it("rejects while its directory can't be used, and goes on once it can", async () => {
    const dir = join(dataDir, "taken");
    writeFileSync(dir, "");
    const tables = await open(dir);
    await expect(tables.load()).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining(join(dir, FILE)),
    });
    rmSync(dir);
    expect(await tables.load()).toMatchObject({ rules: [] });
  });

  it("rejects on a full disk, keeps nothing of what was rejected, and goes on when there is room", async ({ skip }) => {
    if (!mountSmallDisk(dataDir)) skip("no disk can be mounted here");
    try {
      const tables = await open();
      await tables.saveRule(sampleRule(), null);
      expect(() => writeFileSync(join(dataDir, "ballast"), Buffer.alloc(8 * 2 ** 20))).toThrow("ENOSPC");
      const instances = Array.from({ length: 2_000 }, (_, index) => sampleState(`f${index}`));
      const whole = { ...EMPTY_COMMIT, instances, notices: [sampleDraft("firing")] };
      await expect(tables.commit(whole)).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        message: expect.stringMatching(/alerts\.db: the disk/),
      });
      rmSync(join(dataDir, "ballast"));
      expect(await tables.load()).toMatchObject({ rules: [{ version: 1 }], instances: [] });
      await tables.commit(whole);
      expect((await tables.load()).instances).toHaveLength(2_000);
      expect(changes).toEqual([]);
      await tables.close();
    } finally {
      // Files of a closed connection are let go of when its statements are collected.
      execFileSync("umount", ["-l", dataDir]);
    }
  });

  it("waits for another process that writes, with all else going on meanwhile", async () => {
    const tables = await open();
    await tables.saveRule(sampleRule(), null);
    const other = new Database(path());
    other.exec("BEGIN IMMEDIATE");
    let kept = false;
    const saved = tables.saveRule(sampleRule({ warn: 0.3 }), 1).finally(() => {
      kept = true;
    });
    let turns = 0;
    while (turns++ < 20) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(kept).toBe(false);
    other.exec("ROLLBACK");
    other.close();
    expect(await saved).toMatchObject({ version: 2 });
  });

  it("has the leases of a process that was killed due again at once", async () => {
    const tables = await open();
    await tables.commit({ ...EMPTY_COMMIT, notices: [sampleDraft("firing")] });
    await tables.lease(Date.now(), 60_000, 10, []);
    const other = new Database(path());
    const pid = execFileSync("sh", ["-c", "echo $$"], { encoding: "utf8" }).trim();
    const lease = other.prepare("SELECT lease_by FROM alert_outbox").raw().get() as [string];
    const [host, , ...rest] = lease[0].split(" ");
    other.prepare("UPDATE alert_outbox SET lease_by = ?").run([host, pid, ...rest].join(" "));
    other.close();
    expect(await tables.lease(Date.now(), 60_000, 10, [])).toEqual([]);
    await tables.beat(Date.now());
    expect(await tables.lease(Date.now(), 60_000, 10, [])).toHaveLength(1);
  });

  it("keeps everything in memory where there is no directory", async () => {
    const tables = await open(null);
    await tables.saveRule(sampleRule(), null);
    await tables.commit({ ...EMPTY_COMMIT, notices: [sampleDraft("firing")] });
    await expect(tables.saveRule(sampleRule(), null)).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await tables.load()).toMatchObject({ rules: [{ version: 1 }] });
    expect(await tables.lease(Date.now(), 1_000, 10, [])).toHaveLength(1);
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
