import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createNotifyRig, message, type NotifyRig, notice } from "./notify-rig.ts";

async function start(): Promise<{ rig: NotifyRig; dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), "wsight-notices-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return { rig: createNotifyRig({ noticesDir: join(dir, "notices") }), dir: join(dir, "notices") };
}

test("notices are appended to a file of the data directory, one JSON line each, for its owner alone", async () => {
  const { rig, dir } = await start();
  const path = join(dir, "notices.jsonl");
  expect(await rig.send("file", {}, message(notice(), notice({ summary: "two\nlines" })))).toMatchObject({
    result: "sent",
  });
  await rig.send("file", {});
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line).summary)).toEqual([notice().summary, "two\nlines", notice().summary]);
  expect(JSON.parse(lines[0] ?? "")).toEqual({ instance: "hub-1", ...notice() });
  expect((await stat(path)).mode & 0o077).toBe(0);
});

test("a file of 16 MB makes room, and one of them is kept", async () => {
  const { rig, dir } = await start();
  await rig.send("file", {});
  const path = join(dir, "notices.jsonl");
  await writeFile(path, "x".repeat(16 * 1024 * 1024));
  await rig.send("file", {});
  expect((await stat(`${path}.1`)).size).toBe(16 * 1024 * 1024);
  expect((await stat(path)).size).toBeLessThan(10_000);
});

test.each(["../evil", "/etc/passwd", "a/b", ".hidden", "a\nb", "x".repeat(65)])(
  "no file is written as %j",
  async (file) => {
    const { rig, dir } = await start();
    expect(await rig.send("file", { config: { file } })).toMatchObject({
      result: "dead",
      error: expect.stringContaining("File:"),
    });
    await expect(stat(dir)).rejects.toThrow();
  },
);

test("without a data directory nothing is written", async () => {
  const tried = await createNotifyRig().send("file", {});
  expect(tried).toEqual({ result: "dead", error: "there is no data directory to write to" });
});
