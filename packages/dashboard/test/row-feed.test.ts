import { WsightError } from "@wsight/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ConnectionFeed, createConnectionFeed } from "../src/pages/connections/connection-rows.ts";
import type { ConnectionList, ListQuery } from "../src/pages/connections/hub-api.ts";
import { HandAttention, HandClock } from "./hand-clock.ts";
import { answerOf, rowOf } from "./list-rows.ts";

const QUERY: ListQuery = { search: "", sort: "out", descending: true, node: null };

interface Question {
  readonly query: ListQuery;
  readonly offset: number;
  readonly signal: AbortSignal;
  answer(list: ConnectionList): Promise<void>;
  fail(error: unknown): Promise<void>;
}

let clock: HandClock;
let attention: HandAttention;
let paused: boolean;
let questions: Question[];
let feed: ConnectionFeed;

/** Lets what was answered be taken in. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

beforeEach(() => {
  clock = new HandClock();
  attention = new HandAttention();
  paused = false;
  questions = [];
  feed = createConnectionFeed({
    clock,
    attention,
    paused: () => paused,
    api: {
      list: (query, { offset }, signal) =>
        new Promise((resolve, reject) => {
          questions.push({
            query,
            offset,
            signal,
            answer: (list) => {
              resolve(list);
              return settled();
            },
            fail: (error) => {
              reject(error);
              return settled();
            },
          });
        }),
    },
  });
});

afterEach(() => feed.close());

const list = (...ids: number[]): ConnectionList =>
  answerOf(
    ids.map((id) => rowOf(id)),
    ids.length,
    clock.now(),
  );
const shown = () =>
  Array.from({ length: feed.count ?? 0 }, (_, place) => {
    const slot = feed.at(place);
    return slot?.closed === true ? `${slot.row.connection} gone` : slot?.row.connection;
  });

/** Asks for a list and answers it. */
async function begin(...ids: number[]): Promise<void> {
  feed.setQuery(QUERY);
  clock.advance(0);
  await questions[0]?.answer(list(...ids));
}

/** Lets a second pass and answers the question that it brings. */
async function second(...ids: number[]): Promise<void> {
  const before = questions.length;
  clock.advance(1000);
  expect(questions).toHaveLength(before + 1);
  await questions.at(-1)?.answer(list(...ids));
}

