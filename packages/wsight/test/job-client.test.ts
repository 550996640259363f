import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { until } from "@wsight/testkit";
import { minifySync } from "vite";
import { describe, expect, expectTypeOf, it, onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import {
  createJobClient,
  type JobClient,
  type JobClientOptions,
  type JobClientState,
  type TrackedJob,
} from "wsight/client";

const AT = "2026-11-21T10:00:00.000Z";
const LATER = "2026-11-21T10:00:05.000Z";
const COMMON = { jobId: "d1", documentId: "d1", queue: "documents", name: "ocr", fileName: "a.pdf", restored: false };
const ESTIMATE = { estimatedTimeRemaining: 12.5, confidence: 60, estimate: null };

type Data = Readonly<Record<string, unknown>>;

/** The other end: what it tells is up to the test. */
interface FakeHub {
  readonly url: string;
  /** Subprotocols that each client offered. */
  readonly offered: readonly string[];
  readonly clients: readonly WebSocket[];
  tell(event: string, data?: Data): void;
}

async function startHub(greet: (socket: WebSocket, count: number) => void = welcome): Promise<FakeHub> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "wsight" });
  await once(server, "listening");
  const clients: WebSocket[] = [];
  const offered: string[] = [];
  server.on("connection", (socket, request) => {
    clients.push(socket);
    offered.push(String(request.headers["sec-websocket-protocol"]));
    greet(socket, clients.length);
  });
  onTestFinished(async () => {
    for (const client of clients) client.terminate();
    await new Promise((closed) => server.close(closed));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/monitor`,
    offered,
    clients,
    tell(event, data = {}) {
      const message = JSON.stringify({ event, data: { ...COMMON, attempt: 1, timestamp: AT, ...data } });
      for (const client of clients) client.send(message);
    },
  };
}

function welcome(socket: WebSocket): void {
  socket.send(
    JSON.stringify({ event: "authenticated", data: { ok: true, userId: "ann", role: "user", isAdmin: false } }),
  );
}

function connect(options: Partial<JobClientOptions> & { url: JobClientOptions["url"] }): JobClient {
  const client = createJobClient({ token: "t0.k3.n", WebSocket, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** Resolves once the client is in that state. */
function reached(client: JobClient, wanted: JobClientState): Promise<string | null> {
  return new Promise((resolve) => {
    const off = client.onState((state, problem) => {
      if (state !== wanted) return;
      queueMicrotask(() => off());
      resolve(problem);
    });
  });
}

/** Every state of a job that was told, in order. */
function follow(client: JobClient, jobId = "d1"): TrackedJob[] {
  const seen: TrackedJob[] = [];
  client.onJob(jobId, { change: (job) => seen.push(job) });
  return seen;
}

describe("a client of jobs", () => {
  it("offers the token beside the protocol, never in the address, and finds the stream of a hub by its address", async () => {
    const hub = await startHub();
    await reached(connect({ url: hub.url }), "live");
    expect(hub.offered).toEqual(["wsight,bearer.t0.k3.n"]);
    expect(hub.clients[0]?.protocol).toBe("wsight");
  });

  it("tells a job from its place in the queue to its result", async () => {
    const hub = await startHub();
    const client = connect({ url: hub.url });
    const seen = follow(client);
    const names: string[] = [];
    client.onJob("d1", {
      queued: () => names.push("queued"),
      started: () => names.push("started"),
      progress: ({ progress }) => names.push(`progress ${progress}`),
      completed: ({ result }) => names.push(`completed ${JSON.stringify(result)}`),
      failed: () => names.push("failed"),
    });
    await reached(client, "live");
    expect(client.job("d1")).toBeNull();
    hub.tell("job-queued", { attempt: 0, position: 3, estimatedTime: 40, confidence: 50 });
    hub.tell("queue-status", {
      jobs: [
        { jobId: "d1", queue: "documents", state: "waiting", position: 2, progress: null, estimatedTimeRemaining: 30 },
      ],
    });
    hub.tell("job-started", { worker: "w1", ...ESTIMATE });
    hub.tell("job-progress", { progress: 40, stage: "analyzing", ...ESTIMATE });
    hub.tell("job-completed", { result: { pages: 3 }, processingTime: 4 });
    await until(() => client.job("d1")?.state === "completed", { what: "the end" });
    expect(names).toEqual(["queued", "started", "progress 40", 'completed {"pages":3}']);
    expect(seen).toMatchObject([
      { state: "queued", attempt: 0, position: 3, estimatedTimeRemaining: 40, confidence: 50, fileName: "a.pdf" },
      { state: "queued", position: 2, estimatedTimeRemaining: 30 },
      { state: "active", attempt: 1, position: null, worker: "w1", progress: 0, estimatedTimeRemaining: 12.5 },
      { state: "active", progress: 40, stage: "analyzing", worker: "w1" },
      { state: "completed", progress: 100, estimatedTimeRemaining: 0, result: { pages: 3 } },
    ]);
  });

  it("never lets progress run backwards within a try, begins anew with the next, and ends with the last", async () => {
    const hub = await startHub();
    const client = connect({ url: hub.url });
    const seen = follow(client);
    await reached(client, "live");
    hub.tell("job-progress", { progress: 40, stage: "one", ...ESTIMATE });
    hub.tell("job-progress", { progress: 30, stage: null, ...ESTIMATE, restored: true });
    hub.tell("job-failed", { error: "no luck", final: false, retry: { willRetry: true, attemptsLeft: 1, retryIn: 1 } });
    hub.tell("job-queued", { position: 1, estimatedTime: 3, confidence: 5, timestamp: LATER });
    hub.tell("job-progress", { attempt: 2, progress: 5, stage: null, ...ESTIMATE, timestamp: LATER });
    // From a hub that was started anew and does not know of the second try yet.
    hub.tell("job-progress", { attempt: 1, progress: 60, stage: null, ...ESTIMATE, restored: true });
    hub.tell("job-failed", { attempt: 2, error: "gone", final: true, retry: {}, timestamp: LATER });
    hub.tell("job-progress", { attempt: 2, progress: 90, stage: null, ...ESTIMATE, restored: true });
    hub.tell("job-queued", {
      attempt: 0,
      position: 1,
      estimatedTime: 3,
      confidence: 5,
      timestamp: "2026-11-21T11:00:00.000Z",
    });
    await until(() => client.job("d1")?.attempt === 0, { what: "the job of the same id" });
    expect(seen.map(({ state, attempt, progress, stage, error }) => [state, attempt, progress, stage, error])).toEqual([
      ["active", 1, 40, "one", null],
      ["active", 1, 40, "one", null],
      ["queued", 1, 40, "one", "no luck"],
      ["queued", 1, 40, "one", "no luck"],
      ["active", 2, 5, null, null],
      ["failed", 2, 5, null, "gone"],
      ["queued", 0, 0, null, null],
    ]);
  });

  it("comes back after the connection was lost, with a new token, and tells what it knew at once to who asks", async () => {
    const hub = await startHub();
    let tokens = 0;
    const client = connect({ url: hub.url, token: async () => `token-${++tokens}` });
    await reached(client, "live");
    hub.tell("job-progress", { progress: 40, stage: "one", ...ESTIMATE });
    await until(() => client.job("d1") !== null, { what: "the job" });
    hub.clients[0]?.terminate();
    expect(await reached(client, "waiting")).toMatch(/closed/);
    expect(follow(client)).toMatchObject([{ progress: 40 }]);
    await reached(client, "live");
    expect(hub.offered).toEqual(["wsight,bearer.token-1", "wsight,bearer.token-2"]);
    expect(client.job("d1")).toMatchObject({ progress: 40 });
  });

  it("asks for another token when one has expired, and says that it is refused where there is only the one", async () => {
    const expireFirst = (socket: WebSocket, count: number): void => {
      if (count <= 2) socket.close(4401, "Signed out");
      else welcome(socket);
    };
    const hub = await startHub(expireFirst);
    const refused = connect({ url: hub.url });
    expect(await reached(refused, "refused")).toBe("Signed out");
    const client = connect({ url: hub.url, token: () => "another" });
    await reached(client, "live");
    expect(hub.offered).toHaveLength(3);
    refused.close();
    expect(refused.state).toBe("closed");
  });

  it("goes on trying while the hub is away, at most every 30 s and by chance, and after a token could not be had", async () => {
    let asked = 0;
    const client = connect({
      url: "ws://127.0.0.1:9/ws/jobs",
      token: () => {
        if (++asked === 1) throw new Error("no session");
        return "t";
      },
    });
    expect(await reached(client, "waiting")).toBe("no session");
    await until(() => asked >= 3, { what: "the third try", timeoutMs: 20_000 });
    client.close();
    const before = asked;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([client.state, asked]).toEqual(["closed", before]);
  }, 30_000);

  it("goes on when who listens throws, or the hub says what it does not know", async () => {
    const hub = await startHub();
    const client = connect({ url: hub.url });
    const told: unknown[] = [];
    const { error } = console;
    console.error = (what: unknown) => void told.push(what);
    onTestFinished(() => {
      console.error = error;
    });
    client.onJob("d1", {
      change() {
        throw new Error("mine");
      },
    });
    const events: string[] = [];
    const off = client.onEvent(({ event }) => events.push(event));
    await reached(client, "live");
    for (const socket of hub.clients)
      for (const text of ["not json", "null", "[]", '{"event":"job-queued"}']) socket.send(text);
    hub.tell("job-of-the-future");
    hub.tell("job-started", { worker: null, ...ESTIMATE });
    await until(() => client.job("d1") !== null, { what: "the job" });
    off();
    hub.tell("job-completed", { result: null, processingTime: null });
    await until(() => client.job("d1")?.state === "completed", { what: "the end" });
    expect(events).toEqual(["job-started"]);
    expect(told.map(String)).toContain("Error: mine");
  });

  it("hears no more of a job once told so, and forgets those told of longest ago beyond a thousand", async () => {
    const hub = await startHub();
    const client = connect({ url: hub.url });
    await reached(client, "live");
    let heard = 0;
    const off = client.onJob("j0", { change: () => heard++ });
    for (let number = 0; number < 1_001; number++)
      hub.tell("job-started", { jobId: `j${number}`, worker: null, ...ESTIMATE });
    await until(() => client.job("j1000") !== null, { what: "the last" });
    expect([client.job("j0"), client.job("j1")?.jobId, heard]).toEqual([null, "j1", 1]);
    off();
    hub.tell("job-started", { jobId: "j0", worker: null, ...ESTIMATE });
    await until(() => client.job("j0") !== null, { what: "the first again" });
    expect(heard).toBe(1);
  });

  it("says at once what is wrong with its options", () => {
    expect(() => createJobClient({ url: "nowhere", token: "" })).toThrow(TypeError);
    expect(() => createJobClient({ url: "ftp://host", token: "", WebSocket })).toThrow("expected http(s): or ws(s):");
  });

  it("takes the WebSocket of browsers and that of ws", () => {
    type Taken = NonNullable<JobClientOptions["WebSocket"]>;
    expectTypeOf<typeof WebSocket>().toExtend<Taken>();
    expectTypeOf<typeof globalThis.WebSocket>().toExtend<Taken>();
  });
});

describe("what browsers load", () => {
  const path = fileURLToPath(import.meta.resolve("wsight/client"));

  it("is one file that imports nothing", () => {
    expect(readFileSync(path, "utf8")).not.toMatch(/\bimport\b(?! type)|\brequire\(|\bprocess\.|\bBuffer\b/);
  });

  it("is at most 3 KB, minified and compressed", () => {
    const { code } = minifySync(path, readFileSync(path, "utf8"));
    expect(code.length).toBeGreaterThan(1_000);
    expect(gzipSync(code).length).toBeLessThanOrEqual(3 * 1024);
  });
});
