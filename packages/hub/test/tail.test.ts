import { createTail, type Tail, type TailViewer, type TailWish } from "@wsight/hub";
import { encodeLinkText, type HubMessage, type LiveTailRow, type ProbeAsk, type TailRow } from "@wsight/protocol";
import { expect, onTestFinished, test } from "vitest";
import { type FakeProbe, Rig } from "./current-rig.ts";

type TailAsk = Extract<ProbeAsk, { kind: "tail" }>;

class Viewer implements TailViewer {
  open = true;
  ready = true;
  readonly rows: LiveTailRow[] = [];
  passed = 0;
  #wake: () => void = () => {};

  say(message: HubMessage): void {
    if (message.type !== "tail") throw new Error(message.type);
    this.rows.push(...message.rows);
    this.passed += message.passed;
    this.#wake();
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

class TailRig extends Rig {
  readonly tail: Tail;

  constructor(prolongEveryMs = 10_000) {
    super();
    this.tail = createTail({ asks: this.asks, current: this.current, clock: this.clock, prolongEveryMs });
    onTestFinished(() => this.tail.close());
  }

  /** A process that takes every wish. */
  willing(instance: string): FakeProbe {
    const probe = this.probe({ instance });
    probe.onRequest = ({ id }) => probe.answer(id, { following: 1 });
    return probe;
  }
}

const wish = (search = "", given: Partial<TailWish> = {}): TailWish => ({
  search,
  node: null,
  perSecond: 50,
  ...given,
});

function asks(probe: FakeProbe): TailAsk[] {
  return probe.requests.map(({ ask }) => ask as TailAsk);
}

/** Waits for the nth wish that a probe is told. */
async function told(probe: FakeProbe, nth: number): Promise<TailAsk> {
  while (probe.requests.length < nth) {
    await new Promise<void>((resolve) => {
      const before = probe.onRequest;
      probe.onRequest = (frame) => {
        probe.onRequest = before;
        before(frame);
        resolve();
      };
    });
  }
  return asks(probe)[nth - 1] as TailAsk;
}

function row(event: string, given: Partial<TailRow> = {}): TailRow {
  const rest = { connection: 1, user: null, library: "ws", namespace: null, bytes: 10, fields: null };
  return { at: 1, filter: 0, direction: "in", event, ...rest, ...given };
}

function send(probe: FakeProbe, rows: readonly TailRow[], passed: readonly number[] = []): void {
  probe.send(encodeLinkText({ type: "tail", epoch: probe.hello.epoch, rows, passed }));
}

test("probes are asked for what all viewers follow together, and end at once with the last of them", async () => {
  const rig = new TailRig();
  const [a, b] = [rig.willing("a"), rig.willing("b")];
  const [ann, bob, cid] = [new Viewer(), new Viewer(), new Viewer()];
  rig.tail.set(ann, wish("event:chat", { perSecond: 5 }));
  expect(asks(a)).toEqual([{ kind: "tail", filters: [{ text: [], event: "chat" }], perSecond: 5, forMs: 30_000 }]);
  rig.tail.set(bob, wish("event:chat", { perSecond: 20 }));
  rig.tail.set(cid, wish("dir:out", { node: "chat/b" }));
  expect((await told(a, 2)).filters).toEqual([{ text: [], event: "chat" }]);
  expect((await told(a, 2)).perSecond).toBe(20);
  expect((await told(b, 2)).filters).toEqual([
    { text: [], event: "chat" },
    { text: [], direction: "out" },
  ]);
  rig.tail.leave(ann);
  rig.tail.set(bob, null);
  rig.tail.leave(cid);
  expect(asks(a).at(-1)?.filters).toEqual([]);
  expect(asks(b).at(-1)?.filters).toEqual([]);
});

test("a tail is asked for again while it is wanted, of a process that comes later too, and of nobody after that", async () => {
  const rig = new TailRig(20);
  const a = rig.willing("a");
  const ann = new Viewer();
  rig.tail.set(ann, wish());
  expect(await told(a, 4)).toMatchObject({ filters: [{ text: [] }], forMs: 30_000 });
  const late = rig.willing("b");
  await told(late, 1);
  late.link.close();
  const again = rig.willing("b");
  await told(again, 1);
  rig.tail.leave(ann);
  const count = a.requests.length;
  expect(asks(a).at(-1)?.filters).toEqual([]);
  rig.willing("c");
  expect(a.requests.length).toBe(count);
});

test("each viewer gets the rows that its own search takes, in order, with their node", async () => {
  const rig = new TailRig();
  const [a, b] = [rig.willing("a"), rig.willing("b")];
  const [all, chat, onlyB] = [new Viewer(), new Viewer(), new Viewer()];
  rig.tail.set(all, wish());
  rig.tail.set(chat, wish("event:chat"));
  rig.tail.set(onlyB, wish("", { node: "chat/b" }));
  await told(a, 2);
  expect(asks(b).at(-1)?.filters).toEqual([{ text: [] }, { text: [], event: "chat" }]);
  send(a, [row("ping", { at: 3 }), row("chat", { at: 5 }), row("chat", { at: 5, filter: 1 })], [2, 1]);
  send(b, [row("pong", { at: 4 })]);
  await Promise.all([
    all.until(() => all.rows.length === 3),
    chat.until(() => chat.rows.length === 1),
    onlyB.until(() => onlyB.rows.length === 1),
  ]);
  expect(all.rows.map(({ node, event }) => `${node} ${event}`)).toEqual(["chat/a ping", "chat/b pong", "chat/a chat"]);
  expect(chat.rows[0]).toEqual({ ...row("chat", { at: 5 }), filter: undefined, node: "chat/a" });
  expect(onlyB.rows[0]?.event).toBe("pong");
  expect([all.passed, chat.passed, onlyB.passed]).toEqual([2, 1, 0]);
});

test("rows that were on their way when the searches changed reach nobody they do not fit", async () => {
  const rig = new TailRig();
  const a = rig.willing("a");
  const [chat, pong] = [new Viewer(), new Viewer()];
  rig.tail.set(chat, wish("event:chat"));
  rig.tail.set(pong, wish("event:pong"));
  await told(a, 2);
  rig.tail.leave(chat);
  await told(a, 3);
  expect(asks(a).at(-1)?.filters).toEqual([{ text: [], event: "pong" }]);
  send(a, [row("chat"), row("pong", { filter: 1 })]);
  send(a, [row("pong")]);
  await pong.until(() => pong.rows.length > 0);
  expect(pong.rows.map(({ event }) => event)).toEqual(["pong"]);
  expect(chat.rows).toEqual([]);
});

test("a viewer gets no more a second than it asked for, however many nodes send, and hears how many passed", async () => {
  const rig = new TailRig();
  const [a, b] = [rig.willing("a"), rig.willing("b")];
  const ann = new Viewer();
  rig.tail.set(ann, wish("", { perSecond: 5 }));
  for (const probe of [a, b])
    send(
      probe,
      Array.from({ length: 8 }, (_, i) => row(`e${i}`, { at: i })),
      [100],
    );
  await ann.until(() => ann.rows.length > 0);
  expect([ann.rows.length, ann.passed]).toEqual([5, 211]);
  rig.clock.time += 400;
  send(
    a,
    Array.from({ length: 8 }, () => row("later")),
  );
  await ann.until(() => ann.rows.length > 5);
  expect([ann.rows.length, ann.passed]).toEqual([7, 217]);
});

test("a viewer that does not read has nothing kept for it, and hears how many it missed", async () => {
  const rig = new TailRig();
  const a = rig.willing("a");
  const [ann, stuck] = [new Viewer(), new Viewer()];
  rig.tail.set(ann, wish());
  rig.tail.set(stuck, wish());
  stuck.ready = false;
  send(a, [row("one"), row("two")], [3]);
  await ann.until(() => ann.rows.length === 2);
  stuck.ready = true;
  send(a, [row("three")]);
  await stuck.until(() => stuck.rows.length > 0);
  expect(stuck.rows.map(({ event }) => event)).toEqual(["three"]);
  expect([ann.passed, stuck.passed]).toEqual([3, 5]);
});

test("eight different searches may be followed at once; who brings a ninth is refused and keeps its own", async () => {
  const rig = new TailRig();
  const a = rig.willing("a");
  const viewers = Array.from({ length: 8 }, () => new Viewer());
  for (const [i, viewer] of viewers.entries()) rig.tail.set(viewer, wish(`event:e${i}`));
  const ninth = new Viewer();
  expect(() => rig.tail.set(ninth, wish("event:e9"))).toThrow(/at most 8 different searches/);
  rig.tail.set(ninth, wish("event:e3"));
  rig.tail.set(viewers[0] as Viewer, wish("event:other"));
  expect(() => rig.tail.set(viewers[3] as Viewer, wish("event:e9"))).toThrow(/at most 8/);
  expect(() => rig.tail.set(ninth, wish("dir:up"))).toThrow(/dir: expected one of in, out/);
  expect(() => rig.tail.set(ninth, wish("", { node: "chat/none" }))).toThrow(/node: expected one of/);
  await told(a, 2);
  send(a, [
    row("e3", {
      filter:
        asks(a)
          .at(-1)
          ?.filters.findIndex(({ event }) => event === "e3") ?? 0,
    }),
  ]);
  await ninth.until(() => ninth.rows.length === 1);
});
