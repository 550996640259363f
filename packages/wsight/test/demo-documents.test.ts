import { until } from "@wsight/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Document, makeDocument } from "../dist/demo/documents/document.js";
import { startDocuments } from "../dist/demo/documents/documents.js";
import { WaitingRoom } from "../dist/demo/documents/waiting-room.js";
import type { DocumentNews } from "../dist/demo/documents/worker.js";
import { createRandom } from "../dist/demo/random.js";

function documents(count: number): readonly Document[] {
  const random = createRandom(4700);
  return Array.from({ length: count }, (_, i) => makeDocument(random, i + 1));
}

describe("the documents of the demo", () => {
  it("differ in size, plan, owner and kind, take seconds, and are the same for the same seed", () => {
    const many = documents(2000);
    expect(many).toEqual(documents(2000));
    for (const key of ["plan", "owner"] as const)
      expect(new Set(many.map((one) => one[key])).size).toBeGreaterThanOrEqual(4);
    expect(new Set(many.map(({ kind }) => kind.name)).size).toBe(3);
    const runs = many.map(({ runMs }) => runMs).sort((a, b) => a - b);
    expect(runs[0]).toBeGreaterThanOrEqual(900);
    expect(runs[1000]).toBeGreaterThan(2_000);
    expect(runs[1900]).toBeLessThan(20_000);
    expect(runs.at(-1)).toBeLessThanOrEqual(40_000);
  });

  it("wait by plan, then in the order in which they came", async () => {
    const room = new WaitingRoom(100);
    const [first] = documents(1);
    const plans = ["large", "normal", "unlimited", "normal", "premium"] as const;
    plans.forEach((plan, i) => {
      room.add({ document: { ...(first as Document), id: String(i), plan }, attempt: 1 });
    });
    const order: (string | undefined)[] = [];
    for (let i = 0; i < plans.length; i++) order.push((await room.take())?.document.id);
    expect(order).toEqual(["2", "4", "1", "3", "0"]);
  });

  it("come, are begun by three workers, go on and end, from the first second on", async () => {
    const told: string[] = [];
    const percents = new Map<string, number[]>();
    const workers = new Set<string>();
    const news: DocumentNews = {
      queued: ({ id }) => void told.push(`queued ${id}`),
      started: ({ id }, worker) => {
        workers.add(worker);
        told.push(`started ${id}`);
        percents.set(id, []);
      },
      progress: ({ id }, percent) => void percents.get(id)?.push(percent),
      completed: ({ id }) => void told.push(`completed ${id}`),
      failed: ({ id }) => void told.push(`failed ${id}`),
      lost: ({ id }) => void told.push(`lost ${id}`),
    };
    const service = startDocuments({ seed: 4700, rhythm: () => 1, news });
    onTestFinished(() => service.close());
    expect(told.filter((one) => one.startsWith("queued"))).toHaveLength(9);
    const isDone = (): boolean => told.some((one) => one.startsWith("completed"));
    await until(isDone, { what: "a document that is done", timeoutMs: 30_000 });
    expect(workers.size).toBe(3);
    const all = [...percents.values()];
    expect(all.some((some) => some.length > 0)).toBe(true);
    for (const some of all) expect(some).toEqual([...some].sort((a, b) => a - b));
    service.close();
    service.close();
  });
});
