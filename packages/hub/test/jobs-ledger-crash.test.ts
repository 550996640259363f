import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createJobLedger, type ProcessLedger } from "@wsight/hub";
import { ALL_ENDED, endedJob, isRunning, sampleJob, until } from "@wsight/testkit";
import Database from "libsql";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeDir } from "./harness.ts";
import { firstLine, keepUntilKilled, killAfter } from "./kill-after.ts";

const ROUNDS = 10;
/** A job that every save tells of. */
const CONSTANT = 1_000_000;

function openLedger(dataDir: string, errors: string[] = []): ProcessLedger {
  const ledger = createJobLedger({ dataDir, onError: (error) => errors.push((error as Error).message) });
  onTestFinished(() => ledger.close());
  return ledger;
}

/** One save of a row of them: a job that ended, one that waits and ends with the next, one that goes on. */
function batchOf(number: number): Parameters<ProcessLedger["save"]>[0] {
  return {
    jobs: [endedJob(number), sampleJob(number + 1), sampleJob(CONSTANT, { attempt: number })],
    nodes: [{ key: "n", bytes: Uint8Array.of(number % 256) }],
  };
}

/** Every save up to the last that was acknowledged is there, once and whole, and at most one more. Says which was the last. */
async function expectAll(dataDir: string, acknowledged: number): Promise<number> {
  const ledger = createJobLedger({ dataDir, onError: () => undefined });
  const book = await ledger.load();
  const { matched } = await ledger.ended(ALL_ENDED);
  await ledger.close();
  const last = matched - 1;
  expect([acknowledged, acknowledged + 1]).toContain(last);
  const live = book?.jobs.filter(({ state }) => state === "waiting").map(({ id, attempt }) => `${id} ${attempt}`);
  expect(new Set(live)).toEqual(new Set([`job-${CONSTANT} ${last}`, `job-${last + 1} 0`]));
  expect(book?.nodes).toEqual([{ key: "n", bytes: Uint8Array.of(last % 256) }]);
  const file = new Database(join(dataDir, "jobs.db"));
  expect(file.prepare("PRAGMA integrity_check").raw().get()).toEqual(["ok"]);
  file.close();
  return last;
}

describe("what the ledger has acknowledged", () => {
  it("is there after its process was killed in the midst of a save, again and again, and callers wait for the rest", {
    timeout: 120_000,
  }, async () => {
    const dataDir = await makeDir();
    const errors: string[] = [];
    const ledger = openLedger(dataDir, errors);
    let number = 0;
    for (let round = 0; round < ROUNDS; round++) {
      for (const last = number + 2 + (round % 5); number < last; number++) await ledger.save(batchOf(number));
      const pid = ledger.pid as number;
      const dying = ledger.save(batchOf(number++));
      const killed = wait((round % 7) / 2).then(() => process.kill(pid, "SIGKILL"));
      // Whether the first try went through or not: nobody tries again, and both are kept.
      await Promise.all([dying, ledger.save(batchOf(number++)), killed]);
    }
    await ledger.save(batchOf(number));
    await ledger.close();
    expect(await expectAll(dataDir, number)).toBe(number);
    expect(errors.join()).toContain("SIGKILL");
  });

  it("is there after the hub and the ledger's process were killed at once, again and again", {
    timeout: 120_000,
  }, async () => {
    const dataDir = await makeDir();
    let next = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const acknowledged = await killAfter(
        keepUntilKilled("save-until-killed.js", dataDir, next),
        3 + (round % 4) * 5,
        round % 2 === 0,
      );
      next = (await expectAll(dataDir, acknowledged)) + 1;
    }
  });

  it("is there when the hub closes: what waits is kept first", async () => {
    const dataDir = await makeDir();
    const ledger = openLedger(dataDir);
    const saves = Array.from({ length: 200 }, (_, number) => ledger.save(batchOf(number)));
    await ledger.close();
    await ledger.close();
    await Promise.all(saves);
    expect(await expectAll(dataDir, 199)).toBe(199);
    await expect(ledger.save(batchOf(200))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});

describe("the ledger's process", () => {
  it("ends with its hub, however that ends", async () => {
    const child = keepUntilKilled("save-until-killed.js", await makeDir(), 0);
    const [, pid] = await firstLine(child);
    child.kill("SIGKILL");
    await until(() => !isRunning(pid), { what: "the end of the ledger's process" });
  });

  it("outlives the signals that reach a whole process group, so that the last can be kept", async () => {
    const ledger = openLedger(await makeDir());
    await ledger.save(batchOf(0));
    const { pid } = ledger;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(pid as number, signal);
    await ledger.save(batchOf(1));
    expect(ledger.pid).toBe(pid);
  });
});
