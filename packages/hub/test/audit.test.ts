import { appendFile, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Audit, type AuditEntry, createAudit } from "@wsight/hub";
import { expect, test } from "vitest";
import { HandClock } from "./current-rig.ts";
import { makeDir } from "./harness.ts";

const DONE: Omit<AuditEntry, "at"> = {
  sub: "ann",
  role: "admin",
  action: "disconnect",
  target: "chat/a/7",
  outcome: "done",
  detail: null,
};

function openAudit(dataDir: string | null, maxFileBytes?: number): Audit & { readonly troubles: unknown[] } {
  const troubles: unknown[] = [];
  const onError = (error: unknown): number => troubles.push(error);
  const limit = maxFileBytes === undefined ? {} : { maxFileBytes };
  return { ...createAudit({ dataDir, clock: new HandClock(), onError, ...limit }), troubles };
}

const targets = async (audit: Audit): Promise<string[]> => (await audit.entries(500)).map(({ target }) => target);

test("what was done is on disk, for its owner alone, before it is answered, and the next hub tells it", async () => {
  const dataDir = join(await makeDir(), "data");
  const audit = openAudit(dataDir);
  await audit.record(DONE);
  expect(JSON.parse(await readFile(join(dataDir, "audit.log"), "utf8"))).toMatchObject(DONE);
  expect((await stat(join(dataDir, "audit.log"))).mode & 0o777).toBe(0o600);
  await audit.record({ ...DONE, target: "chat/a/8" });
  const next = openAudit(dataDir);
  await next.record({ ...DONE, target: "chat/a/9" });
  expect(await targets(next)).toEqual(["chat/a/9", "chat/a/8", "chat/a/7"]);
  expect(await next.entries(1)).toHaveLength(1);
  expect([audit.troubles, next.troubles]).toEqual([[], []]);
});

test("closing waits for what is still being written", async () => {
  const dataDir = await makeDir();
  const audit = openAudit(dataDir);
  for (let i = 0; i < 50; i++) void audit.record({ ...DONE, target: `chat/a/${i}` });
  await audit.close();
  const lines = (await readFile(join(dataDir, "audit.log"), "utf8")).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).target)).toEqual(Array.from({ length: 50 }, (_, i) => `chat/a/${i}`));
});

test("the file is bounded: a full one becomes the older of two, and both are read back", async () => {
  const dataDir = await makeDir();
  const audit = openAudit(dataDir, 1000);
  for (let i = 0; i < 40; i++) await audit.record({ ...DONE, target: `chat/a/${i}` });
  const sizes = await Promise.all(
    ["audit.log", "audit.log.1"].map(async (name) => (await stat(join(dataDir, name))).size),
  );
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
  const kept = await targets(openAudit(dataDir, 1000));
  expect(kept.length).toBeGreaterThan(7);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => `chat/a/${39 - i}`));
});

test("half a line, left by who was killed while writing, swallows no other", async () => {
  const dataDir = await makeDir();
  await openAudit(dataDir).record(DONE);
  await appendFile(join(dataDir, "audit.log"), '{"at":1,"sub":"a');
  await openAudit(dataDir).record({ ...DONE, target: "chat/a/8" });
  expect(await targets(openAudit(dataDir))).toEqual(["chat/a/8", "chat/a/7"]);
});

test("what can't be written is held, counted and told, and the action is answered all the same", async () => {
  const dir = await makeDir();
  await writeFile(join(dir, "data"), "a file, not a directory");
  const audit = openAudit(join(dir, "data"));
  await audit.record(DONE);
  expect(await targets(audit)).toEqual(["chat/a/7"]);
  expect(audit.stats()).toEqual({ unwritten: 1, leftOut: 0 });
  expect(audit.troubles.length).toBeGreaterThan(0);
  const memory = openAudit(null);
  await memory.record(DONE);
  expect(memory.stats()).toEqual({ unwritten: 0, leftOut: 0 });
});

test("500 entries are held, and a flood of refused attempts does not push out what was done", async () => {
  const audit = openAudit(null);
  await audit.record(DONE);
  for (let i = 0; i < 600; i++) await audit.record({ ...DONE, sub: "eve", role: "viewer", outcome: "refused" });
  expect(await audit.entries(500)).toHaveLength(11);
  expect(audit.stats().leftOut).toBe(590);
  for (let i = 0; i < 600; i++) await audit.record({ ...DONE, target: `chat/a/${i}` });
  expect((await targets(audit)).slice(0, 2)).toEqual(["chat/a/599", "chat/a/598"]);
  expect(await audit.entries(500)).toHaveLength(500);
});

test("a flood of attempts that fail does not push out what was done, in memory nor on disk", async () => {
  const dataDir = await makeDir();
  const audit = openAudit(dataDir, 4000);
  for (let i = 0; i < 5; i++) await audit.record({ ...DONE, target: `done/${i}` });
  for (let i = 0; i < 700; i++) await audit.record({ ...DONE, target: `failed/${i}`, outcome: "failed", detail: "x" });
  for (const one of [audit, openAudit(dataDir, 4000)]) {
    const kept = await targets(one);
    expect(kept[0]).toBe("failed/699");
    expect(kept.filter((target) => target.startsWith("done/"))).toEqual([4, 3, 2, 1, 0].map((i) => `done/${i}`));
  }
});

test("names can't end a line, steer a terminal or turn text around", async () => {
  const dataDir = await makeDir();
  const sub = "a\n{}\u001b[2J\u009b2J\u2028\u202eb\u200b";
  await openAudit(dataDir).record({ ...DONE, sub });
  const text = await readFile(join(dataDir, "audit.log"), "utf8");
  expect(text).toMatch(/^[\x20-\x7e]+\n$/);
  expect(await openAudit(dataDir).entries(1)).toMatchObject([{ sub }]);
});
