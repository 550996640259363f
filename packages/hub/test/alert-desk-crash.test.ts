import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createAlertDesk, openAlertTables, type ProcessDesk } from "@wsight/hub";
import { EMPTY_COMMIT, isRunning, sampleDraft, sampleEpisode, sampleState, until } from "@wsight/testkit";
import Database from "libsql";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeDir } from "./harness.ts";
import { firstLine, keepUntilKilled, killAfter } from "./kill-after.ts";

/** Kills: enough for each of the moments that are chosen below. */
const ROUNDS = 12;
const NUMBER = (number: number): string => String(number).padStart(6, "0");

function openDesk(dataDir: string, errors: string[] = []): ProcessDesk {
  const desk = createAlertDesk({
    dataDir,
    secret: "s".repeat(32),
    instance: "test",
    onError: (error) => errors.push((error as Error).message),
  });
  onTestFinished(() => desk.close());
  return desk;
}

/** One commit of a row of them: a state that is replaced, one that is new, one that goes, an episode and a notice. */
function commitOf(number: number): Parameters<ProcessDesk["commit"]>[0] {
  const id = NUMBER(number);
  return {
    instances: [sampleState("f1", number), sampleState(`f-${id}`)],
    forgotten: [`f-${NUMBER(number - 1)}`],
    episodes: [sampleEpisode(id, number)],
    notices: [sampleDraft("firing", id, 1, { groupWaitSec: 3600 })],
  };
}

/** Every commit up to the last that was acknowledged is there, once and whole, and at most one more. */
async function expectAll(dataDir: string, acknowledged: number): Promise<number> {
  const tables = await openAlertTables({ place: { engine: "libsql", dataDir }, now: Date.now });
  const { episodes, instances } = await tables.load();
  await tables.close();
  const ids = episodes.map(({ id }) => id);
  const last = ids.length - 1;
  expect([acknowledged, acknowledged + 1]).toContain(last);
  expect(ids).toEqual(Array.from({ length: last + 1 }, (_, number) => NUMBER(number)));
  expect(instances.map(({ fingerprint }) => fingerprint)).toEqual([`f-${NUMBER(last)}`, "f1"]);
  expect(instances[1]).toEqual(sampleState("f1", last));
  const file = new Database(join(dataDir, "alerts.db"));
  const keys = file.prepare("SELECT dedupe_key FROM alert_outbox ORDER BY id").raw().all() as [string][];
  expect(keys.map(([key]) => key)).toEqual(ids.map((id) => `${id}.firing.1.chat`));
  expect(file.prepare("PRAGMA integrity_check").raw().get()).toEqual(["ok"]);
  file.close();
  return last;
}

