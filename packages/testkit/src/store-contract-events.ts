import type { HistoryEvent } from "@wsight/protocol";
import { expect, it } from "vitest";
import type { ContractRig } from "./contract-rig.ts";
import { CONTRACT_START_AT, contractEvents, contractSamples } from "./contract-samples.ts";

const DAY_MS = 86_400_000;
const ALL = { fromAt: 0, toAt: Number.MAX_SAFE_INTEGER, limit: 10_000 };

/** Events: a part of the store's contract. */
export function eventContract({ store, reopen }: ContractRig): void {
  it("gives back events exactly, in order of time, also after it was opened again", async () => {
    const events = contractEvents(0, 500);
    await store().appendEvents(events.slice(200).toReversed());
    await store().appendEvents(events.slice(0, 200));
    expect(await store().ask("events", ALL)).toEqual(events);
    await reopen();
    expect(await store().ask("events", ALL)).toEqual(events);
    expect((await store().stats()).events).toBe(500);
  });

  it("keeps an event that comes again once, and another of the same time beside it", async () => {
    const [event] = contractEvents(3, 1);
    if (event === undefined) throw new Error("no event");
    const other = { ...event, text: "another" };
    await store().appendEvents([event, event]);
    await store().appendEvents([event, other]);
    const kept = await store().ask("events", ALL);
    expect(kept).toHaveLength(2);
    expect(kept).toEqual(expect.arrayContaining([event, other]));
  });

  it("takes no events as nothing to do", async () => {
    await store().appendEvents([]);
    expect(await store().ask("events", ALL)).toEqual([]);
  });

  it("answers with the events asked for: time, kind, node, subject, newest first, and no more than the limit", async () => {
    const events = contractEvents(0, 200);
    await store().appendEvents(events);
    const ask = (query: object): Promise<readonly HistoryEvent[]> => store().ask("events", { ...ALL, ...query });
    const fromAt = CONTRACT_START_AT + 10_000;
    expect(await ask({ fromAt, toAt: fromAt + 5_000 })).toEqual(events.slice(10, 15));
    expect(await ask({ kinds: ["error"] })).toEqual(events.filter(({ kind }) => kind === "error"));
    expect(await ask({ kinds: ["job.failed"] })).toEqual([]);
    expect(await ask({ node: "chat/2" })).toEqual(events.filter(({ node }) => node === "chat/2"));
    expect(await ask({ subject: "c-3" })).toEqual(events.filter(({ subject }) => subject === "c-3"));
    expect(await ask({ limit: 7 })).toEqual(events.slice(0, 7));
    expect(await ask({ limit: 7, newestFirst: true })).toEqual(events.slice(-7).toReversed());
  });

  it("deletes events that are older than the longest-kept tier but the last", async () => {
    const old = contractEvents(0, 50);
    const young = contractEvents(0, 50).map((event) => ({ ...event, at: event.at + 20 * DAY_MS }));
    await store().appendEvents([...old, ...young]);
    await store().append(contractSamples(0, 8));
    await store().prune(CONTRACT_START_AT + 31 * DAY_MS);
    expect(await store().ask("events", ALL)).toEqual(young);
    expect((await store().stats()).events).toBe(50);
  });
}
