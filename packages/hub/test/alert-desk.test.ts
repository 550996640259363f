import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AlertDeskOptions, createAlertDesk, type ProcessDesk } from "@wsight/hub";
import {
  EMPTY_COMMIT,
  sampleDraft,
  sampleEpisode,
  sampleNotice,
  sampleRule,
  sampleSilence,
  sampleState,
  startWebhookReceiver,
  until,
} from "@wsight/testkit";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { makeDir } from "./harness.ts";

const FILE_CHANNEL = {
  id: "log",
  name: "Log",
  type: "file",
  enabled: true,
  config: { file: "told.jsonl" },
  secrets: {},
} as const;
const TEST = sampleNotice("test", null);

describe("the alert desk", () => {
  let dataDir = "";
  let desks: ProcessDesk[] = [];
  let errors: string[] = [];
  beforeEach(async () => {
    dataDir = await makeDir();
    desks = [];
    errors = [];
  });
  afterEach(() => Promise.all(desks.map((desk) => desk.close())));
  const open = (options: Partial<AlertDeskOptions> = {}): ProcessDesk => {
    const desk = createAlertDesk({
      dataDir,
      secret: "s".repeat(32),
      instance: "test",
      onError: (error, { stage }) => errors.push(`${stage} ${(error as Error).message}`),
      ...options,
    });
    desks.push(desk);
    return desk;
  };
  const isTold = () =>
    readFileSync(join(dataDir, "notices", "told.jsonl"), "utf8")
      .trim()
      .split("\n").length;

  it("starts no process and writes nothing while nothing is to be kept, and answers as empty", async () => {
    const desk = open();
    expect(await desk.load()).toMatchObject({ rules: [], instances: [], route: null, revision: 0 });
    expect(await desk.episodes({ fromAt: 0, toAt: 1, limit: 1 })).toEqual({ episodes: [], next: null });
    expect(await desk.outbox({ limit: 1 })).toEqual([]);
    expect(await desk.ruleVersions("slow")).toEqual([]);
    await expect(desk.episode("01A")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await desk.commit(EMPTY_COMMIT);
    // Longer than what is there already is waited for.
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(desk.pid).toBeNull();
    expect(desk.status().state).toBe("off");
    await desk.close();
    expect(readdirSync(dataDir)).toEqual([]);
    await expect(desk.saveSilence(sampleSilence("s1"))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(desk.pid).toBeNull();
  });

  it("starts with the first that is to be kept, and after that as soon as it is made", async () => {
    const first = open();
    await first.commit({ ...EMPTY_COMMIT, instances: [sampleState("f1")], episodes: [sampleEpisode("01A")] });
    expect(first.pid).not.toBeNull();
    expect(first.status().state).toBe("ok");
    expect(existsSync(join(dataDir, "alerts.db"))).toBe(true);
    await first.close();
    const second = open();
    expect(second.status().state).toBe("opening");
    expect(second.pid).toBeNull();
    await until(() => second.pid, { what: "the process" });
    expect(await second.load()).toMatchObject({ instances: [sampleState("f1")], episodes: [{ id: "01A" }] });
  });

  it("tells what was left to be told as soon as it is there again", async () => {
    const first = open();
    await first.saveChannel(FILE_CHANNEL, null);
    await first.commit({
      ...EMPTY_COMMIT,
      notices: [sampleDraft("firing", "E1", 1, { channelId: "log", groupWaitSec: 1 })],
    });
    await first.close();
    expect(existsSync(join(dataDir, "notices"))).toBe(false);
    const second = open();
    await until(() => isTold() === 1, { what: "the notice" });
    await until(() => second.status().channels.log?.state === "ok", { what: "the state of the channel" });
    expect(await second.outbox({ limit: 9 })).toMatchObject([{ state: "sent", attempts: 1 }]);
  });

  it("keeps alerts in memory where there is no directory", async () => {
    const desk = open({ dataDir: null });
    await desk.saveRule(sampleRule(), null);
    expect((await desk.load()).rules).toHaveLength(1);
    await desk.close();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it("keeps secrets of channels encrypted, and shows them nowhere", async () => {
    const secrets = { url: "https://hooks.example.org/T0P-SECRET-1", authorization: "Bearer T0P-SECRET-2" };
    const desk = open();
    const saved = await desk.saveChannel({ ...FILE_CHANNEL, id: "hook", type: "webhook", config: {}, secrets }, null);
    await desk.testChannel("hook", TEST);
    const seen = [saved, await desk.load(), desk.status(), await desk.outbox({ limit: 9 }), errors];
    expect(JSON.stringify(seen)).not.toContain("T0P-SECRET");
    expect(saved.secrets).toEqual({ url: true, authorization: true });
    await desk.close();
    for (const name of readdirSync(dataDir))
      expect(readFileSync(join(dataDir, name), "latin1")).not.toContain("T0P-SECRET");
    // Settings of channels say addresses of people.
    expect(statSync(join(dataDir, "alerts.db")).mode & 0o077).toBe(0);
  });

  it("leaves secrets that are not said anew as they are, takes away what is null, and needs those that others sealed anew", async () => {
    const desk = open();
    const hook = { ...FILE_CHANNEL, id: "hook", type: "webhook", config: { url: "https://example.org" } } as const;
    await desk.saveChannel({ ...hook, secrets: { secret: "a", authorization: "b" } }, null);
    const kept = await desk.saveChannel({ ...hook, secrets: {} }, 1);
    expect(kept.secrets).toEqual({ secret: true, authorization: true });
    const less = await desk.saveChannel({ ...hook, secrets: { authorization: null } }, 2);
    expect(less).toMatchObject({ secrets: { secret: true }, version: 3, health: { state: "unused" } });
    await desk.close();
    const stranger = open({ secret: "t".repeat(32) });
    expect((await stranger.load()).channels).toMatchObject([{ id: "hook", health: { state: "unreadable" } }]);
    await until(() => stranger.status().channels.hook?.state === "unreadable", { what: "its state" });
    expect(await stranger.testChannel("hook", TEST)).toMatchObject({
      ok: false,
      reply: expect.stringContaining("enter them again"),
    });
    const anew = await stranger.saveChannel({ ...hook, secrets: { secret: "c" } }, 3);
    expect(anew.health.state).toBe("failing");
  });

  it("sends a test through the outbox and says what the receiver replied, or why it failed, and tries once", async () => {
    const receiver = await startWebhookReceiver();
    onTestFinished(() => receiver.stop());
    const desk = open({ notifyHosts: ["127.0.0.1"] });
    await desk.saveChannel(FILE_CHANNEL, null);
    expect(await desk.testChannel("log", TEST)).toMatchObject({
      ok: true,
      reply: expect.stringContaining("told.jsonl"),
    });
    const hook = { ...FILE_CHANNEL, id: "hook", type: "webhook", config: { url: `${receiver.url}/nobody` } } as const;
    await desk.saveChannel(hook, null);
    receiver.reply({ status: 500 });
    expect(await desk.testChannel("hook", TEST)).toMatchObject({ ok: false, reply: expect.stringContaining("500") });
    expect(await desk.outbox({ limit: 9 })).toMatchObject([
      { channelId: "hook", state: "dead", notice: { kind: "test" }, attempts: 1 },
      { channelId: "log", state: "sent" },
    ]);
    await until(() => desk.status().channels.hook?.state === "failing", { what: "the state of the channel" });
    expect(desk.status()).toMatchObject({ dead: 0, queued: 0 });
    await expect(desk.testChannel("nobody", TEST)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("says when another changed something, and not when it did itself", async () => {
    const [one, two] = [open(), open()];
    await one.saveRule(sampleRule(), null);
    const mine = one.revision;
    await one.saveSilence(sampleSilence("s1"));
    await two.saveSilence(sampleSilence("s2"));
    await until(() => one.revision > mine, { what: "the other's change", timeoutMs: 10_000 });
    const book = await one.load();
    expect(book).toMatchObject({ revision: one.revision, silences: [{ id: "s1" }, { id: "s2" }] });
    await one.saveChannel(FILE_CHANNEL, null);
    // What it looks at then says which revision it is, too.
    await until(() => one.status().channels.log, { what: "its own change" });
    expect(one.revision).toBe(book.revision);
  }, 20_000);

  it("tells that its directory can't be used, and keeps what was to be kept once it can", async () => {
    rmSync(dataDir, { recursive: true });
    writeFileSync(dataDir, "");
    const desk = open();
    await expect(desk.commit({ ...EMPTY_COMMIT, instances: [sampleState("f1")] })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    await expect(desk.saveRule(sampleRule(), null)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(desk.status()).toMatchObject({ state: "failing", lastError: expect.stringContaining(dataDir) });
    expect(errors.length).toBeGreaterThan(0);
    expect(errors[0]).toMatch(/^alerts alerts/);
    const later = desk.commit({ ...EMPTY_COMMIT, instances: [sampleState("f1", 5)], forgotten: [] });
    rmSync(dataDir);
    mkdirSync(dataDir);
    await later.catch(() => undefined);
    await until(async () => (await desk.load()).instances.length === 1, { what: "the state" });
    expect((await desk.load()).instances).toEqual([sampleState("f1", 5)]);
    expect(desk.status().state).toBe("ok");
  });

  it("says so when its database goes away while nobody asks for anything, and when it is back", async () => {
    const desk = open();
    await desk.saveRule(sampleRule(), null);
    expect(desk.status().state).toBe("ok");
    rmSync(dataDir, { recursive: true });
    writeFileSync(dataDir, "");
    await until(() => desk.status().state === "failing", { what: "the trouble", timeoutMs: 15_000 });
    expect(desk.status().lastError).toContain(dataDir);
    rmSync(dataDir);
    mkdirSync(dataDir);
    await until(() => desk.status().state === "ok", { what: "the recovery", timeoutMs: 15_000 });
    expect(errors.some((message) => message.includes("deleted or moved away"))).toBe(true);
  }, 40_000);

  it("refuses hosts that are none at once", () => {
    expect(() => open({ notifyHosts: ["10.0.0.0/99"] })).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
  });
});
