import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import {
  openSpooledStore,
  type RemoteStore,
  type Sample,
  type SpooledStore,
  type SpooledStoreOptions,
} from "@wsight/hub";
import { type HistoryEvent, seriesKey, WsightError } from "@wsight/protocol";
import { CRASH_BATCH, contractEvents, contractSamples, readAll, until } from "@wsight/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

type Packed = Parameters<RemoteStore["appendPacked"]>[0];

/** A store in memory that is there, away, or hangs, as a hand says. */
class FarStore implements RemoteStore {
  readonly name = "far";
  readonly kept: unknown[] = [];
  readonly events: HistoryEvent[] = [];
  mode: "there" | "away" | "hangs" | "refuses" = "there";
  appends = 0;
  #thaw: () => void = () => undefined;
  #thawed: Promise<void> = Promise.resolve();

  hang(): void {
    this.mode = "hangs";
    this.#thawed = new Promise((resolve) => {
      this.#thaw = resolve;
    });
  }

  goOn(): void {
    this.mode = "there";
    this.#thaw();
  }

  async check(): Promise<void> {
    if (this.mode === "hangs") await this.#thawed;
    if (this.mode === "away") throw new WsightError("STORE_UNAVAILABLE", "it is away");
  }

  async append(): Promise<void> {
    throw new Error("samples come packed");
  }

  async appendPacked(samples: Packed): Promise<void> {
    await this.#arrive();
    this.kept.push(...rowsOf(samples));
  }

  async appendEvents(events: readonly HistoryEvent[]): Promise<void> {
    await this.#arrive();
    this.events.push(...events);
  }

  async *read(): AsyncGenerator<readonly Sample[]> {
    await this.check();
    yield contractSamples(0, 1);
  }

  async ask(): Promise<never> {
    await this.check();
    throw new WsightError("BAD_REQUEST", "no analyses here");
  }

  prune = async (): Promise<void> => undefined;
  backup = async (): Promise<void> => undefined;
  close = async (): Promise<void> => undefined;
  stats = async (): Promise<never> => {
    throw new Error("not asked");
  };

  async #arrive(): Promise<void> {
    this.appends++;
    await this.check();
    if (this.mode === "refuses") throw new WsightError("BAD_REQUEST", "not these");
  }
}

/** One object for each row of what came packed. */
function rowsOf({ series, numbers, histogramSizes, histograms }: Packed): readonly unknown[] {
  let offset = 0;
  return Array.from(histogramSizes, (size, row) => {
    const [index = 0, ...figures] = numbers.subarray(row * 8, row * 8 + 8);
    const bytes = size === 0 ? null : [...histograms.subarray(offset, offset + size - 1)];
    offset += bytes?.length ?? 0;
    const { node, key } = series[index] ?? {};
    return [node, key, ...figures, bytes];
  });
}

/** Contract samples as {@link rowsOf} gives them. */
function rows(first: number, count: number): readonly unknown[] {
  return contractSamples(first, count).map((sample) => {
    const { node, series, at, intervalMs, min, max, sum, count: readings, last, histogram } = sample;
    const key = seriesKey(series.metric.name, series.labels);
    const bytes = histogram === undefined ? null : [...histogram];
    return [node, key, at, intervalMs, min, max, sum, readings, last, bytes];
  });
}

