import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createJobClient, type JobClient, type WebSocketLike } from "wsight/client";

/** Sockets that a client opened, in order; nothing happens to them but what a test does. */
let opened: ScriptedSocket[] = [];

class ScriptedSocket implements WebSocketLike {
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  closed = false;

  constructor() {
    opened.push(this);
  }

  close(): void {
    this.closed = true;
  }

  say(event: string, data: object): void {
    this.onmessage?.({ data: JSON.stringify({ event, data }) } as never);
  }

  lose(): void {
    this.onclose?.({ code: 1006, reason: "" } as never);
  }
}

let client: JobClient | undefined;
beforeEach(() => {
  opened = [];
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  // Waits are as long as they may be.
  vi.spyOn(Math, "random").mockReturnValue(0.999);
});
afterEach(() => {
  client?.close();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Begins, and waits until a socket is there. */
async function connect(token: string | (() => Promise<string>) = "t0.k3.n"): Promise<JobClient> {
  client = createJobClient({ url: "http://hub", token, WebSocket: ScriptedSocket });
  await turn();
  return client;
}

const newest = (): ScriptedSocket => {
  const socket = opened.at(-1);
  if (socket === undefined) throw new Error("no socket was opened");
  return socket;
};

function welcome(): void {
  newest().say("authenticated", { ok: true, userId: "ann", role: "user", isAdmin: false });
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await turn();
}

test("a connection that swallows everything is given up after 20 s, and another one is opened", async () => {
  const hub = await connect();
  welcome();
  for (let seconds = 0; seconds < 60; seconds += 5) {
    await pass(5_000);
    newest().say("queue-status", { timestamp: "", queues: [], jobs: [] });
  }
  expect([hub.state, opened.length]).toEqual(["live", 1]);
  await pass(23_000);
  expect(hub.state).not.toBe("live");
  expect(opened[0]?.closed).toBe(true);
  await pass(1_000);
  expect(opened.length).toBe(2);
});

test("a client that was closed while it waited for a token opens nothing", async () => {
  let give = (_token: string): void => undefined;
  const hub = await connect(() => new Promise((resolve) => (give = resolve)));
  hub.close();
  give("t0.k3.n");
  await pass(60_000);
  expect([hub.state, opened.length]).toEqual(["closed", 0]);
});

test("waits grow while no connection holds, and begin anew after one that did", async () => {
  await connect();
  const waits: number[] = [];
  const lose = async (): Promise<void> => {
    const { length } = opened;
    newest().lose();
    let waited = 0;
    for (; opened.length === length && waited < 60_000; waited += 100) await pass(100);
    waits.push(waited);
  };
  for (let i = 0; i < 9; i++) await lose();
  expect(waits.slice(0, 4)).toEqual([500, 1000, 2000, 4000]);
  expect(waits.at(-1)).toBe(30_000);
  welcome();
  await lose();
  // One that ends at once was none.
  expect(waits.at(-1)).toBe(30_000);
  welcome();
  await pass(6_000);
  await lose();
  expect(waits.at(-1)).toBe(500);
});
