import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { findPostgres, findRedis, startPostgres, startRedis } from "@wsight/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { createShop } from "../dist/demo/shop.js";
import { type DemoSources, openSources } from "../dist/demo/sources.js";
import { openStock } from "../dist/demo/stock.js";

const ROUTE: unique symbol = Symbol.for("wsight.route") as never;
const NOTHING: DemoSources = { redis: null, pool: null, close: async () => undefined };

interface Shop {
  readonly ask: (method: string, path: string, body?: string) => Promise<{ status: number; text: string }>;
  /** Patterns that were said at requests, in their order. */
  readonly routes: readonly string[];
  readonly failures: readonly string[];
}

async function openShop(sources: DemoSources, random: () => number = () => 0.5): Promise<Shop> {
  const ending = new AbortController();
  const failures: string[] = [];
  const routes: string[] = [];
  const { signal } = ending;
  const stock = await openStock(sources, random, signal);
  const handle = createShop({ random, signal, stock, onError: (type) => failures.push(type) });
  const server = createServer((request: IncomingMessage & { [ROUTE]?: string }, response) => {
    handle(request, response);
    routes.push(request[ROUTE] ?? "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    ending.abort();
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const { port } = server.address() as AddressInfo;
  const ask: Shop["ask"] = async (method, path, body) => {
    const reply = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      redirect: "manual",
      ...(body === undefined ? {} : { body }),
    });
    return { status: reply.status, text: await reply.text() };
  };
  return { ask, routes, failures };
}

describe("the shop of the demo", () => {
  it("answers in all the ways a real one does, and says which route took a request", async () => {
    const { ask, routes } = await openShop(NOTHING);
    const order = JSON.stringify({ product: 3, amount: 2 });
    const asked = [
      ["GET", "/", 200, "/"],
      ["GET", "/api/products", 200, "/api/products"],
      ["GET", "/api/products/3", 200, "/api/products/:id"],
      ["GET", "/api/products/9999", 404, "/api/products/:id"],
      ["GET", "/catalogue", 301, "/catalogue"],
      ["POST", "/api/orders", 201, "/api/orders", order],
      ["POST", "/api/orders", 422, "/api/orders", "{"],
      ["GET", "/api/orders/1", 200, "/api/orders/:id"],
      ["DELETE", "/api/orders/1", 204, "/api/orders/:id"],
      ["GET", "/api/orders/1", 404, "/api/orders/:id"],
      ["POST", "/api/sessions", 204, "/api/sessions", "{}"],
      ["GET", "/nowhere", 404, ""],
    ] as const;
    for (const [method, path, status, , body] of asked) {
      expect([method, path, (await ask(method, path, body)).status]).toEqual([method, path, status]);
    }
    expect(routes).toEqual(asked.map(([, , , route]) => route));
  });

  it("fails now and then, as a reply of 500 and an error that is told", async () => {
    const { ask, failures } = await openShop(NOTHING, () => 0.001);
    expect((await ask("POST", "/api/orders", '{"product":1,"amount":1}')).status).toBe(500);
    expect(failures).toEqual(["RangeError"]);
  });

  it("does without what is not named, and says what is named and does not answer", async () => {
    const told: string[] = [];
    expect(await openSources({}, (text) => told.push(text))).toMatchObject({ redis: null, pool: null });
    expect(told).toEqual([]);
    const nobody = {
      WSIGHT_DEMO_REDIS: "redis://127.0.0.1:1",
      WSIGHT_DEMO_POSTGRES: "postgres://postgres@127.0.0.1:1/postgres",
    };
    const sources = await openSources(nobody, (text) => told.push(text));
    expect(sources).toMatchObject({ redis: null, pool: null });
    expect(told.sort()).toEqual([
      expect.stringMatching(/^WSIGHT_DEMO_POSTGRES: not used, /),
      expect.stringMatching(/^WSIGHT_DEMO_REDIS: not used, /),
    ]);
    await sources.close();
  });
});

describe.skipIf(findRedis() === null || findPostgres() === null)(
  "the shop on real servers (needs redis-server and postgres)",
  () => {
    it("keeps orders in the one and products in the other", async () => {
      const [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
      onTestFinished(async () => {
        await Promise.all([redis.stop(), postgres.close()]);
      });
      const named = { WSIGHT_DEMO_REDIS: redis.url, WSIGHT_DEMO_POSTGRES: postgres.url };
      const sources = await openSources(named, (text) => expect.unreachable(text));
      onTestFinished(() => sources.close());
      const { ask } = await openShop(sources);
      const first = await ask("GET", "/api/products/7");
      expect(JSON.parse(first.text)).toEqual({ id: 7, name: "Thing 7" });
      expect(await sources.redis?.get("wsight-demo:product:7")).toBe(first.text.trim());
      expect((await ask("GET", "/api/products/7")).text).toBe(first.text);
      const { id } = JSON.parse((await ask("POST", "/api/orders", '{"product":7,"amount":2}')).text) as { id: number };
      expect(JSON.parse((await ask("GET", `/api/orders/${id}`)).text)).toMatchObject({ product: 7, amount: 2 });
      await ask("DELETE", `/api/orders/${id}`);
      expect((await sources.pool?.query("SELECT id FROM wsight_demo_orders"))?.rows).toEqual([]);
    });
  },
);