describe("what the alert desk has acknowledged", () => {
  it("is there after its process was killed in the midst of a commit, again and again, and what was not comes by itself", {
    timeout: 120_000,
  }, async () => {
    const dataDir = await makeDir();
    const errors: string[] = [];
    const desk = openDesk(dataDir, errors);
    let number = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const last = number + 3 + (round % 5);
      for (; number < last; number++)
        await until(() => desk.commit(commitOf(number)).then(() => true), { what: "a commit" });
      const pid = desk.pid as number;
      const dying = desk.commit(commitOf(number++)).catch((error: { code: string }) => error.code);
      const killed = wait((round % 7) / 2).then(() => process.kill(pid, "SIGKILL"));
      // Whether it was acknowledged or not: nobody tries it again, and it is kept.
      expect([undefined, "STORE_UNAVAILABLE"]).toContain(await dying);
      const late = desk.commit(commitOf(number++)).catch((error: { code: string }) => error.code);
      expect([undefined, "STORE_UNAVAILABLE"]).toContain(await late);
      // Both may have been quicker than the kill, which then meets what comes next.
      await killed;
    }
    await until(() => desk.commit(commitOf(number)).then(() => true), { what: "a commit" });
    await desk.close();
    expect(await expectAll(dataDir, number)).toBe(number);
    expect(errors.some((message) => message.includes("SIGKILL"))).toBe(true);
  });

  it("is there after the hub and the desk's process were killed at once, again and again", {
    timeout: 180_000,
  }, async () => {
    const dataDir = await makeDir();
    let next = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const child = keepUntilKilled("commit-until-killed.js", dataDir, next);
      const acknowledged = await killAfter(child, 4 + (round % 6), round % 2 === 0);
      next = (await expectAll(dataDir, acknowledged)) + 1;
    }
  });

  it("is there when the hub closes: what waits is kept first", async () => {
    const dataDir = await makeDir();
    const desk = openDesk(dataDir);
    const commits = Array.from({ length: 200 }, (_, number) => desk.commit(commitOf(number)));
    await desk.close();
    await desk.close();
    await Promise.all(commits);
    expect(await expectAll(dataDir, 199)).toBe(199);
    await expect(desk.commit(commitOf(200))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});

describe("the desk's process", () => {
  it("ends with its hub, however that ends", async () => {
    const dataDir = await makeDir();
    const child = keepUntilKilled("commit-until-killed.js", dataDir, 0);
    const [, pid] = await firstLine(child);
    child.kill("SIGKILL");
    await until(() => !isRunning(pid), { what: "the end of the desk's process" });
  });

  it("outlives the signals that reach a whole process group, so that the last can be kept", async () => {
    const desk = openDesk(await makeDir());
    await desk.commit(commitOf(0));
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(desk.pid as number, signal);
    const { pid } = desk;
    await desk.commit(commitOf(1));
    expect(desk.pid).toBe(pid);
  });

  it("says that it was killed, and is well again with the next that is kept", async () => {
    const errors: string[] = [];
    const desk = openDesk(await makeDir(), errors);
    await desk.commit(commitOf(0));
    process.kill(desk.pid as number, "SIGKILL");
    await until(() => desk.status().state === "failing", { what: "the end of the process" });
    expect(desk.status().lastError).toContain("SIGKILL");
    expect(errors).toEqual(["alerts: it ended with SIGKILL"]);
    await until(() => desk.commit(commitOf(1)).then(() => true), { what: "a commit" });
    expect(desk.status()).toMatchObject({ state: "ok", lastError: null });
  });
});

describe("what can't be kept yet", () => {
  it("is told to wait for a process that does not answer, and holds up no end of the hub", {
    timeout: 60_000,
  }, async () => {
    const dataDir = await makeDir();
    const desk = openDesk(dataDir);
    await desk.commit(commitOf(0));
    const pid = desk.pid as number;
    process.kill(pid, "SIGSTOP");
    const late = desk.commit(commitOf(1));
    await until(() => desk.status().state === "failing", { what: "a desk that says so", timeoutMs: 20_000 });
    expect(desk.status().lastError).toMatch(/has not answered for/);
    process.kill(pid, "SIGCONT");
    await late;
    expect(desk.status()).toMatchObject({ state: "ok", lastError: null });
    process.kill(pid, "SIGSTOP");
    const lost = expect(desk.commit(commitOf(2))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await desk.close();
    await lost;
    expect(isRunning(pid)).toBe(false);
    expect(await expectAll(dataDir, 1)).toBe(1);
  });

  it("is put together: the newest state counts, and every notice", async () => {
    const dataDir = await makeDir();
    const desk = openDesk(dataDir);
    await desk.commit({ ...EMPTY_COMMIT, instances: [sampleState("gone")] });
    const holder = new Database(join(dataDir, "alerts.db"));
    holder.exec("BEGIN IMMEDIATE");
    const commits = Array.from({ length: 50 }, (_, number) =>
      desk.commit({ ...commitOf(number), forgotten: number === 49 ? ["gone"] : [] }),
    );
    holder.exec("ROLLBACK");
    holder.close();
    await Promise.all(commits);
    const { instances, episodes } = await desk.load();
    expect(instances.map(({ fingerprint }) => fingerprint)).toHaveLength(51);
    expect(instances.find(({ fingerprint }) => fingerprint === "f1")).toEqual(sampleState("f1", 49));
    expect(episodes).toHaveLength(50);
    expect(await desk.outbox({ limit: 100 })).toHaveLength(50);
  });

  it("gives way beyond 10,000 notices, the oldest repeats and ends first, and is counted", {
    timeout: 60_000,
  }, async () => {
    const dataDir = await makeDir();
    const desk = openDesk(dataDir);
    await desk.commit(commitOf(0));
    const holder = new Database(join(dataDir, "alerts.db"));
    holder.exec("BEGIN IMMEDIATE");
    const first = desk.commit({ ...EMPTY_COMMIT, instances: [sampleState("f2")] });
    const later = { groupWaitSec: 3600 };
    const notices = Array.from({ length: 9_999 }, (_, index) => sampleDraft("firing", `E${index}`, 1, later));
    const rest = [
      desk.commit({
        ...EMPTY_COMMIT,
        notices: [sampleDraft("resolved", "R1", 1, later), sampleDraft("firing", "F1", 1, later)],
      }),
      desk.commit({ ...EMPTY_COMMIT, notices }),
    ];
    expect(desk.status()).toMatchObject({ dropped: 1, queued: 10_000 });
    holder.exec("ROLLBACK");
    holder.close();
    await Promise.all([first, ...rest]);
    expect(await desk.outbox({ episodeId: "R1", limit: 9 })).toEqual([]);
    expect(await desk.outbox({ episodeId: "F1", limit: 9 })).toHaveLength(1);
  });

  it("does not hold up what comes after it when it is refused for good", async () => {
    const desk = openDesk(await makeDir());
    await desk.commit(commitOf(0));
    const impossible = { ...sampleDraft("firing"), channelId: null as unknown as string };
    await expect(desk.commit({ ...EMPTY_COMMIT, notices: [impossible] })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    expect(desk.status()).toMatchObject({ state: "ok", dropped: 1 });
    await desk.commit(commitOf(1));
  });
});
