import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveSecret, signToken } from "@wsight/hub";
import { until } from "@wsight/testkit";
import { afterEach, expect, it } from "vitest";
import { freePort, hubAt, type SeatProcess, startSeat } from "./seat-processes.ts";

const PROCESSES = 8;
const RUN_MS = 45_000;
const STORE_INTERVAL_MS = 2000;
const LOOK_EVERY_MS = 20;

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Reads the API of whichever hub is there, with one token all the time: the secret must stay the same. */
async function createReader(port: number, data: string) {
  const { value } = await resolveSecret({ dataDir: data });
  const token = await signToken({ role: "viewer", sub: "test", ttlMs: 600_000 }, value);
  const get = async (path: string) => {
    const reply = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` } });
    if (reply.status === 401) throw new Error(`${path}: the token is not good any more`);
    return reply.ok ? reply.json() : null;
  };
  return {
    async nodes(): Promise<readonly { node: string; state: string }[]> {
      const reply = (await get("/api/nodes").catch(rethrowRefusal)) as {
        nodes: { node: string; state: string }[];
      } | null;
      return reply?.nodes ?? [];
    },
    async created(): Promise<number> {
      const reply = (await get("/api/websocket/metrics/")) as { connections: { created: number } };
      return reply.connections.created;
    },
    /** Connections of the last hour as the history has them, of all processes or one; `null` while it is not open. */
    async stored(node?: string): Promise<{ readonly created: number } | null> {
      const of = node === undefined ? "" : `&node=${encodeURIComponent(node)}`;
      const reply = (await get(`/api/websocket/metrics/history/?hours=1${of}`)) as StoredReply | null;
      return reply && { created: reply.data.reduce((sum, { connections }) => sum + connections.created, 0) };
    },
  };
}

interface StoredReply {
  readonly data: readonly { readonly connections: { readonly created: number } }[];
}

/** A connection that fails while hubs change is what this is about; a token that is refused is not. */
function rethrowRefusal(error: Error): null {
  if (error.message.includes("not good any more")) throw error;
  return null;
}

/** Looks all the time which hub answers. */
function watchHubs(port: number) {
  const hubs: number[] = [];
  let over = false;
  const looking = (async () => {
    while (!over) {
      const hub = await hubAt(port);
      if (hub !== null && hubs.at(-1) !== hub) hubs.push(hub);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  })();
  return {
    hubs,
    async end() {
      over = true;
      await looking;
    },
  };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const round = (values: readonly number[]): string => values.map((value) => Math.round(value)).join(" ");

it("outlives kill -9 of eight processes in turn: one hub, soon again, every figure once", {
  timeout: 110_000,
}, async () => {
  const data = await mkdtemp(join(tmpdir(), "wsight-takeover-"));
  cleanups.push(() => rm(data, { recursive: true, force: true }));
  const port = await freePort();
  const env = {
    PORT: String(port),
    DATA: data,
    STORE_INTERVAL_MS: String(STORE_INTERVAL_MS),
    WSIGHT_REQUESTS_PER_MINUTE: "1000000",
  };
  const seats = await Promise.all(Array.from({ length: PROCESSES }, () => startSeat(env)));
  cleanups.push(() => Promise.all(seats.map((seat) => seat.kill())));
  const everybody = new Map<string, SeatProcess>(seats.map((seat) => [`chat/${seat.instance}`, seat]));
  const reader = await createReader(port, data);
  const watch = watchHubs(port);
  const takeOverMs: number[] = [];
  const backMs: number[] = [];

  /** What the present hub must say: all that those it knows have counted, the dead as of their last word. */
  const truth = (nodes: readonly { node: string }[]): number =>
    nodes.reduce((sum, { node }) => sum + (everybody.get(node)?.counted ?? Number.NaN), 0);
  const hubProcess = async (): Promise<SeatProcess> => {
    const states = await Promise.all(seats.map(async (seat) => ({ seat, link: (await seat.state()).link })));
    const hubs = states.filter(({ link }) => link !== null);
    expect(hubs).toHaveLength(1);
    return hubs[0]?.seat ?? Promise.reject(new Error("no hub"));
  };
  const allBack = async (): Promise<boolean> => {
    const live = new Set((await reader.nodes()).filter(({ state }) => state === "live").map(({ node }) => node));
    return seats.every(({ instance }) => live.has(`chat/${instance}`));
  };
  const settled = async (): Promise<void> => {
    await until(allBack, { what: "every process to be there", timeoutMs: 10_000 });
    await until(async () => (await reader.created()) === truth(await reader.nodes()), {
      what: "the total to be what was counted",
      timeoutMs: 10_000,
    });
  };

  let kept = 0;
  let keptTurns = 0;
  /** What the history has: whoever is hub, it is never less than it was. */
  const history = async (): Promise<number> => {
    const stored = await until(() => reader.stored(), { what: "the history", timeoutMs: 10_000 });
    expect(stored?.created).toBeGreaterThanOrEqual(kept);
    kept = stored?.created ?? Number.NaN;
    return kept;
  };
  /** True when all that is counted meanwhile is in the history, which is so from a hub's first whole interval on. */
  const keepsAll = async (): Promise<boolean> => {
    const before = await history();
    await Promise.all(seats.map((seat) => seat.count(1)));
    await settled();
    return (await history()) - before === seats.length;
  };

  const endAt = performance.now() + RUN_MS;
  for (let turn = 0; performance.now() < endAt || takeOverMs.length < PROCESSES; turn++) {
    await Promise.all(seats.map((seat, i) => seat.count(1 + ((turn * 7 + i * 3) % 20))));
    await settled();
    // Reading writes down what the interval holds so far: the next hub must not count that again.
    if (turn % 3 !== 2) await history();
    // How many of the other turns are kept depends on how soon one follows the other.
    if (turn % 3 === 1) keptTurns += Number(await until(keepsAll, { what: "all to be kept", timeoutMs: 15_000 }));
    const hub = await hubProcess();
    // The eldest in turn; when it is not the hub, the hub right after it.
    const eldest = seats[0] ?? hub;
    const victims = turn % 4 === 3 ? [eldest, hub] : turn % 4 === 1 && eldest !== hub ? [eldest] : [hub];
    for (const victim of new Set(victims)) {
      const before = await hubAt(port);
      seats.splice(seats.indexOf(victim), 1);
      const killedAt = performance.now();
      const dead = victim.kill();
      if (victim === hub) {
        const isNext = async (): Promise<boolean> => ![before, null].includes(await hubAt(port));
        await until(isNext, { what: "the next hub", timeoutMs: 10_000 });
        takeOverMs.push(performance.now() - killedAt);
        await until(allBack, { what: "every process to be back", timeoutMs: 10_000 });
        backMs.push(performance.now() - killedAt);
      }
      await dead;
      const next = await startSeat(env);
      seats.push(next);
      everybody.set(`chat/${next.instance}`, next);
    }
  }
  await settled();
  await hubProcess();
  await watch.end();

  const created = await history();
  const twice = [];
  for (const [node, seat] of everybody) {
    const kept = (await reader.stored(node))?.created ?? Number.NaN;
    if (!(kept <= seat.counted)) twice.push({ node, kept, counted: seat.counted });
  }
  const counted = [...everybody.values()].reduce((sum, seat) => sum + seat.counted, 0);
  console.log(
    `take-overs ${takeOverMs.length}: ms until the next hub answers, median ${Math.round(median(takeOverMs))} (${round(takeOverMs)}); ` +
      `until every process is back, median ${Math.round(median(backMs))} (${round(backMs)}); ` +
      `stored in ${keptTurns} turns all, at the end ${created} of ${counted} counted (${((100 * created) / counted).toFixed(1)} %)`,
  );
  // One hub after the other, none of them twice.
  expect(watch.hubs).toEqual([...new Set(watch.hubs)].toSorted((a, b) => a - b));
  expect(watch.hubs.length).toBeGreaterThan(takeOverMs.length);
  expect(median(takeOverMs)).toBeLessThanOrEqual(100);
  expect(median(backMs)).toBeLessThanOrEqual(1000);
  expect(twice).toEqual([]);
  expect(created).toBeLessThanOrEqual(counted);
  // What was read as kept stays kept, and in each of these turns every process had something to keep.
  expect(keptTurns).toBeGreaterThanOrEqual(3);
  expect(created).toBeGreaterThanOrEqual(keptTurns * PROCESSES);
  const told = await Promise.all(seats.map(async (seat) => (await seat.state()).errors));
  expect(told.flat()).toEqual([]);
});
