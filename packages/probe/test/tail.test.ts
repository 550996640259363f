import { setTimeout as wait } from "node:timers/promises";
import type { ProbeOptions } from "@wsight/probe";
import type { TailFilter, TailRow } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import type { Socket } from "socket.io";
import msgpackParser from "socket.io-msgpack-parser";
import { afterEach, describe, expect, it } from "vitest";
import { type AskingHub, askingHub, present } from "./asking.ts";
import { type Client, serve as serveIo } from "./socket-io-support.ts";
import { serve as serveWs } from "./ws-support.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function follow(
  hub: AskingHub,
  filters: readonly Partial<TailFilter>[],
  { perSecond = 50, forMs = 60_000 } = {},
): Promise<{ following: number }> {
  return hub.ask({ kind: "tail", perSecond, forMs, filters: filters.map((filter) => ({ text: [], ...filter })) });
}

const rowsOf = (hub: AskingHub): TailRow[] => hub.tails.flatMap(({ rows }) => rows);
const passedOf = (hub: AskingHub): number => hub.tails.reduce((sum, { passed }) => sum + (passed[0] ?? 0), 0);

async function chat(
  options: Parameters<typeof serveIo>[0] = {},
  client: object = {},
  probe: ProbeOptions = {},
): Promise<{ hub: AskingHub; clients: Client[]; stop: () => void; sockets: () => Socket[] }> {
  const getUser = (socket: unknown): string => (socket as Socket).handshake.auth.user;
  const served = await serveIo(options, { probe: { getUser, ...probe } });
  ends.push(served.close);
  const clients = ["ada", "bob"].map((user) =>
    served.client({ transports: ["websocket"], auth: { user, token: "topsecret" }, ...client }),
  );
  await Promise.all(clients.map(({ connected }) => connected));
  const hub = askingHub(served.probe);
  return {
    hub,
    clients,
    stop: () => served.attachment?.detach(),
    sockets: () => [...served.io.sockets.sockets.values()],
  };
}

