import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { createProbe, type Probe } from "@wsight/probe";
import type { ComponentRow } from "@wsight/protocol";
import { findRedis, type RedisServer, startRedis, until } from "@wsight/testkit";
// Version 5 asks nothing as it connects, where it is told not to.
import { Redis } from "ioredis5";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRecordingLink, type RecordingLink } from "./recording-link.ts";

/** Takes connections and never answers. */
class MuteServer {
  /** Pings by connection. */
  readonly pings: number[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((socket) => {
      const connection = this.pings.push(0) - 1;
      socket.on("error", () => undefined);
      socket.on("data", (chunk) => {
        const pings = String(chunk).match(/ping/gi)?.length ?? 0;
        this.pings[connection] = (this.pings[connection] ?? 0) + pings;
      });
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
  }
}

describe.skipIf(findRedis() === null)("the state of components (needs redis-server)", () => {
  let probe: Probe;
  let link: RecordingLink;
  let redis: RedisServer;
  const clients: Redis[] = [];
  beforeEach(async () => {
    probe = createProbe({ intervalMs: 100, mediumIntervalMs: 200, slowIntervalMs: 60_000 });
    link = createRecordingLink();
    probe.connect(link);
    redis = await startRedis();
  });
  afterEach(async () => {
    probe.close();
    for (const client of clients.splice(0)) client.disconnect();
    await redis.stop();
  });
  const open = (options: object): Redis => {
    const client = new Redis({ enableReadyCheck: false, retryStrategy: () => 100, ...options });
    client.on("error", () => undefined);
    clients.push(client);
    return client;
  };
  const rows = (): readonly ComponentRow[] =>
    ((link.tables.get("components")?.rows ?? []) as readonly ComponentRow[]).filter(({ kind }) => kind === "cache");

  it("pings at most 16 at once, and one that hangs never twice, so that others get their turn", async () => {
    const mute = new MuteServer();
    const port = await mute.listen();
    const hanging = Array.from({ length: 20 }, () => open({ port, disableClientInfo: true }));
    await Promise.all(hanging.map((client) => client.status === "ready" || once(client, "ready")));
    for (const [i, client] of hanging.entries()) probe.attach(client, { name: `mute-${i}` });
    probe.attach(open({ port: redis.port }), { name: "answers" });

    await until(() => sum(mute.pings) >= 16, { what: "the first pings" });
    await wait(1000);
    expect(sum(mute.pings)).toBe(16);
    const isUp = (): boolean => rows().find(({ name }) => name === "answers")?.state === "up";
    await until(isUp, { what: "the one that answers" });
    await until(() => rows().filter(({ state }) => state === "down").length === 20, { what: "20 that are down" });
    await wait(1000);
    expect(mute.pings).toEqual(Array.from({ length: 20 }, () => 1));
    mute.close();
  });

  it("says since when, how long a ping takes, and why not, without what an address holds", async () => {
    const client = open({ port: redis.port });
    probe.attach(client, { name: "cache" });
    await until(() => rows()[0]?.state === "up", { what: "the first ping" });
    const [up] = rows();
    expect(up).toMatchObject({ kind: "cache", name: "cache", library: "ioredis", error: null });
    expect(up?.latencySeconds).toBeGreaterThan(0);
    await until(() => (rows()[0]?.checkedAt ?? 0) > (up?.checkedAt ?? 0), { what: "another look" });
    expect(rows()[0]?.since).toBe(up?.since);
    expect(link.histogram("wsight.component.latency", { "component.name": "cache" }).count).toBeGreaterThan(0);
    expect(link.sum("wsight.component.up", { "component.name": "cache" })).toBe(1);

    await redis.stop();
    await until(() => rows()[0]?.state === "down", { what: "the component to be down" });
    expect(rows()[0]?.error).not.toMatch(new RegExp(`${redis.port}|127\\.0`));
    expect(rows()[0]?.since).toBeGreaterThan(up?.since ?? 0);
    expect(link.sum("wsight.component.up", { "component.name": "cache" })).toBe(0);
  });

  it("tells a component no more once its client is detached", async () => {
    const attachment = probe.attach(open({ port: redis.port }), { name: "cache" });
    await until(() => rows().length === 1, { what: "the row" });
    attachment.detach();
    await until(() => rows().length === 0, { what: "the row to go" });
    await until(() => Number.isNaN(link.sum("wsight.component.up", { "component.name": "cache" })), {
      what: "the gauge to end",
    });
  });
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