describe("the rows on screen", () => {
  it("are asked for once a second, one question at a time", async () => {
    await begin(1, 2, 3);
    expect(shown()).toEqual([1, 2, 3]);
    clock.advance(1000);
    expect(questions).toHaveLength(2);
    clock.advance(10_000);
    feed.refresh();
    clock.advance(1000);
    expect(questions, "the second is still out").toHaveLength(2);
    await questions[1]?.answer(list(1, 2, 3));
    clock.advance(1000);
    expect(questions).toHaveLength(3);
  });

  it("change their order every two seconds at most", async () => {
    await begin(1, 2, 3);
    await second(3, 2, 1);
    expect(shown()).toEqual([1, 2, 3]);
    await second(3, 2, 1);
    expect(shown()).toEqual([3, 2, 1]);
    await second(2, 1, 3);
    expect(shown()).toEqual([3, 2, 1]);
  });

  it("keep their order while somebody points at them, and get their new figures all the same", async () => {
    await begin(1, 2, 3);
    feed.hold("pointer", true);
    expect(feed.state.held).toBe("pointer");
    for (let i = 0; i < 5; i++) await second(3, 2, 1);
    expect(shown()).toEqual([1, 2, 3]);
    clock.advance(1000);
    const faster = answerOf([rowOf(3, { outRate: 99 }), rowOf(2), rowOf(1)], 3, clock.now());
    await questions.at(-1)?.answer(faster);
    expect(feed.at(2)?.row.outRate).toBe(99);
    feed.hold("focus", true);
    feed.hold("pointer", false);
    await second(3, 2, 1);
    expect(shown(), "the focus is in the table still").toEqual([1, 2, 3]);
    feed.hold("focus", false);
    await second(3, 2, 1);
    expect(shown()).toEqual([3, 2, 1]);
  });

  it("show for 600 ms that one is gone before the gap closes", async () => {
    await begin(1, 2, 3);
    await second(1, 2, 3);
    await second(1, 3);
    expect(shown()).toEqual([1, "2 gone", 3]);
    clock.advance(599);
    expect(shown()).toEqual([1, "2 gone", 3]);
    clock.advance(1);
    expect(shown()).toEqual([1, 3]);
  });

  it("keep a gap open when somebody begins to point within those 600 ms", async () => {
    await begin(1, 2, 3);
    await second(1, 2, 3);
    await second(1, 3);
    feed.hold("pointer", true);
    clock.advance(600);
    expect(shown()).toEqual([1, "2 gone", 3]);
  });

  it("stand still while paused or hidden, and are asked for at once when the tab is seen again", async () => {
    await begin(1, 2, 3);
    paused = true;
    clock.advance(5000);
    expect(questions).toHaveLength(1);
    paused = false;
    await second(1, 2, 3);
    attention.hide(true);
    clock.advance(60_000);
    expect(questions).toHaveLength(2);
    attention.hide(false);
    clock.advance(0);
    expect(questions).toHaveLength(3);
  });

  it("are asked for while somebody scrolls, once the scrolling rests", async () => {
    feed.setQuery(QUERY);
    clock.advance(0);
    const rows = Array.from({ length: 56 }, (_, i) => rowOf(i));
    await questions[0]?.answer(answerOf(rows, 20_000, clock.now()));
    for (const first of [3000, 5000, 9000]) feed.setRange(first, first + 15);
    clock.advance(80);
    expect(questions).toHaveLength(2);
    expect(questions[1]?.offset).toBe(8980);
    feed.setRange(9002, 9017);
    clock.advance(80);
    expect(questions, "what comes will have them").toHaveLength(2);
  });

  it("stay until another list is there, whose first answer begins at the top", async () => {
    await begin(1, 2, 3);
    feed.setRange(500, 515);
    clock.advance(500);
    feed.setQuery({ ...QUERY, search: "user:ada" });
    expect(questions[0]?.signal.aborted).toBe(false);
    expect([shown(), feed.state.pending]).toEqual([[1, 2, 3], true]);
    clock.advance(0);
    const asked = questions.at(-1);
    expect([asked?.query.search, asked?.offset]).toEqual(["user:ada", 0]);
    await asked?.answer(list(7));
    expect([shown(), feed.state.pending]).toEqual([[7], false]);
  });

  it("forget a question whose list nobody wants any more", async () => {
    feed.setQuery(QUERY);
    clock.advance(0);
    feed.setQuery({ ...QUERY, search: "bob" });
    clock.advance(0);
    expect(questions[0]?.signal.aborted).toBe(true);
    await questions[1]?.answer(list(2));
    await questions[0]?.answer(list(1));
    expect(shown()).toEqual([2]);
  });

  it("stay when the hub does not answer, which is asked again later and later", async () => {
    await begin(1, 2, 3);
    clock.advance(1000);
    await questions[1]?.fail(new WsightError("INTERNAL", "The hub did not answer"));
    expect([shown(), feed.state.error?.message]).toEqual([[1, 2, 3], "The hub did not answer"]);
    clock.advance(1999);
    expect(questions).toHaveLength(2);
    clock.advance(1);
    await questions[2]?.fail(new TypeError("no JSON"));
    clock.advance(3999);
    expect(questions).toHaveLength(3);
    clock.advance(1);
    await questions[3]?.answer(list(1, 2, 3));
    expect(feed.state.error).toBeNull();
    await second(1, 2, 3);
  });

  it("stay when no node answered, for that is not the same as no connections", async () => {
    await begin(1, 2, 3);
    clock.advance(1000);
    const silent = { node: "app/a", open: null, matched: null, error: "no answer within 500 ms" };
    await questions[1]?.answer({ ...answerOf([], 0, clock.now()), nodes: [silent] });
    expect(shown()).toEqual([1, 2, 3]);
    expect(feed.state.error?.message).toBe("app/a did not answer: no answer within 500 ms");
  });

  it("are not asked for again with a search that the hub does not understand", async () => {
    await begin(1);
    feed.setQuery({ ...QUERY, search: "rtt:fast" });
    clock.advance(0);
    await questions[1]?.fail(new WsightError("BAD_REQUEST", "rtt: expected > and a number"));
    clock.advance(60_000);
    expect(questions).toHaveLength(2);
    feed.setQuery({ ...QUERY, search: "rtt:>1" });
    clock.advance(0);
    expect(questions).toHaveLength(3);
  });

  it("leave nothing behind", async () => {
    await begin(1, 2);
    clock.advance(1000);
    feed.close();
    expect(questions[1]?.signal.aborted).toBe(true);
    await questions[1]?.answer(list(1));
    expect([clock.timers, attention.listeners]).toEqual([0, 0]);
    clock.advance(60_000);
    expect(questions).toHaveLength(2);
  });
});
