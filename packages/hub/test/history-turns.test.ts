import { createTurns, historyRoutes, type RouteRequest } from "@wsight/hub";
import { describe, expect, it } from "vitest";

const never = new AbortController().signal;
const LIMITS = { total: 3, perKey: 2, waitingPerKey: 2, waiting: 3 };

/** Work that ends when told, and notes that it began. */
function works() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
  };
  return { begun, work, end: (name: string) => ends.get(name)?.() };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("turns", () => {
  it("so many of one principal go at once, so many in all; the others wait in order", async () => {
    const turns = createTurns(LIMITS);
    const { begun, work, end } = works();
    const first = turns.run("a", never, work("a1"));
    void turns.run("a", never, work("a2"));
    void turns.run("a", never, work("a3"));
    void turns.run("b", never, work("b1"));
    void turns.run("b", never, work("b2"));
    expect(begun).toEqual(["a1", "a2", "b1"]);
    end("a1");
    expect(await first).toBe("a1");
    await turn();
    expect(begun).toEqual(["a1", "a2", "b1", "a3"]);
    end("b1");
    await turn();
    expect(begun.at(-1)).toBe("b2");
  });

  it("refuses what waits too much, of one with 429, of all with 503, both with when to try again", async () => {
    const turns = createTurns(LIMITS);
    const { work } = works();
    for (const name of ["1", "2", "3", "4"]) void turns.run("a", never, work(name));
    await expect(turns.run("a", never, work("5"))).rejects.toMatchObject({
      code: "RATE_LIMITED",
      details: { retryAfterSeconds: 1 },
    });
    void turns.run("b", never, work("6"));
    void turns.run("b", never, work("7"));
    await expect(turns.run("c", never, work("8"))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      details: { retryAfterSeconds: 1 },
    });
  });

  it("gives the place of one who leaves while waiting, or fails, to the next", async () => {
    const turns = createTurns({ ...LIMITS, total: 1 });
    const { begun, work, end } = works();
    void turns.run("a", never, work("1"));
    const leaving = new AbortController();
    const left = turns.run("a", leaving.signal, work("2"));
    const failing = turns.run("b", never, () => Promise.reject(new Error("no")));
    const last = turns.run("c", never, work("3"));
    leaving.abort();
    await expect(left).rejects.toMatchObject({ name: "AbortError" });
    end("1");
    await expect(failing).rejects.toThrow("no");
    await turn();
    expect(begun).toEqual(["1", "3"]);
    end("3");
    expect(await last).toBe("3");
  });
});

it("a question of history is ended when its client leaves, and its place is free", async () => {
  const asked: AbortSignal[] = [];
  const routes = historyRoutes({
    // A store that takes for ever unless it is told to stop.
    askHistory: (_analysis, _argument, { signal = never } = {}) =>
      new Promise((_resolve, reject) => {
        asked.push(signal);
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    now: () => 1_792_000_800_000,
  });
  const route = routes.find(({ path }) => path === "/api/history/query");
  const query = new URLSearchParams({ metric: "websocket.server.messages", agg: "rate" });
  const question = (signal: AbortSignal) => {
    const request = { query, signal, principal: { sub: "ada", role: "viewer" } };
    return Promise.resolve(route?.handle(request as unknown as RouteRequest)).catch((error: Error) => error.message);
  };
  const client = new AbortController();
  const answers = Array.from({ length: 4 }, () => question(client.signal));
  const next = new AbortController();
  const fifth = question(next.signal);
  await turn();
  expect(asked).toHaveLength(4);
  client.abort(new Error("left"));
  expect(await Promise.all(answers)).toEqual(["left", "left", "left", "left"]);
  await turn();
  expect(asked.map(({ aborted }) => aborted)).toEqual([true, true, true, true, false]);
  next.abort(new Error("left as well"));
  expect(await fifth).toBe("left as well");
});
