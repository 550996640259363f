import { once } from "node:events";
import { CONNECTION_SORTS, type ConnectionRow, compareConnections } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { afterEach, describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { type AskingHub, askingHub, type PageQuery, present } from "./asking.ts";
import { IN, read, type Served, serve } from "./ws-support.ts";

let served: Served | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

/** What the test knows of one connection, from the library's own objects. */
interface Known {
  readonly client: WebSocket;
  readonly socket: WebSocket;
  readonly user: string | null;
  readonly said: number;
}

/** Thirty connections of ten users that sent different numbers of messages; three of them nobody's. */
async function filled(options: Parameters<typeof serve>[0] = {}): Promise<{ known: Known[]; hub: AskingHub }> {
  let count = 0;
  const users: (string | null)[] = [];
  const getUser = (): string | null => {
    const user = count % 10 === 9 ? null : `User ${count % 10}`;
    users.push(user);
    count++;
    return user;
  };
  served = await serve(options, { probe: { getUser, getChannel: () => (count % 2 === 0 ? "even" : "odd") } });
  const known: Known[] = [];
  for (let i = 0; i < 30; i++) {
    const { client, socket } = await served.connect();
    for (let sent = 0; sent < (i * 7) % 30; sent++) client.send("x".repeat(1 + ((i * 13) % 50)));
    known.push({ client, socket, user: users[i] ?? null, said: (i * 7) % 30 });
  }
  const total = known.reduce((sum, { said }) => sum + said, 0);
  await until(() => read(served?.probe as Served["probe"]).sum("websocket.server.messages") === total, {
    what: "all messages",
  });
  return { known, hub: askingHub(served.probe) };
}

describe("a list of ws connections", () => {
  it("holds every open socket once, with what the library knows of it", async () => {
    const { known, hub } = await filled();
    const { open, matched, rows } = await hub.page();
    expect({ open, matched, rows: rows.length }).toEqual({ open: 30, matched: 30, rows: 30 });
    expect(new Set(rows.map(({ connection }) => connection)).size).toBe(30);
    const [row] = rows;
    expect(row).toMatchObject({ id: `#${row?.connection}`, library: "ws", server: "ws", transport: "websocket" });
    expect(row).toMatchObject({ namespaces: [], rooms: [], roomCount: 0, state: "open", inRate: null });
    // Opened one after another: the order of their numbers is the order in which the test opened them.
    rows.forEach((one, i) => {
      expect(one.user).toBe(known[i]?.user);
      expect(one.messagesIn).toBe(known[i]?.said);
      expect(one.bytesIn).toBe((known[i]?.said ?? 0) * (1 + ((i * 13) % 50)));
    });
  });

  it("is filtered by user, channel, words, id, transport, library and age, each against the truth", async () => {
    const { known, hub } = await filled();
    const { rows: all } = await hub.page();
    const expectRows = async (
      filter: NonNullable<PageQuery["filter"]>,
      truth: (row: ConnectionRow, known: Known | undefined) => boolean,
    ) => {
      const wanted = all.filter((row, i) => truth(row, known[i])).map(({ connection }) => connection);
      const page = await hub.page({ filter });
      expect([page.rows.map(({ connection }) => connection), page.matched, page.open]).toEqual([
        wanted,
        wanted.length,
        30,
      ]);
    };
    await expectRows({ user: "User 3" }, (_, one) => one?.user === "User 3");
    await expectRows({ user: "user 3" }, () => false);
    await expectRows({ channel: "odd" }, ({ channel }) => channel === "odd");
    await expectRows({ text: ["user 4"] }, (_, one) => one?.user === "User 4");
    await expectRows({ text: ["user", "odd"] }, (row, one) => one?.user !== null && row.channel === "odd");
    await expectRows({ id: all[7]?.id ?? "" }, ({ id }) => id === all[7]?.id);
    await expectRows({ transport: "websocket", library: "ws", server: "ws" }, () => true);
    await expectRows({ transport: "polling" }, () => false);
    await expectRows({ library: "socket.io" }, () => false);
    await expectRows({ server: "other" }, () => false);
    await expectRows({ room: "any" }, () => false);
    await expectRows({ namespace: "/" }, () => false);
    await expectRows({ state: "open" }, () => true);
    await expectRows({ state: "idle" }, () => false);
    await expectRows({ minAgeMs: 3_600_000 }, () => false);
    const age = Date.now() - ((all[14]?.openedAt ?? 0) + (all[15]?.openedAt ?? 0)) / 2;
    const young = await hub.page({ filter: { minAgeMs: age } });
    expect(young.rows.map(({ connection }) => connection)).toEqual(
      all.slice(0, young.matched).map(({ connection }) => connection),
    );
  });

  it("is sorted by everything, both ways, and cut into pages that fit together", async () => {
    const { known, hub } = await filled();
    for (const { client, socket, said } of known.slice(0, 5)) {
      const pong = once(socket, "pong");
      socket.ping();
      await pong;
      for (let i = 0; i < 20 - said / 2; i++) socket.send("y".repeat(10));
      client.send("z");
    }
    const total = known.reduce((sum, { said }) => sum + said, 5);
    await until(() => read((served as Served).probe).sum("websocket.server.messages", IN) === total, {
      what: "all messages",
    });
    const { rows: all } = await hub.page();
    expect(all.filter(({ rttMs }) => rttMs !== null)).toHaveLength(5);
    for (const sort of CONNECTION_SORTS) {
      // Rates move while the test looks; their order is tested where they stand still.
      if (sort === "in" || sort === "out") continue;
      for (const descending of [false, true]) {
        const truth = all.toSorted(compareConnections(sort, descending)).map(({ connection }) => connection);
        const whole = await hub.page({ sort, descending });
        expect([sort, descending, whole.rows.map(({ connection }) => connection)]).toEqual([sort, descending, truth]);
        const pages: number[] = [];
        for (let offset = 0; offset < 30; offset += 7) {
          const { rows } = await hub.page({ sort, descending, offset, limit: 7 });
          pages.push(...rows.map(({ connection }) => connection));
        }
        expect(pages).toEqual(truth);
      }
    }
  });

  it("tells rates per second from the second look on, and orders by them", async () => {
    const { known, hub } = await filled();
    await hub.page();
    const talker = known[4];
    for (let i = 0; i < 50; i++) talker?.client.send("again");
    const rows = await present(async () => {
      const page = await hub.page({ sort: "in", descending: true });
      return (page.rows[0]?.inRate ?? 0) > 0 ? page.rows : undefined;
    }, "a rate");
    expect(rows[0]?.user).toBe(talker?.user);
    expect(rows.slice(1).every(({ inRate }) => inRate === 0)).toBe(true);
    expect(rows.every(({ outRate }) => outRate === 0)).toBe(true);
  });

  it("shows what waits in a send buffer, and the states slow and closing", async () => {
    const { known, hub } = await filled();
    const [slow, closing] = known;
    slow?.client.pause();
    while ((slow?.socket.bufferedAmount ?? 0) < 1_000_000) slow?.socket.send(Buffer.alloc(1_000_000));
    closing?.client.pause();
    closing?.socket.close();
    const { rows } = await hub.page({ filter: { state: "slow" } });
    expect(rows.map(({ bufferedBytes }) => bufferedBytes)).toEqual([slow?.socket.bufferedAmount]);
    expect(rows[0]?.bufferedHighBytes).toBeGreaterThanOrEqual(rows[0]?.bufferedBytes ?? Number.NaN);
    expect((await hub.page({ filter: { minBufferedBytes: 100_000 } })).matched).toBe(1);
    const [sorted] = (await hub.page({ sort: "buffered", descending: true })).rows;
    expect(sorted?.connection).toBe(rows[0]?.connection);
    expect((await hub.page({ filter: { state: "closing" } })).matched).toBe(1);
  });

  it("only counts with a limit of 0, and answers beyond the end with nothing", async () => {
    const { hub } = await filled();
    expect(await hub.page({ limit: 0 })).toMatchObject({ open: 30, matched: 30, rows: [] });
    expect(await hub.page({ offset: 1000 })).toMatchObject({ open: 30, matched: 30, rows: [] });
    expect((await hub.page({ offset: 25 })).rows).toHaveLength(5);
  });

  it("is found without the library's own list, when clientTracking is off", async () => {
    const { hub } = await filled({ clientTracking: false });
    const { open, rows } = await hub.page();
    expect([open, rows.length]).toEqual([30, 30]);
    const [row] = rows;
    expect(await hub.ask({ kind: "disconnect", connection: row?.connection ?? 0 })).toEqual({ disconnected: true });
    await until(async () => (await hub.page({ filter: { text: ["#"] } })).open === 29, { what: "one less" });
  });

  it("leaves nothing behind after detach", async () => {
    const { hub, known } = await filled();
    await hub.page();
    served?.attachment?.detach();
    expect(await hub.page()).toMatchObject({ open: 0, matched: 0, rows: [] });
    expect(
      Object.getOwnPropertySymbols(known[0]?.socket ?? {})
        .map(String)
        .join(),
    ).not.toContain("wsight");
  });
});

describe("one ws connection", () => {
  it("is looked at closely: its row, its address, and nothing of its request", async () => {
    served = await serve();
    await served.connect({ headers: { cookie: "sid=topsecret", authorization: "Bearer topsecret" } });
    const hub = askingHub(served.probe);
    const [row] = (await hub.page()).rows;
    const detail = await hub.ask({ kind: "connection", connection: row?.connection ?? 0 });
    expect(detail.row).toEqual(row);
    expect(detail.sockets).toEqual([]);
    expect(detail.handshake).toEqual({ path: null, address: "127.0.0.1", headers: [] });
    expect(hub.texts.join()).not.toContain("topsecret");
  });

  it("is disconnected by its number with code 1008, and the application's handlers run", async () => {
    const { known, hub } = await filled();
    const { rows } = await hub.page();
    const closed = once(known[3]?.socket as WebSocket, "close");
    const heard = once(known[3]?.client as WebSocket, "close");
    await hub.ask({ kind: "disconnect", connection: rows[3]?.connection ?? 0 });
    const [code, reason] = await heard;
    expect([code, String(reason)]).toEqual([1008, "disconnected by an administrator"]);
    await closed;
    expect(await hub.page({ filter: { id: rows[3]?.id ?? "" } })).toMatchObject({ matched: 0 });
    const gone = { code: "NOT_FOUND", message: expect.stringContaining(String(rows[3]?.connection)) };
    await expect(hub.ask({ kind: "disconnect", connection: rows[3]?.connection ?? 0 })).rejects.toMatchObject(gone);
    await expect(hub.ask({ kind: "connection", connection: rows[3]?.connection ?? 0 })).rejects.toMatchObject(gone);
    expect(read((served as Served).probe).by("websocket.server.closes", "reason")).toEqual({ 1008: 1 });
    expect(read((served as Served).probe).by("wsight.probe.asks", "kind")).toMatchObject({
      disconnect: 2,
      connection: 1,
    });
  });

  it("is cut when its client does not answer the closing handshake", { timeout: 15_000 }, async () => {
    served = await serve();
    const { client, socket } = await served.connect();
    const hub = askingHub(served.probe);
    const [row] = (await hub.page()).rows;
    client.pause();
    const closed = once(socket, "close");
    const begin = performance.now();
    await hub.ask({ kind: "disconnect", connection: row?.connection ?? 0 });
    await closed;
    const took = performance.now() - begin;
    expect(took).toBeGreaterThan(4000);
    expect(took).toBeLessThan(10_000);
  });

  it("is not disconnected when the application forbids that", async () => {
    served = await serve({}, { probe: { allowDisconnect: false } });
    const { socket } = await served.connect();
    const hub = askingHub(served.probe);
    const [row] = (await hub.page()).rows;
    const refusal = hub.ask({ kind: "disconnect", connection: row?.connection ?? 0 });
    await expect(refusal).rejects.toMatchObject({
      code: "FORBIDDEN",
      message: expect.stringContaining("allowDisconnect"),
    });
    expect(socket.readyState).toBe(socket.OPEN);
  });
});

describe("questions", () => {
  it("are at most eight at once; more are refused, and all get an answer", async () => {
    const { hub } = await filled();
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => hub.page()));
    expect(results.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 8 }, () => "fulfilled"),
      ...Array.from({ length: 4 }, () => "rejected"),
    ]);
    expect(results.at(-1)).toMatchObject({ reason: { code: "RATE_LIMITED" } });
    expect(await hub.page()).toMatchObject({ open: 30 });
  });

  it("of a link that ended get no answer", async () => {
    const { hub } = await filled();
    const answered = hub.answered();
    void hub.page();
    hub.close();
    const other = askingHub((served as Served).probe);
    await other.page();
    expect(hub.answered()).toBe(answered);
  });

  it("about a server that breaks are answered with an error, which goes to onError and not over the link", async () => {
    const { hub, known } = await filled();
    Object.defineProperty(known[2]?.socket, "bufferedAmount", {
      get() {
        throw new Error("a secret of the application");
      },
    });
    await expect(hub.page()).rejects.toMatchObject({ code: "INTERNAL" });
    expect(hub.texts.join()).not.toContain("a secret of the application");
    expect((served as Served).faults.some(({ error }) => String(error).includes("a secret"))).toBe(true);
  });
});

describe("tracked connections", () => {
  it("are listed by the ids the application gave, and only it can end them", async () => {
    served = await serve();
    const { probe } = served;
    probe.trackConnectionOpened({ connectionId: "abc", userId: "ada", channelId: "news" });
    const hub = askingHub(probe);
    const { open, rows } = await hub.page({ filter: { library: "track" } });
    expect(open).toBe(1);
    expect(rows[0]).toMatchObject({ id: "abc", library: "track", user: "ada", channel: "news", state: "open" });
    const connection = rows[0]?.connection ?? 0;
    expect(await hub.ask({ kind: "connection", connection })).toMatchObject({ sockets: [], handshake: null });
    const refusal = { code: "BAD_REQUEST", message: expect.stringContaining("only the application can end it") };
    await expect(hub.ask({ kind: "disconnect", connection })).rejects.toMatchObject(refusal);
    probe.trackConnectionClosed("abc");
    expect(await hub.page({ filter: { id: "abc" } })).toMatchObject({ open: 0, matched: 0 });
  });
});
