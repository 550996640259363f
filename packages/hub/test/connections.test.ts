import {
  type ConnectionList,
  type ConnectionListQuery,
  type ConnectionLists,
  createConnectionLists,
} from "@wsight/hub";
import { CONNECTION_SORTS, type ConnectionRow, compareConnections, type RequestFrame } from "@wsight/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type FakeProbe, Rig } from "./current-rig.ts";
import { answerWith, makeRow } from "./list-probe.ts";

type NodeRow = ConnectionRow & { readonly node: string };

const QUERY: ConnectionListQuery = {
  filter: { text: [] },
  sort: "messages",
  descending: true,
  offset: 0,
  limit: 50,
  node: null,
};

/** Several processes with connections, and the hub's way of listing them. */
class Lists extends Rig {
  readonly lists: ConnectionLists = createConnectionLists({
    asks: this.asks,
    current: this.current,
    clock: this.clock,
  });
  readonly probes: FakeProbe[];

  constructor(members: readonly (readonly ConnectionRow[])[]) {
    super();
    this.probes = members.map((rows, i) => {
      const probe = this.probe({ instance: `n${i}` });
      probe.onRequest = (frame) => probe.answer(frame.id, answerWith(rows, frame));
      return probe;
    });
  }

  list(query: Partial<ConnectionListQuery> = {}): Promise<ConnectionList> {
    return this.lists.read({ ...QUERY, ...query });
  }

  get asked(): number {
    return this.probes.reduce((sum, { requests }) => sum + requests.length, 0);
  }
}

/** The order of the whole, with everything in one place. */
function truth(members: readonly (readonly ConnectionRow[])[], { sort, descending }: ConnectionListQuery): NodeRow[] {
  const compare = compareConnections<NodeRow>(sort, descending, (a, b) =>
    a.node === b.node ? a.connection - b.connection : a.node < b.node ? -1 : 1,
  );
  return members.flatMap((rows, i) => rows.map((row) => ({ ...row, node: `chat/n${i}` }))).sort(compare);
}

const named = (rows: readonly NodeRow[]): string[] => rows.map(({ node, connection }) => `${node} ${connection}`);

/** Few different figures, so that there are many equals, and some without any. */
const figure = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constant(null));
const member = fc.array(fc.tuple(figure, fc.integer({ min: 0, max: 40 })), { maxLength: 60 }).map((figures) =>
  figures.map(([some, many], i) =>
    makeRow(i, {
      messagesIn: many,
      messagesOut: some ?? 0,
      user: some === null ? null : `u${some}`,
      rttMs: some,
      inRate: some,
      openedAt: many,
      bufferedBytes: many % 3,
    }),
  ),
);

test("any window of any order over several nodes is the one of the whole", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(member, { minLength: 1, maxLength: 5 }),
      fc.constantFrom(...CONNECTION_SORTS),
      fc.boolean(),
      fc.integer({ min: 0, max: 320 }),
      fc.integer({ min: 0, max: 200 }),
      async (members, sort, descending, offset, limit) => {
        const query = { ...QUERY, sort, descending, offset, limit };
        const { open, matched, rows } = await new Lists(members).list(query);
        const whole = truth(members, query);
        expect([open, matched]).toEqual([whole.length, whole.length]);
        expect(named(rows)).toEqual(named(whole.slice(offset, offset + limit)));
      },
    ),
    { numRuns: 150 },
  );
});