describe("the spool", () => {
  let dir = "";
  let far: FarStore;
  let errors: string[];
  const opened: SpooledStore[] = [];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "wsight-spool-"));
    far = new FarStore();
    errors = [];
  });
  afterEach(async () => {
    far.goOn();
    await Promise.all(opened.splice(0).map((store) => store.close()));
    rmSync(dir, { recursive: true, force: true });
  });

  async function openSpool(options: Partial<SpooledStoreOptions> = {}): Promise<SpooledStore> {
    const onError = (error: Error): void => void errors.push(error.message);
    const times = { patienceMs: 50, retryMs: 5, longestRetryMs: 20 };
    const store = await openSpooledStore({ store: far, dir, onError, ...times, ...options });
    opened.push(store);
    return store;
  }
  const files = (end = ".samples") => readdirSync(dir).filter((name) => name.endsWith(end));
  const settled = (store: SpooledStore) =>
    until(() => store.spool().state === "ok" && store.spool().spooled === 0, { what: "an empty spool" });

  it("leaves the disk alone while the store is there", async () => {
    const store = await openSpool();
    await settled(store);
    for (let first = 0; first < 500; first += 50) await store.append(contractSamples(first, 50));
    expect(far.kept).toEqual(rows(0, 500));
    expect(files()).toEqual([]);
    expect(store.spool()).toEqual({ state: "ok", written: 500, dropped: 0, spooled: 0, lastError: null });
  });

  it("keeps what comes while the store is away, and hands it over in order, once", async () => {
    const store = await openSpool();
    await settled(store);
    await store.append(contractSamples(0, 50));
    far.mode = "away";
    for (let first = 50; first < 1_000; first += 50) await store.append(contractSamples(first, 50));
    expect(store.spool()).toMatchObject({
      state: "failing",
      written: 50,
      dropped: 0,
      spooled: 950,
      lastError: "it is away",
    });
    far.mode = "there";
    for (let first = 1_000; first < 2_000; first += 50) await store.append(contractSamples(first, 50));
    await settled(store);
    expect(far.kept).toEqual(rows(0, 2_000));
    expect(store.spool()).toMatchObject({ written: 2_000, dropped: 0 });
    expect(files()).toEqual([]);
    expect(errors).toEqual(["it is away"]);
  });

  it("puts on disk what a store that hangs was given, and takes it for stored when it was after all", async () => {
    const store = await openSpool();
    await settled(store);
    far.hang();
    await store.append(contractSamples(0, 50));
    expect(files()).toHaveLength(1);
    expect(store.spool()).toMatchObject({ written: 0, spooled: 50 });
    await store.append(contractSamples(50, 50));
    far.goOn();
    await settled(store);
    expect(far.kept).toEqual(rows(0, 100));
    expect(store.spool()).toMatchObject({ written: 100, dropped: 0 });
  });

  it("hands over what a hub before has left, ahead of everything new", async () => {
    far.mode = "away";
    const before = await openSpool();
    for (let first = 0; first < 200; first += 50) await before.append(contractSamples(first, 50));
    await before.close();
    const after = await openSpool();
    expect(after.spool().spooled).toBe(200);
    await after.append(contractSamples(200, 50));
    far.mode = "there";
    await settled(after);
    expect(far.kept).toEqual(rows(0, 250));
  });

  it("has every acknowledged batch after the hub was killed", async () => {
    for (const batches of [3, 40]) {
      const script = new URL("./fixtures/spool-until-killed.js", import.meta.url);
      const child = fork(script, [dir], { stdio: ["ignore", "pipe", "inherit", "ipc"], execArgv: [] });
      let said = "";
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (said.split("\n").length > batches) child.kill("SIGKILL");
      });
      await once(child, "close");
      const acknowledged = said.split("\n").length - 1;
      const store = await openSpool();
      await settled(store);
      expect(far.kept.length).toBeGreaterThanOrEqual(acknowledged * CRASH_BATCH);
      expect(far.kept).toEqual(rows(0, far.kept.length));
      expect(files(".tmp")).toEqual([]);
      await store.close();
      far.kept.length = 0;
    }
  });

  it("drops the oldest when it is full, and counts them to the last", async () => {
    far.mode = "away";
    const store = await openSpool({ maxBytes: 64 * 1024 });
    for (let first = 0; first < 2_000; first += 50) await store.append(contractSamples(first, 50));
    const { dropped, spooled } = store.spool();
    expect(dropped).toBeGreaterThan(0);
    expect(dropped + spooled).toBe(2_000);
    // A file that had to make room while it was on its way to the store goes when that has failed.
    const bytes = () => files().reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
    await until(() => bytes() <= 64 * 1024, { what: "the size allowed" });
    far.mode = "there";
    await settled(store);
    const after = store.spool();
    expect(after.written).toBe(2_000 - after.dropped);
    expect(errors.join()).toContain("is full; the oldest samples made room");
    expect(after.dropped).toBeGreaterThanOrEqual(dropped);
    expect(far.kept).toEqual(rows(after.dropped, after.written));
  });

  it("does not count as lost what made room while the store was taking it", async () => {
    far.mode = "away";
    const store = await openSpool({ maxBytes: 16 * 1024 });
    await store.append(contractSamples(0, 50));
    far.hang();
    const tries = far.appends;
    await until(() => far.appends > tries, { what: "a try" });
    for (let first = 50; first < 500; first += 50) await store.append(contractSamples(first, 50));
    far.goOn();
    await settled(store);
    const { written, dropped } = store.spool();
    expect(written).toBe(far.kept.length);
    expect(written + dropped).toBe(500);
    expect(new Set(far.kept.map((row) => JSON.stringify(row))).size).toBe(written);
  });

  it.each([
    ["cut short", (path: string) => truncateSync(path, statSync(path).size - 10)],
    ["overwritten", (path: string) => writeFileSync(path, "x".repeat(5_000))],
    ["empty", (path: string) => truncateSync(path, 0)],
  ])("sets a file that is %s aside, counts what it held, and goes on", async (_, damage) => {
    far.mode = "away";
    const before = await openSpool();
    for (let first = 0; first < 200; first += 50) await before.append(contractSamples(first, 50));
    await before.close();
    damage(join(dir, files().sort()[1] as string));
    far.mode = "there";
    const store = await openSpool();
    await settled(store);
    expect(far.kept).toEqual([...rows(0, 50), ...rows(100, 100)]);
    expect(store.spool()).toMatchObject({ written: 150, dropped: 50 });
    expect(files(".corrupt")).toHaveLength(1);
    expect(errors.join()).toMatch(/50 samples lost: segment .+ was set aside/);
  });

  it("counts what the store refuses for good, and goes on", async () => {
    far.mode = "away";
    const store = await openSpool();
    await store.append(contractSamples(0, 50));
    far.mode = "refuses";
    await settled(store);
    expect(store.spool()).toMatchObject({ written: 0, dropped: 50 });
  });

  it("keeps events beside samples while the store is away, and hands them over in order", async () => {
    far.mode = "away";
    const store = await openSpool();
    await store.append(contractSamples(0, 50));
    for (let first = 0; first < 60; first += 20) await store.appendEvents(contractEvents(first, 20));
    await store.append(contractSamples(50, 50));
    expect(store.spool()).toMatchObject({ spooled: 160 });
    far.mode = "there";
    await settled(store);
    expect(far.events).toEqual(contractEvents(0, 60));
    expect(far.kept).toEqual(rows(0, 100));
    expect(store.spool()).toMatchObject({ written: 160, dropped: 0 });
  });

  it("hands over what an earlier version has left, in intervals that there are now", async () => {
    writeFileSync(join(dir, "000000000000001-2-0a1b2c3d.samples"), versionOneSegment());
    const store = await openSpool();
    await settled(store);
    const at = 1_792_000_200_000;
    expect(far.kept).toEqual([
      ["chat/1", "process.uptime", at, 300_000, 1, 1, 1, 1, 1, null],
      ["chat/1", "process.uptime", at + 300_000, 10_000, 2, 2, 2, 1, 2, null],
    ]);
  });

  it("refuses what it can't put on disk either, and takes it once it can", async () => {
    const store = await openSpool();
    await settled(store);
    far.mode = "away";
    rmSync(dir, { recursive: true });
    await expect(store.append(contractSamples(0, 50))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("can't be written"),
    });
    far.mode = "there";
    await until(() => store.spool().state === "ok", { what: "the store to be back" });
    await store.append(contractSamples(0, 50));
    expect(store.spool()).toMatchObject({ written: 50, dropped: 0, spooled: 0 });
  });

  it("goes without where no spool can be made, and says so", async () => {
    writeFileSync(join(dir, "file"), "");
    const store = await openSpool({ dir: join(dir, "file", "spool") });
    expect(errors).toEqual([expect.stringContaining("no spool in")]);
    await store.append(contractSamples(0, 50));
    expect(far.kept).toHaveLength(50);
    far.mode = "away";
    await expect(store.append(contractSamples(50, 50))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(store.spool()).toMatchObject({ state: "failing", written: 50 });
  });

  it("does not let a reader wait for a store that is known to hang, and says what waits", async () => {
    const store = await openSpool();
    await settled(store);
    far.hang();
    await store.append(contractSamples(0, 50));
    await expect(readAll(store)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/Live figures go on\. 50 samples wait on disk/),
    });
  });

  it("closes at once while the store is away", async () => {
    far.mode = "away";
    const store = await openSpool({ retryMs: 60_000, longestRetryMs: 60_000 });
    await store.append(contractSamples(0, 50));
    await store.close();
    await expect(store.append(contractSamples(0, 1))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(files()).toHaveLength(1);
  });
});

/** A file of the version before: a sample of two minutes that began somewhere, and one of ten seconds. */
function versionOneSegment(): Buffer {
  const at = 1_792_000_200_000;
  const names = Buffer.from(
    JSON.stringify([{ node: "chat/1", metric: "process.uptime", key: "process.uptime", labels: "{}" }]),
  );
  const numbers = Float64Array.of(0, at + 61_234, 120_000, 1, 1, 1, 1, 1, 0, at + 300_000, 10_000, 2, 2, 2, 1, 2);
  const bytes = Buffer.concat([Buffer.alloc(24), names, Buffer.from(numbers.buffer), Buffer.alloc(8)]);
  for (const [index, word] of [0x57535350, 1, 0, 2, names.length, 0].entries()) bytes.writeUInt32BE(word, index * 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(12)), 8);
  return bytes;
}
