import { createStoreWriter, type Sample, type StoreWriter, type StoreWriterOptions } from "@wsight/hub";
import { type HistoryEvent, WsightError } from "@wsight/protocol";
import { contractEvents, contractSample, contractSamples, until } from "@wsight/testkit";
import { describe, expect, it } from "vitest";

/** A store in memory whose failures are switched by hand. */
function createRig(options: StoreWriterOptions = {}) {
  const kept: Sample[] = [];
  const errors: string[] = [];
  const rig = { failing: false, hanging: false, appends: 0, kept, errors };
  const append = async (samples: readonly Sample[]): Promise<void> => {
    rig.appends++;
    if (rig.hanging) await new Promise(() => undefined);
    if (rig.failing) throw new WsightError("STORE_UNAVAILABLE", "the disk is full");
    kept.push(...samples);
  };
  const onError = (error: Error): void => void errors.push(error.message);
  return { rig, writer: createStoreWriter({ append }, { retryMs: 5, longestRetryMs: 20, onError, ...options }) };
}

type PackedSamples = Parameters<StoreWriter["writePacked"]>[0];

describe("the store writer", () => {
  it("writes everything in order, in batches", async () => {
    const { rig, writer } = createRig({ batch: 100 });
    for (let first = 0; first < 950; first += 50) writer.write(contractSamples(first, 50));
    expect(writer.stats()).toMatchObject({ queued: 950, written: 0 });
    await writer.flush();
    expect(rig.kept).toEqual(contractSamples(0, 950));
    expect(rig.appends).toBe(10);
    expect(writer.stats()).toEqual({
      state: "ok",
      written: 950,
      dropped: 0,
      queued: 0,
      droppedEvents: 0,
      lastError: null,
    });
  });

  it("says so when the store answers no more", async () => {
    const { rig, writer } = createRig({ lateMs: 20 });
    rig.hanging = true;
    writer.write(contractSamples(0, 50));
    await until(() => writer.stats().state === "failing", { what: "the word of it" });
    expect(writer.stats()).toMatchObject({ queued: 50, dropped: 0 });
    expect(writer.stats().lastError).toMatch(/^the store has not answered for \d+ s$/);
  });

  it("loses nothing and keeps the order when the store fails for a while", async () => {
    const { rig, writer } = createRig({ batch: 100 });
    rig.failing = true;
    for (let first = 0; first < 500; first += 50) writer.write(contractSamples(first, 50));
    await until(() => rig.appends > 3, { what: "some tries" });
    expect(writer.stats()).toMatchObject({ state: "failing", queued: 500, dropped: 0, lastError: "the disk is full" });
    rig.failing = false;
    await until(() => writer.stats().queued === 0, { what: "an empty queue" });
    expect(rig.kept).toEqual(contractSamples(0, 500));
    expect(writer.stats()).toMatchObject({ state: "ok", written: 500, dropped: 0 });
  });

  it("tells once that the store fails, and again after it had recovered", async () => {
    const { rig, writer } = createRig();
    for (let round = 1; round <= 2; round++) {
      rig.failing = true;
      writer.write(contractSamples(0, 1));
      await until(() => rig.appends >= 3 * round, { what: "some tries" });
      rig.failing = false;
      await until(() => writer.stats().queued === 0, { what: "an empty queue" });
      expect(rig.errors).toHaveLength(round);
    }
  });

  it("does not ask a failing store more often because more is written", async () => {
    const { rig, writer } = createRig({ retryMs: 60_000, longestRetryMs: 60_000 });
    rig.failing = true;
    writer.write(contractSamples(0, 1));
    await until(() => writer.stats().state === "failing", { what: "a failure" });
    for (let first = 1; first < 50; first++) {
      writer.write(contractSamples(first, 1));
      await new Promise(setImmediate);
    }
    expect(rig.appends).toBe(1);
    await writer.flush();
    expect(rig.appends).toBe(2);
    await writer.close();
  });

  it("drops the oldest and counts them when the queue is full", async () => {
    const { rig, writer } = createRig({ maxSamples: 300, batch: 100 });
    rig.failing = true;
    for (let first = 0; first < 1_000; first += 50) {
      writer.write(contractSamples(first, 50));
      await writer.flush();
    }
    expect(writer.stats()).toMatchObject({ queued: 300, dropped: 700 });
    rig.failing = false;
    await writer.flush();
    expect(rig.kept).toEqual(contractSamples(700, 300));
    expect(writer.stats()).toMatchObject({ written: 300, dropped: 700, queued: 0 });
  });

  it("holds no more than its bound and one batch while a store neither answers nor fails", async () => {
    const { rig, writer } = createRig({ maxSamples: 300, batch: 100, closeMs: 20 });
    rig.hanging = true;
    writer.write(contractSamples(0, 100));
    await until(() => rig.appends === 1, { what: "an append" });
    for (let first = 100; first < 5_000; first += 100) writer.write(contractSamples(first, 100));
    expect(writer.stats()).toMatchObject({ queued: 400, dropped: 4_600 });
    await writer.close();
    expect(writer.stats()).toMatchObject({ dropped: 4_900 });
  });

  it("drops samples that no store can keep, tells of it, and writes the rest", async () => {
    const { rig, writer } = createRig();
    writer.write([contractSample(0), { ...contractSample(1), sum: Number.NaN }, contractSample(2)]);
    await writer.flush();
    expect(rig.kept).toEqual([contractSample(0), contractSample(2)]);
    expect(writer.stats()).toMatchObject({ state: "ok", written: 2, dropped: 1 });
    expect(rig.errors).toEqual(["websocket.server.messages sum: expected a finite number, got NaN"]);
  });

  it("drops a batch that the store refuses as such, instead of trying it for ever", async () => {
    const kept: Sample[] = [];
    const append = async (samples: readonly Sample[]): Promise<void> => {
      if (samples.some(({ count }) => count === 5)) throw new WsightError("BAD_REQUEST", "not that one");
      kept.push(...samples);
    };
    const writer = createStoreWriter({ append }, { batch: 10 });
    writer.write(contractSamples(0, 30));
    await writer.flush();
    expect(kept).toEqual(contractSamples(10, 20));
    expect(writer.stats()).toMatchObject({ state: "ok", written: 20, dropped: 10, lastError: "not that one" });
  });

  it("never throws, whatever the store and the listener do", async () => {
    const writer = createStoreWriter(
      {
        append: () => {
          throw new Error("at once");
        },
      },
      {
        onError: () => {
          throw new Error("in the listener");
        },
      },
    );
    writer.write(contractSamples(0, 10));
    await writer.flush();
    expect(writer.stats()).toMatchObject({ state: "failing", queued: 10, lastError: "at once" });
    await writer.close();
  });

  it("writes what is left when it is closed, and drops what comes after", async () => {
    const { rig, writer } = createRig();
    writer.write(contractSamples(0, 10));
    await Promise.all([writer.close(), writer.close()]);
    writer.write(contractSamples(10, 5));
    expect(rig.kept).toEqual(contractSamples(0, 10));
    expect(writer.stats()).toMatchObject({ written: 10, dropped: 5, queued: 0 });
  });

  it("gives up what a failing store does not take when it is closed", async () => {
    const { rig, writer } = createRig();
    rig.failing = true;
    writer.write(contractSamples(0, 10));
    await writer.close();
    expect(writer.stats()).toMatchObject({ written: 0, dropped: 10, queued: 0 });
    expect(rig.appends).toBe(1);
  });

  it("writes columns in order among samples, in parts of a batch, and drops the oldest of them when the queue is full", async () => {
    const packs: PackedSamples[] = [];
    const appendPacked = async (packed: PackedSamples): Promise<void> => void packs.push(packed);
    const writer = createStoreWriter({ append: async () => undefined, appendPacked }, { batch: 100, maxSamples: 250 });
    writer.writePacked(packOf(330));
    await writer.flush();
    expect(packs.map(({ histogramSizes }) => histogramSizes.length)).toEqual([20, 100, 100, 30]);
    expect(packs.flatMap(({ numbers }) => Array.from(numbers.filter((_, index) => index % 8 === 5)))).toEqual(
      Array.from({ length: 250 }, (_, index) => index + 80),
    );
    expect(writer.stats()).toMatchObject({ written: 250, dropped: 80 });
  });

  it("writes events behind the samples, tries again what failed, and drops the oldest beyond its bound", async () => {
    const kept: HistoryEvent[] = [];
    let failing = true;
    const appendEvents = async (events: readonly HistoryEvent[]): Promise<void> => {
      if (failing) throw new WsightError("STORE_UNAVAILABLE", "not now");
      kept.push(...events);
    };
    const writer = createStoreWriter({ append: async () => undefined, appendEvents }, { maxEvents: 5, retryMs: 5 });
    writer.writeEvents(contractEvents(0, 4));
    await writer.flush();
    writer.writeEvents(contractEvents(4, 4));
    expect(writer.stats()).toMatchObject({ state: "failing", droppedEvents: 3, lastError: "not now" });
    failing = false;
    await until(() => writer.stats().state === "ok", { what: "a write" });
    expect(kept).toEqual(contractEvents(3, 5));
  });
});

/** Rows whose sums count up from 0. */
function packOf(rows: number): PackedSamples {
  const numbers = new Float64Array(rows * 8);
  for (let row = 0; row < rows; row++) numbers[row * 8 + 5] = row;
  return { series: [], numbers, histogramSizes: new Uint32Array(rows), histograms: new Uint8Array() };
}