test("a window deep in the lists of unlike nodes is exact, and costs few questions and rows", async () => {
  let seed = 7;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const members = [9000, 4000, 4000, 1, 700, 0].map((size, n) =>
    Array.from({ length: size }, (_, i) => makeRow(i, { messagesIn: Math.floor(random() * (n === 1 ? 50 : 5000)) })),
  );
  const whole = truth(members, QUERY);
  for (const offset of [0, 199, 1200, 8850, 12_000, 17_690, 17_701, 40_000]) {
    const lists = new Lists(members);
    const { rows } = await lists.list({ offset, limit: 100 });
    expect(named(rows)).toEqual(named(whole.slice(offset, offset + 100)));
    const told = lists.probes.flatMap(({ requests }) =>
      requests.map(({ ask }) => (ask.kind === "connections" ? ask.query.limit : 0)),
    );
    expect(told.length).toBeLessThanOrEqual(120);
    expect(told.reduce((sum, limit) => sum + limit, 0)).toBeLessThanOrEqual(4000);
  }
});

test("one node answers for itself, however deep", async () => {
  const rows = Array.from({ length: 3000 }, (_, i) => makeRow(i, { messagesIn: i }));
  const lists = new Lists([rows, [makeRow(1)]]);
  const list = await lists.list({ node: "chat/n0", offset: 2900, limit: 200, filter: { text: ["9"] } });
  expect(list).toMatchObject({ open: 3000, rows: [] });
  expect(list.nodes).toEqual([{ node: "chat/n0", open: 3000, matched: list.matched, error: null }]);
  expect(lists.asked).toBe(1);
  await expect(lists.list({ node: "chat/none" })).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a node that does not answer is named and waited for half a second, and the others are told", async () => {
  const lists = new Lists([[makeRow(1)], [makeRow(2)], [makeRow(3)]]);
  const [, silent, gone] = lists.probes as [FakeProbe, FakeProbe, FakeProbe];
  silent.onRequest = () => {};
  gone.link.close();
  const began = performance.now();
  const { open, rows, nodes } = await lists.list();
  expect(performance.now() - began).toBeLessThan(1500);
  expect(named(rows)).toEqual(["chat/n0 1"]);
  expect(open).toBe(1);
  expect(nodes).toEqual([
    { node: "chat/n0", open: 1, matched: 1, error: null },
    { node: "chat/n1", open: null, matched: null, error: "chat/n1 did not answer within 500 ms" },
    { node: "chat/n2", open: null, matched: null, error: "chat/n2 has no open link" },
  ]);
});

test("a node that goes while the list is walked leaves the window of the others", async () => {
  const members = [1, 2, 3].map((n) => Array.from({ length: 2000 }, (_, i) => makeRow(i, { messagesIn: i * 3 + n })));
  for (const dies of [1, 2, 3, 4]) {
    const lists = new Lists(members);
    const leaving = lists.probes[1] as FakeProbe;
    let heard = 0;
    leaving.onRequest = (frame: RequestFrame) => {
      if (++heard === dies) leaving.link.close();
      else leaving.answer(frame.id, answerWith(members[1] ?? [], frame));
    };
    const { rows, nodes } = await lists.list({ offset: 1500, limit: 100 });
    const others = truth([members[0] ?? [], [], members[2] ?? []], QUERY);
    expect(nodes[1]?.error).toBe("chat/n1 closed its link before it answered");
    expect(named(rows)).toEqual(named(others.slice(1500, 1600)));
  }
});

test("viewers who ask the same within half a second cost one question", async () => {
  const lists = new Lists([[makeRow(1)], [makeRow(2)]]);
  const all = await Promise.all(Array.from({ length: 20 }, () => lists.list()));
  expect(new Set(all).size).toBe(1);
  lists.clock.time += 400;
  await lists.list();
  expect(lists.asked).toBe(2);
  await lists.list({ descending: false });
  expect(lists.asked).toBe(4);
  lists.clock.time += 101;
  await lists.list();
  expect(lists.asked).toBe(6);
});

test("a window too deep for several nodes is refused with what to do instead", async () => {
  const lists = new Lists([[makeRow(1)], [makeRow(2)]]);
  await expect(lists.list({ offset: 100_001 })).rejects.toMatchObject({
    code: "BAD_REQUEST",
    message: expect.stringContaining("choose one with node="),
  });
});
