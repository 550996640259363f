import { type Pool, poolOf } from "@wsight/hub";
import { encodeLinkText, Histogram, type LiveTable, type NodeRow, type TypeRow } from "@wsight/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type FakeProbe, Rig } from "./current-rig.ts";
import { openRig } from "./live-rig.ts";

const LABELS = { "ws.library": "socket.io", "ws.server": "main" };
const MESSAGES = "websocket.server.messages";
const SIZE = "websocket.server.message.size";
const HANDLER = "websocket.server.handler.duration";

function row(rig: Rig, event: string): TypeRow {
  const found = rig.current.table("types").find((one) => one.event === event && one.direction === "in");
  if (found === undefined) throw new Error(event);
  return found;
}

test("types merge the distributions of all nodes truly, and share out their messages", () => {
  const values = fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.array(fc.tuple(values, values), { minLength: 1, maxLength: 4 }), (members) => {
      const rig = new Rig();
      const probes = members.map((_, i) => rig.probe({ instance: `n${i}` }));
      const [sizes, times] = [new Histogram(), new Histogram()];
      for (let part = 0; part < 2; part++) {
        rig.second(() => {
          probes.forEach((probe, i) => {
            const [size = [], time = []] = (members[i] ?? []).map((all) => all.filter((_, at) => at % 2 === part));
            for (const one of size) sizes.record(one);
            for (const one of time) times.record(one);
            probe.record(SIZE, size, { ...LABELS, direction: "in", event: "chat" });
            probe.record(HANDLER, time, { ...LABELS, event: "chat" });
            probe.grow(MESSAGES, 3, { ...LABELS, direction: "in", kind: "event", event: "chat" });
            probe.grow(MESSAGES, 1, { ...LABELS, direction: "in", kind: "event", event: "ping" });
            probe.snapshot();
          });
        });
      }
      const chat = row(rig, "chat");
      expect(chat.total).toBe(6 * members.length);
      expect(chat.share).toBeCloseTo(0.75);
      expect(chat.timing).toBe("handler");
      const close = (got: number | null, want: number | null): void => {
        expect(Math.abs((got ?? -1) / (want ?? 1) - 1)).toBeLessThan(0.03);
      };
      close(chat.sizeP50, sizes.quantile(0.5));
      close(chat.sizeP95, sizes.quantile(0.95));
      close(chat.p50, times.quantile(0.5));
      close(chat.p95, times.quantile(0.95));
      expect(row(rig, "ping")).toMatchObject({ sizeP50: null, p50: null, timing: null });
    }),
    { numRuns: 40 },
  );
});

test("acknowledgements are preferred to handlers, and errors count where they belong", () => {
  const rig = new Rig();
  const probe = rig.probe();
  for (let i = 0; i < 2; i++) {
    rig.second(() => {
      const chat = { ...LABELS, event: "chat" };
      for (const direction of ["in", "out"]) probe.grow(MESSAGES, 10, { ...chat, direction, kind: "event" });
      probe.record(HANDLER, [0.001], chat);
      probe.record("websocket.server.ack.duration", [0.1], { ...chat, side: "server" });
      probe.record("websocket.server.ack.duration", [0.5], { ...chat, side: "client" });
      probe.grow("websocket.server.handler.errors", 2, chat);
      probe.grow("websocket.server.ack.timeouts", 1, chat);
      probe.snapshot();
    });
  }
  const [inbound, outbound] = rig.current.table("types").toSorted((a, b) => (a.direction < b.direction ? -1 : 1));
  expect([inbound?.timing, outbound?.timing]).toEqual(["ack", "ack"]);
  expect(inbound?.p50).toBeCloseTo(0.1, 2);
  expect(outbound?.p50).toBeCloseTo(0.5, 1);
  expect(inbound?.errorsPerMinute).toBeCloseTo(2 * (outbound?.errorsPerMinute ?? 0));
  expect(outbound?.errorsPerMinute).toBeGreaterThan(0);
});

test("what shares a place comes last, and is kept when there is no room for all", () => {
  const rig = new Rig();
  const probe = rig.probe();
  rig.second(() => {
    for (let i = 0; i < 150; i++) {
      probe.grow(MESSAGES, i + 1, { ...LABELS, direction: "in", kind: "event", event: `e${i}` });
    }
    probe.grow(MESSAGES, 10_000, { ...LABELS, direction: "in", kind: "event", event: "_other" });
    probe.grow("websocket.server.closes", 10_000, { ...LABELS, reason: "_other" });
    probe.grow("websocket.server.closes", 1, { ...LABELS, reason: "1000" });
    probe.snapshot();
  });
  const types = rig.current.table("types");
  expect(types).toHaveLength(100);
  expect([types[0]?.event, types[98]?.event, types[99]?.event]).toEqual(["e149", "e51", "_other"]);
  expect(rig.current.table("events").at(-1)?.event).toBe("_other");
  expect(rig.current.table("closes").map(({ key }) => key)).toEqual(["1000", "_other"]);
});

test("handlers are ordered by their share of the loops they run on", () => {
  const rig = new Rig();
  const probes = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })] as [FakeProbe, FakeProbe];
  const busy = { ...LABELS, event: "busy" };
  const rare = { ...LABELS, event: "rare" };
  for (let i = 0; i < 70; i++) {
    rig.second(() => {
      for (const probe of probes) probe.record(HANDLER, [0.05, 0.05], busy);
      if (i % 10 === 0) probes[0].record(HANDLER, [4], rare);
      probes[1].grow("websocket.server.handler.errors", 1, busy);
      for (const probe of probes) probe.snapshot();
    });
  }
  const [first, second] = rig.current.table("handlers");
  expect(first).toMatchObject({ event: "rare", library: "socket.io", errorsPerMinute: 0 });
  expect(first?.share).toBeCloseTo(0.4, 1);
  expect(first?.max).toBeCloseTo(4, 1);
  expect(second?.share).toBeCloseTo(0.1, 2);
  expect(second?.rate).toBeCloseTo(4);
  expect(second?.errorsPerMinute).toBeCloseTo(60, 0);
});

