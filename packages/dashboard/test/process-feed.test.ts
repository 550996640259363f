import { type ProcessRow, WsightError } from "@wsight/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HostProcesses, ProcessQuestion } from "../src/pages/system/process-api.ts";
import { ProcessFeed } from "../src/pages/system/process-feed.ts";
import { HandAttention, HandClock } from "./hand-clock.ts";

interface Asked {
  readonly question: ProcessQuestion;
  answer(pids: readonly number[], matching?: number): Promise<void>;
  fail(error: unknown): Promise<void>;
}

const VIEW = { node: "shop/a", sort: "cpu", search: "" } as const;

let clock: HandClock;
let attention: HandAttention;
let paused: boolean;
let asked: Asked[];
let feed: ProcessFeed;

/** Lets what was answered be taken in. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

beforeEach(() => {
  clock = new HandClock();
  attention = new HandAttention();
  paused = false;
  asked = [];
  feed = new ProcessFeed({
    clock,
    attention,
    paused: () => paused,
    ask: (question) =>
      new Promise((resolve, reject) => {
        asked.push({
          question,
          answer: (pids, matching = pids.length) => {
            resolve(answerOf(pids, matching, asked.length));
            return settled();
          },
          fail: (error) => {
            reject(error);
            return settled();
          },
        });
      }),
  });
  feed.setRange(0, 2);
  feed.setSeen(true);
  feed.setView(VIEW);
  clock.advance(0);
});

afterEach(() => feed.close());

function answerOf(pids: readonly number[], matching: number, turn: number): HostProcesses {
  const rows = pids.map(
    (pid): ProcessRow => ({
      pid,
      parent: 1,
      name: `p${pid}`,
      state: "sleeping",
      cpu: turn,
      memoryBytes: 1,
      threads: 1,
      startedAt: 0,
      self: false,
    }),
  );
  return { node: "shop/a", host: "h", page: { at: clock.now(), total: matching, matching, rows } };
}

const shown = () => [0, 1, 2].map((place) => feed.at(place)?.pid);
const newest = () => asked.at(-1) as Asked;

describe("the list of processes", () => {
  it("is asked for once a second, one question at a time", async () => {
    expect(asked).toHaveLength(1);
    expect(asked[0]?.question).toMatchObject({ node: "shop/a", sort: "cpu", offset: 0 });
    clock.advance(5000);
    expect(asked).toHaveLength(1);
    await newest().answer([1, 2, 3]);
    expect(shown()).toEqual([1, 2, 3]);
    clock.advance(999);
    expect(asked).toHaveLength(1);
    clock.advance(1);
    expect(asked).toHaveLength(2);
  });

  it("is asked for by nobody while it is not on screen, or its tab is hidden", async () => {
    await newest().answer([1, 2, 3]);
    feed.setSeen(false);
    clock.advance(10_000);
    expect(asked).toHaveLength(1);
    feed.setSeen(true);
    clock.advance(0);
    expect(asked).toHaveLength(2);
    await newest().answer([1, 2, 3]);
    attention.hide(true);
    clock.advance(10_000);
    expect(asked).toHaveLength(2);
    attention.hide(false);
    clock.advance(0);
    expect(asked).toHaveLength(3);
  });

  it("stands still while paused, once it is there", async () => {
    paused = true;
    await newest().answer([1, 2, 3]);
    clock.advance(5000);
    expect(asked).toHaveLength(1);
    paused = false;
    clock.advance(1000);
    expect(asked).toHaveLength(2);
  });

  it("keeps its order while somebody points at it, with the newest figures, and lets it go after", async () => {
    await newest().answer([1, 2, 3]);
    feed.hold("pointer", true);
    expect(feed.held).toBe(true);
    clock.advance(1000);
    await newest().answer([3, 1, 2]);
    expect(shown()).toEqual([1, 2, 3]);
    expect(feed.at(0)?.cpu).toBe(2);
    feed.hold("pointer", false);
    clock.advance(1000);
    await newest().answer([3, 1, 2]);
    expect(shown()).toEqual([3, 1, 2]);
  });

  it("takes another order at once, even while somebody points at it, and drops the answer to the one before", async () => {
    await newest().answer([1, 2, 3]);
    feed.hold("pointer", true);
    clock.advance(1000);
    const late = newest();
    feed.setView({ ...VIEW, sort: "memory" });
    clock.advance(0);
    await late.answer([7, 8, 9]);
    expect(shown()).toEqual([1, 2, 3]);
    expect(newest().question.sort).toBe("memory");
    await newest().answer([4, 5, 6]);
    expect(shown()).toEqual([4, 5, 6]);
  });

  it("fetches rows that come into view, and never more than a page may hold", async () => {
    await newest().answer([1, 2, 3], 500);
    feed.setRange(300, 303);
    clock.advance(80);
    expect(newest().question).toMatchObject({ offset: 270 });
    expect(newest().question.limit).toBeLessThanOrEqual(200);
  });

  it("keeps what it has while nobody answers, says why, and asks less and less often", async () => {
    await newest().answer([1, 2, 3]);
    clock.advance(1000);
    await newest().fail(new WsightError("NODE_AWAY", "shop/a is away"));
    expect(shown()).toEqual([1, 2, 3]);
    expect(feed.error?.message).toContain("shop/a is away");
    clock.advance(1999);
    expect(asked).toHaveLength(2);
    clock.advance(1);
    expect(asked).toHaveLength(3);
    await newest().answer([1, 2, 3]);
    expect(feed.error).toBeNull();
  });
});
