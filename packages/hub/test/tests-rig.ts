import { once } from "node:events";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import type { Hub, HubSetup } from "@wsight/hub";
import { encodeLinkText, type Finding, type TestList, type TestRecord } from "@wsight/protocol";
import { onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { type Answer, ask, bearer, post, startHub } from "./harness.ts";

/** The real process that runs tests. */
export const ENTRY: string = join(
  dirname(createRequire(import.meta.url).resolve("@wsight/load/package.json")),
  "dist/test-process/test-process.js",
);

/** A server that sends back what it gets. */
export async function startEcho(serve?: (socket: WebSocket) => void): Promise<{ url: string; wss: WebSocketServer }> {
  const wss = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(wss, "listening");
  onTestFinished(() => {
    for (const client of wss.clients) client.terminate();
    wss.close();
  });
  wss.on("connection", (socket) => {
    socket.on("error", () => undefined);
    if (serve !== undefined) serve(socket);
    else socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return { url: `ws://127.0.0.1:${(wss.address() as AddressInfo).port}/`, wss };
}

/** Words by which a process tells where it listens. */
export function helloOf(urls: readonly string[], service = "chat", instance = "a"): string {
  const finding: Finding = { library: "ws", server: "main", version: "8", state: "attached", notes: [], urls };
  return encodeLinkText({
    type: "hello",
    ...{ version: 1, service, instance, epoch: 7, startedAt: Date.now(), pid: 1, host: "h", runtime: "r" },
    ...{ intervalMs: 1000, findings: [finding], capacity: null },
  });
}

/** Somebody who uses the tests of a hub. */
export interface Tester {
  readonly hub: Hub;
  start(kind: string, body?: object): Promise<Answer>;
  list(): Promise<TestList>;
  read(id: string): Promise<TestRecord>;
  cancel(id: string): Promise<Answer>;
  /** Its record when it has ended. */
  ended(id: string): Promise<TestRecord>;
  /** Its record as soon as it says that connections are open. */
  busy(id: string): Promise<TestRecord>;
  get(path: string): Promise<Answer>;
}

/** A hub with tests, in whose process the server of `url` listens. */
export async function startTester(url: string | null, setup: Partial<HubSetup> = {}): Promise<Tester> {
  const hub = await startHub({ testEntry: ENTRY, ...setup });
  if (url !== null) hub.openLink(() => undefined).receive(helloOf([url]));
  const admin = await bearer("admin");
  const viewer = await bearer("viewer");
  const get = (path: string): Promise<Answer> => ask(hub, path, { headers: viewer });
  const read = async (id: string): Promise<TestRecord> => {
    const { status, text } = await get(`/api/tests/${id}`);
    if (status !== 200) throw new Error(text);
    return JSON.parse(text) as TestRecord;
  };
  const until = async (id: string, is: (record: TestRecord) => boolean): Promise<TestRecord> => {
    for (let look = 0; look < 300; look++) {
      const record = await read(id);
      if (is(record)) return record;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`test ${id}: not in time`);
  };
  return {
    hub,
    get,
    read,
    start: (kind, body = {}) => post(hub, `/api/tests/${kind}`, body, admin),
    list: async () => JSON.parse((await get("/api/tests")).text) as TestList,
    cancel: (id) => ask(hub, `/api/tests/${id}`, { method: "DELETE", headers: admin }),
    ended: (id) => until(id, ({ state }) => state !== "running"),
    busy: (id) =>
      until(
        id,
        ({ kind, progress }) =>
          kind === "load" && (progress as { sent?: number } | null)?.sent !== 0 && progress !== null,
      ),
  };
}