test("namespaces add up over nodes and servers; a silent node takes its sockets with it", () => {
  const rig = new Rig();
  const probes = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })] as [FakeProbe, FakeProbe];
  const at = (namespace: string): Record<string, string> => ({ "ws.server": "main", namespace });
  const beat = (probe: FakeProbe): void => {
    probe.set("socketio.namespace.sockets", 5, at("/chat")).set("socketio.rooms", 2, at("/chat"));
    probe.grow("websocket.server.broadcasts", 2, { ...LABELS, namespace: "/chat" });
    probe.record("websocket.server.broadcast.fanout", [10, 30], { ...LABELS, namespace: "/chat" });
    probe.record("websocket.server.broadcast.duration", [0.01], { ...LABELS, namespace: "/chat" });
    probe.snapshot();
  };
  probes[0].set("socketio.namespace.sockets", 7, at("/admin"));
  for (let i = 0; i < 12; i++) rig.second(() => probes.forEach(beat));
  expect(rig.current.table("namespaces")).toEqual([
    {
      namespace: "/chat",
      sockets: 10,
      rooms: 4,
      nodes: 2,
      broadcastRate: expect.closeTo(4),
      recipientsP50: expect.closeTo(10, 0),
      broadcastP95: expect.closeTo(0.01, 3),
    },
    expect.objectContaining({ namespace: "/admin", sockets: 7, rooms: 0, nodes: 1, broadcastP95: null }),
  ]);
  for (let i = 0; i < 5; i++) rig.second(() => beat(probes[0]));
  expect(rig.current.table("namespaces")[0]).toMatchObject({ namespace: "/admin", nodes: 1 });
  expect(rig.current.table("namespaces")[1]).toMatchObject({ namespace: "/chat", sockets: 5, nodes: 1 });
});

test("slow events and broadcasts are the newest of all nodes, and end with the life of their process", () => {
  const rig = new Rig();
  const probes = ["a", "b"].map((instance) => rig.probe({ instance })) as [FakeProbe, FakeProbe];
  probes.forEach((probe, n) => {
    const at = (i: number): number => 1000 + i * 2 + n;
    const head = { type: "table", epoch: 1, at: 1, total: 60 } as const;
    const slow = { kind: "handler", event: "chat", library: "ws", connection: 1, queueSeconds: null } as const;
    const rest = { ...slow, seconds: 1, bufferedBytes: null };
    const rows = Array.from({ length: 60 }, (_, i) => i);
    probe.send(encodeLinkText({ ...head, table: "slow", rows: rows.map((i) => ({ ...rest, at: at(i) })) }));
    const one = { namespace: "/", recipients: 3, seconds: 0.1 };
    probe.send(encodeLinkText({ ...head, table: "broadcasts", rows: rows.map((i) => ({ ...one, at: at(i) })) }));
  });
  const slow = rig.current.table("slow");
  expect(slow.map(({ at }) => at)).toEqual(Array.from({ length: 50 }, (_, i) => 1119 - i));
  expect(slow.slice(0, 2).map(({ node }) => node)).toEqual(["chat/b", "chat/a"]);
  expect(rig.current.table("broadcasts")).toHaveLength(100);
  probes[1].restart(2);
  expect(new Set(rig.current.table("slow").map(({ node }) => node))).toEqual(new Set(["chat/a"]));
});

test("a table is made while somebody has it subscribed, every other second, and not otherwise", async () => {
  const rig = await openRig();
  const made: LiveTable[] = [];
  const { table } = rig.current;
  Object.assign(rig.current, {
    table: (name: LiveTable) => {
      made.push(name);
      return table(name);
    },
  });
  const client = await rig.connect();
  client.subscribe([], { tables: ["nodes"] });
  await client.text("table");
  for (let i = 0; i < 6; i++) await rig.tick();
  expect(made).not.toContain("types");
  client.subscribe([], { id: 2, tables: ["types"] });
  await client.text("table", 2);
  made.length = 0;
  for (let i = 0; i < 6; i++) await rig.tick();
  expect(made).toEqual(["types", "types", "types"]);
});

const member = (connections: number | null, capacity: number | null, state: NodeRow["state"] = "live"): NodeRow =>
  ({
    state,
    connections,
    capacity: capacity === null ? null : { connections: capacity, source: "given" },
  }) as NodeRow;

test("the pool is what live nodes with connections have, and its balance is that of their loads", () => {
  const none: Pool = { connections: null, capacity: null, utilisation: null, balance: null };
  expect(poolOf([])).toEqual(none);
  expect(poolOf([member(5, 10, "silent"), member(null, 10)])).toEqual(none);
  expect(poolOf([member(50, 100), member(90, 100), member(10, 100, "gone")])).toEqual({
    connections: 140,
    capacity: 200,
    utilisation: 0.7,
    balance: 50 / 90,
  });
  // Half full is half full, whatever the size; without a capacity, connections compare.
  expect(poolOf([member(50, 100), member(500, 1000)]).balance).toBe(1);
  expect(poolOf([member(50, 100), member(25, null)])).toMatchObject({
    capacity: null,
    utilisation: null,
    balance: 0.5,
  });
  expect(poolOf([member(0, 100), member(0, 100)]).balance).toBe(1);
  expect(poolOf([member(3, 100)]).balance).toBeNull();
});
