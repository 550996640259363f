import { once } from "node:events";
import { CONNECTION_SORTS, type ConnectionFilter, type ConnectionRow, compareConnections } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import type { Server, Socket } from "socket.io";
import msgpackParser from "socket.io-msgpack-parser";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type AskingHub, askingHub, present } from "./asking.ts";
import { type Client, read, type Served, serve } from "./socket-io-support.ts";

let served: Served | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

interface App {
  readonly app: Served;
  readonly io: Server;
  readonly hub: AskingHub;
  readonly clients: Client[];
}

/** A dozen connections: every third over polling, every second also in /chat or in a namespace made on demand, in rooms. */
async function filled(
  options: Parameters<typeof serve>[0] = {},
  client: Parameters<Served["client"]>[0] = {},
): Promise<App> {
  const getUser = (socket: unknown): string | null => (socket as Socket).handshake.auth.user ?? null;
  served = await serve(options, { probe: { getUser } });
  const app = served;
  const { io } = app;
  io.on("connection", (socket) => {
    const { n } = socket.handshake.auth;
    socket.join(n % 2 === 0 ? ["lobby", `table ${n % 4}`] : "lobby");
  });
  io.of("/chat").on("connection", (socket) => void socket.join("general"));
  io.of(/^\/tenant-\d+$/).on("connection", (socket) => void socket.join(["lobby", "general"]));
  const clients: Client[] = [];
  for (let n = 0; n < 12; n++) {
    const transports = n % 3 === 0 ? ["polling"] : ["websocket"];
    const one = app.client({ ...client, transports, auth: { n, user: n % 4 === 3 ? null : `user ${n % 4}` } });
    await one.connected;
    clients.push(one);
    if (n % 2 === 1) continue;
    const further = one.manager.socket(n % 4 === 0 ? "/chat" : `/tenant-${n}`);
    further.connect();
    await once(further as never, "connect");
  }
  return { app, io, hub: askingHub(app.probe), clients };
}

/** The truth from the library: of each connection its sockets. */
function truthOf(io: Server): Map<string, Socket[]> {
  const byConnection = new Map<unknown, Socket[]>();
  for (const namespace of io._nsps.values()) {
    for (const socket of namespace.sockets.values()) {
      byConnection.set(socket.conn, [...(byConnection.get(socket.conn) ?? []), socket]);
    }
  }
  return new Map([...byConnection.values()].map((sockets) => [sockets[0]?.id ?? "", sockets]));
}