describe("a live tail", () => {
  it("is silent until it is asked for, shows messages both ways, and ends when asked with no filters", async () => {
    const { hub, clients, sockets } = await chat();
    clients[0]?.socket.emit("before", 1);
    await wait(300);
    expect(hub.tails).toEqual([]);
    expect(await follow(hub, [{}])).toEqual({ following: 1 });
    clients[0]?.socket.emit("hello", { text: "hi" });
    sockets()[0]?.emit("welcome", "back");
    const rows = await present(() => (rowsOf(hub).length >= 2 ? rowsOf(hub) : undefined), "two rows");
    const inwards = rows.find(({ direction }) => direction === "in");
    expect(inwards).toMatchObject({
      filter: 0,
      user: "ada",
      event: "hello",
      library: "socket.io",
      namespace: "/",
      bytes: '2["hello",{"text":"hi"}]'.length,
      fields: null,
    });
    expect(rows.find(({ direction }) => direction === "out")).toMatchObject({ event: "welcome", namespace: "/" });
    const [row] = (await hub.page({ filter: { user: "ada" } })).rows;
    expect(inwards?.connection).toBe(row?.connection);
    expect(await follow(hub, [])).toEqual({ following: 0 });
    const frames = hub.tails.length;
    clients[0]?.socket.emit("after", 1);
    await wait(400);
    expect(hub.tails).toHaveLength(frames);
  });

  it("takes what each filter asks for, and says which filter took it", async () => {
    const { hub, clients } = await chat();
    const [ada] = (await hub.page({ filter: { user: "ada" } })).rows;
    await follow(hub, [
      { event: "move" },
      { text: ["ov", "m"] },
      { user: "bob" },
      { direction: "out" },
      { namespace: "/other" },
      { connection: ada?.connection ?? 0 },
    ]);
    clients[0]?.socket.emit("move", 1);
    clients[1]?.socket.emit("Remove", 1);
    await until(() => rowsOf(hub).length >= 5, { what: "rows" });
    expect(
      rowsOf(hub)
        .map(({ filter, event, user }) => `${filter} ${event} ${user}`)
        .sort(),
    ).toEqual(["0 move ada", "1 Remove bob", "1 move ada", "2 Remove bob", "5 move ada"]);
  });

  it("reads a bounded number of bytes a second, each message once, and shows the others without fields", async () => {
    const { hub, clients } = await chat({}, {}, { tailFields: ["room"] });
    const twice = [{ event: "long" }, { text: ["lon"] }];
    await follow(hub, [...twice, { event: "short" }]);
    for (let i = 0; i < 40; i++) clients[0]?.socket.emit("long", { room: "a", more: "x".repeat(50_000) });
    await until(() => rowsOf(hub).length === 80, { what: "all rows" });
    const read = rowsOf(hub).filter(({ fields }) => (fields?.length ?? 0) > 0);
    expect(read.length).toBeGreaterThanOrEqual(2 * 5);
    expect(read.length % 2).toBe(0);
    expect(read.length).toBeLessThan(60);
    await wait(300);
    clients[0]?.socket.emit("short", { room: "b" });
    const row = await present(() => rowsOf(hub).find(({ event }) => event === "short"), "the short one");
    expect(row.fields).toEqual([["room", "b"]]);
  });

  it("goes on when a client nests deeper than can be written", async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown): number => errors.push(error);
    const getEvent = (): string => "chat";
    const served = await serveWs({}, { probe: { getEvent, tailFields: ["n"], onError } });
    ends.push(served.close);
    const { client } = await served.connect();
    const hub = askingHub(served.probe);
    await follow(hub, [{ direction: "in" }]);
    for (let i = 0; i < 12; i++) client.send(`{"n":${"[".repeat(30_000)}${"]".repeat(30_000)}}`);
    await until(() => rowsOf(hub).length === 12, { what: "rows" });
    client.send('{"n":1}');
    await until(() => rowsOf(hub).length === 13, { what: "a row after" });
    expect(rowsOf(hub).at(-1)?.fields).toEqual([["n", "1"]]);
    expect(errors).toEqual([]);
  });

  it("takes so many a second of each filter and counts the others as passed, each message once", async () => {
    const { hub, clients } = await chat();
    await follow(hub, [{ event: "flood" }], { perSecond: 5 });
    for (let i = 0; i < 500; i++) clients[0]?.socket.emit("flood", i);
    await until(() => rowsOf(hub).length + passedOf(hub) === 500, { what: "all messages" });
    expect(rowsOf(hub).length).toBeGreaterThanOrEqual(5);
    // Five at once, and what the bucket took in until the last came.
    expect(rowsOf(hub).length).toBeLessThanOrEqual(15);
    await wait(600);
    for (let i = 0; i < 10; i++) clients[0]?.socket.emit("flood", i);
    await until(() => rowsOf(hub).length + passedOf(hub) === 510, { what: "more" });
  });

  it("ends by itself, and when its link ends", async () => {
    const { hub, clients } = await chat();
    await follow(hub, [{}], { forMs: 300 });
    clients[0]?.socket.emit("one");
    await until(() => rowsOf(hub).length === 1, { what: "the first" });
    await wait(600);
    clients[0]?.socket.emit("two");
    await wait(400);
    expect(rowsOf(hub).map(({ event }) => event)).toEqual(["one"]);
    await follow(hub, [{}]);
    hub.close();
    clients[0]?.socket.emit("three");
    await wait(400);
    expect(rowsOf(hub)).toHaveLength(1);
  });

  it("shows fields of payloads only by name, redacted and cut, and hides the others", async () => {
    const { hub, clients } = await chat({}, {}, { tailFields: ["room", "text", "n", "list"] });
    await follow(hub, [{ direction: "in" }]);
    clients[0]?.socket.emit("say", {
      room: "lobby",
      text: `mail ada@example.org token=topsecret ${"x".repeat(1000)}`,
      password: "topsecret",
      n: 42,
      list: [1, { a: 2 }],
    });
    clients[0]?.socket.emit("text only", "topsecret");
    clients[0]?.socket.emit("many", Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}`, "topsecret"])));
    clients[0]?.manager.socket("/nowhere", { auth: { token: "topsecret" } }).connect();
    await until(() => rowsOf(hub).length >= 4, { what: "rows" });
    const fields = (event: string): TailRow["fields"] => rowsOf(hub).find((row) => row.event === event)?.fields ?? null;
    const said = Object.fromEntries(fields("say") ?? []);
    expect(said).toMatchObject({ room: "lobby", password: "•••", n: "42", list: '[1,{"a":2}]' });
    expect(said.text?.length).toBe(256);
    expect(said.text?.startsWith("mail •••@••• token=••• xxx")).toBe(true);
    expect(fields("text only")).toEqual([]);
    expect(fields("many")).toEqual(Array.from({ length: 8 }, (_, i) => [`f${i}`, "•••"]));
    expect(fields("connect")).toEqual([]);
    expect(hub.texts.join()).not.toContain("topsecret");
  });

  it("reads namespaces and payloads of msgpack too", async () => {
    const probe = { tailFields: ["room", "n", "deep", "yes"] };
    const { hub, clients } = await chat({ parser: msgpackParser as never }, { parser: msgpackParser }, probe);
    await follow(hub, [{ event: "say", namespace: "/" }]);
    clients[0]?.socket.emit("say", { room: "lobby", n: -70_000, yes: true, deep: { a: 1 }, secret: "topsecret" });
    const row = await present(() => rowsOf(hub)[0], "a row");
    expect(row).toMatchObject({ event: "say", namespace: "/", user: "ada" });
    expect(Object.fromEntries(row.fields ?? [])).toEqual({
      room: "lobby",
      n: "-70000",
      yes: "true",
      deep: "(more than a plain value)",
      secret: "•••",
    });
    expect(hub.texts.join()).not.toContain("topsecret");
  });

  it("follows ws by the names that getEvent gives, and by text and binary", async () => {
    const getEvent = (data: unknown): string | null => (JSON.parse(String(data)).type as string | undefined) ?? null;
    const served = await serveWs({}, { probe: { getEvent, tailFields: ["n"] } });
    ends.push(served.close);
    const { client, socket } = await served.connect();
    const hub = askingHub(served.probe);
    await follow(hub, [{}]);
    client.send(JSON.stringify({ type: "order", n: 1, card: "topsecret" }));
    client.send(Buffer.from(JSON.stringify({ n: 2 })), { binary: true });
    socket.send(JSON.stringify({ n: 3 }));
    socket.send("no json");
    await until(() => rowsOf(hub).length === 4, { what: "four rows" });
    const shown = rowsOf(hub).map(({ direction, event, fields }) => [direction, event, fields]);
    expect(shown.sort()).toEqual(
      [
        ["in", "binary", [["n", "2"]]],
        [
          "in",
          "order",
          [
            ["n", "1"],
            ["type", "•••"],
            ["card", "•••"],
          ],
        ],
        ["out", "text", [["n", "3"]]],
        ["out", "text", []],
      ].sort(),
    );
    expect(rowsOf(hub)[0]).toMatchObject({ library: "ws", namespace: null, user: null });
    expect(hub.texts.join()).not.toContain("topsecret");
  });

  it("takes names of fields that mean secrets as a mistake", async () => {
    for (const name of ["password", "token", "accessToken", "Authorization", "cookie"]) {
      await expect(serveIo({}, { probe: { tailFields: [name] } })).rejects.toMatchObject({ code: "BAD_OPTION" });
    }
  });
});