describe.each([
  ["the default parser", {}, {}],
  ["connection state recovery", { connectionStateRecovery: {} }, {}],
  ["msgpack", { parser: msgpackParser as never }, { parser: msgpackParser }],
])("a list of Socket.IO connections, with %s", (_, options, clientOptions) => {
  it("holds every connection once, with its namespaces and rooms", async () => {
    const { io, hub } = await filled(options, clientOptions);
    const { open, matched, rows } = await hub.page();
    expect([open, matched, rows.length, io.engine.clientsCount]).toEqual([12, 12, 12, 12]);
    const truth = truthOf(io);
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(truth.keys()));
    for (const row of rows) {
      const sockets = truth.get(row.id) ?? [];
      const rooms = sockets.flatMap((socket) => [...socket.rooms].filter((room) => room !== socket.id));
      expect(row.namespaces).toEqual(sockets.map(({ nsp }) => nsp.name));
      expect([row.rooms, row.roomCount]).toEqual([rooms, rooms.length]);
      expect(row.transport).toBe(sockets[0]?.conn.transport.name);
      expect(row.user).toBe(sockets[0]?.handshake.auth.user ?? null);
      expect(row).toMatchObject({ library: "socket.io", server: "socket.io", state: "open" });
    }
  });

  it("is filtered by namespace, room, both of one socket, transport, user, id and words", async () => {
    const { io, hub } = await filled(options, clientOptions);
    const truth = truthOf(io);
    const expectRows = async (
      filter: Partial<ConnectionFilter>,
      fits: (sockets: Socket[]) => boolean,
    ): Promise<void> => {
      const wanted = [...truth].filter(([, sockets]) => fits(sockets)).map(([id]) => id);
      const { rows, matched } = await hub.page({ filter });
      expect([JSON.stringify(filter), rows.map(({ id }) => id).sort(), matched]).toEqual([
        JSON.stringify(filter),
        wanted.sort(),
        wanted.length,
      ]);
    };
    const inRoom = (room: string, namespace?: string) => (sockets: Socket[]) =>
      sockets.some(({ rooms, nsp }) => rooms.has(room) && (namespace ?? nsp.name) === nsp.name);
    await expectRows({ namespace: "/chat" }, (sockets) => sockets.some(({ nsp }) => nsp.name === "/chat"));
    await expectRows({ namespace: "/tenant-2" }, (sockets) => sockets.some(({ nsp }) => nsp.name === "/tenant-2"));
    await expectRows({ namespace: "/nowhere" }, () => false);
    await expectRows({ room: "general" }, inRoom("general"));
    await expectRows({ room: "table 2" }, inRoom("table 2"));
    await expectRows({ room: "general", namespace: "/chat" }, inRoom("general", "/chat"));
    await expectRows({ room: "lobby", namespace: "/chat" }, () => false);
    const [id = ""] = truth.keys();
    await expectRows({ room: id }, () => false);
    await expectRows({ id }, ([socket]) => socket?.id === id);
    await expectRows({ text: [id.slice(3, 12).toLowerCase()] }, ([socket]) => socket?.id === id);
    await expectRows({ transport: "polling" }, ([socket]) => socket?.conn.transport.name === "polling");
    await expectRows({ user: "user 1", transport: "websocket" }, ([socket]) => {
      return socket?.handshake.auth.user === "user 1" && socket.conn.transport.name === "websocket";
    });
  });

  it("is sorted by everything, both ways", async () => {
    const { hub } = await filled(options, clientOptions);
    const { rows: all } = await hub.page();
    const names = (rows: readonly ConnectionRow[]): number[] => rows.map(({ connection }) => connection);
    for (const sort of CONNECTION_SORTS) {
      for (const descending of [false, true]) {
        const page = await hub.page({ sort, descending });
        // Compared by its own rows: polling goes on meanwhile, and what waits for a poll comes and goes.
        if (sort === "buffered") continue;
        expect([sort, names(page.rows)]).toEqual([sort, names(all.toSorted(compareConnections(sort, descending)))]);
      }
    }
  });

  it("ends a connection with all its sockets, whose own handlers run", async () => {
    const { io, hub, clients } = await filled(options, clientOptions);
    const [target] = (await hub.page({ filter: { namespace: "/tenant-2" } })).rows;
    const reasons: string[] = [];
    for (const socket of truthOf(io).get(target?.id ?? "") ?? []) {
      socket.on("disconnect", (reason) => reasons.push(`${socket.nsp.name} ${reason}`));
    }
    const heard = once(clients[2]?.socket as never, "disconnect");
    expect(await hub.ask({ kind: "disconnect", connection: target?.connection ?? 0 })).toEqual({ disconnected: true });
    await heard;
    expect(reasons.sort()).toEqual(["/ server namespace disconnect", "/tenant-2 server namespace disconnect"]);
    await until(async () => (await hub.page({ filter: { text: [] }, limit: 1 })).open === 11, { what: "one less" });
    expect(io.engine.clientsCount).toBe(11);
    const again = hub.ask({ kind: "disconnect", connection: target?.connection ?? 0 });
    await expect(again).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("a recovered Socket.IO connection", () => {
  it("is a new connection with its old id and rooms", async () => {
    const { io, hub, clients } = await filled({ connectionStateRecovery: {} });
    const [client] = clients.slice(1);
    io.emit("offset");
    await once(client?.socket as never, "offset");
    const { id } = client?.socket ?? {};
    const [before] = (await hub.page({ filter: { id: id ?? "" } })).rows;
    const left = once(client?.socket as never, "disconnect");
    client?.manager.engine.close();
    await left;
    await until(() => io.engine.clientsCount === 11, { what: "the end of the old connection" });
    const back = once(client?.socket as never, "connect");
    client?.manager.connect();
    client?.socket.connect();
    await back;
    expect(client?.socket.recovered).toBe(true);
    const row = await present(
      async () => (await hub.page({ filter: { id: id ?? "" }, sort: "id" })).rows[0],
      "the connection",
    );
    expect(row).toMatchObject({ id, rooms: ["lobby"], roomCount: 1, namespaces: ["/"] });
    expect(row.connection).toBeGreaterThan(before?.connection ?? Number.NaN);
  });
});

describe("one Socket.IO connection", () => {
  it("is looked at closely: sockets, rooms, and a handshake without anything secret", async () => {
    served = await serve();
    const { io, probe, client } = served;
    io.on("connection", (socket) => void socket.join(Array.from({ length: 150 }, (_, i) => `room ${i}`)));
    const { connected } = client({
      transports: ["polling"],
      query: { token: "topsecret" },
      auth: { token: "topsecret" },
      extraHeaders: {
        cookie: "sid=topsecret",
        authorization: "Bearer topsecret",
        "x-api-key": "topsecret",
        "user-agent": "Tester/1 ada@example.org",
        origin: "https://app.example.org",
        "accept-language": "de",
      },
    });
    await connected;
    const hub = askingHub(probe);
    const [row] = (await hub.page()).rows;
    const detail = await hub.ask({ kind: "connection", connection: row?.connection ?? 0 });
    expect(row?.rooms).toHaveLength(8);
    expect(detail.row).toMatchObject({ id: row?.id, roomCount: 150 });
    expect(detail.sockets).toMatchObject([{ id: row?.id, namespace: "/", roomCount: 150 }]);
    expect(detail.sockets[0]?.rooms).toHaveLength(100);
    expect(detail.handshake?.path).toBe("/socket.io/");
    expect(detail.handshake?.address).toContain("127.0.0.1");
    expect(Object.fromEntries(detail.handshake?.headers ?? [])).toEqual({
      "user-agent": "Tester/1 •••@•••",
      origin: "https://app.example.org",
      host: `127.0.0.1:${served.port}`,
      "accept-language": "de",
    });
    expect(hub.texts.join()).not.toContain("topsecret");
    // The id of the Engine.IO session lets anybody in; only the socket's own id is told.
    const [socket] = io.sockets.sockets.values();
    const { id: session } = (socket as Socket).conn as unknown as { id: string };
    expect(hub.texts.join()).not.toContain(session);
  });

  it("that joined no namespace is listed by its number, and can be ended", async () => {
    const { app, io, hub } = await filled();
    const bare = new WebSocket(`ws://127.0.0.1:${app.port}/socket.io/?EIO=4&transport=websocket`);
    await once(bare, "message");
    const { open, rows } = await hub.page({ sort: "opened", descending: true, limit: 1 });
    expect(open).toBe(13);
    expect(rows[0]).toMatchObject({ id: `#${rows[0]?.connection}`, namespaces: [], rooms: [], roomCount: 0 });
    const closed = once(bare, "close");
    await hub.ask({ kind: "disconnect", connection: rows[0]?.connection ?? 0 });
    await closed;
    expect(io.engine.clientsCount).toBe(12);
  });

  it("leaves nothing to ask about after detach", async () => {
    const { app, hub } = await filled();
    app.attachment?.detach();
    expect(await hub.page()).toMatchObject({ open: 0, rows: [] });
    expect(read(app.probe).sum("websocket.server.active_connections")).toBe(0);
  });
});
