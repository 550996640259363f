import { once } from "node:events";
import { createServer } from "node:http";
import { MessageChannel, Worker } from "node:worker_threads";
import type { FromHubWorker, Hub, HubOptions, ToHubWorker } from "@wsight/hub";
import { until } from "@wsight/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { ask, bearer, makeDir, post, SECRET, upgrade } from "./harness.ts";
import { createSmallProbe } from "./small-probe.ts";

/** A hub in a thread of its own, and what it has said. */
interface Started {
  readonly worker: Worker;
  readonly said: FromHubWorker[];
  readonly exited: Promise<unknown>;
  say(message: ToHubWorker): void;
  /** Resolves with the first message of a type. */
  hear<T extends FromHubWorker["type"]>(type: T): Promise<Extract<FromHubWorker, { readonly type: T }>>;
}

function startWorker(options: Partial<HubOptions> = {}): Started {
  const workerData = { port: 0, dataDir: null, secret: SECRET, dashboardDir: "/nonexistent", ...options };
  const worker = new Worker(new URL(import.meta.resolve("@wsight/hub/worker")), { workerData });
  onTestFinished(() => worker.terminate().then(() => {}));
  const said: FromHubWorker[] = [];
  worker.on("message", (message: FromHubWorker) => said.push(message));
  return {
    worker,
    said,
    exited: once(worker, "exit"),
    say: (message) => worker.postMessage(message, message.type === "link" ? [message.port] : []),
    async hear(type) {
      const found = (one: FromHubWorker): one is Extract<FromHubWorker, { readonly type: typeof type }> =>
        one.type === type;
      await until(() => said.some(found), { what: type, timeoutMs: 10_000 });
      return said.find(found) ?? Promise.reject(new Error(type));
    },
  };
}

/** Enough of a hub for the harness to talk to. */
async function hubOf(started: Started): Promise<Hub> {
  const { url, host, port } = await started.hear("listening");
  return { url, host, port, openLink: () => ({ receive() {}, close() {} }), close: async () => {} };
}

describe("a hub in a worker", () => {
  test("says where it listens, takes in what comes over ports, and answers over them", async () => {
    const started = startWorker();
    const { port1: probeSide, port2: hubSide } = new MessageChannel();
    onTestFinished(() => probeSide.close());
    const replies: string[] = [];
    probeSide.on("message", (message: string) => replies.push(message));
    // Before it listens, on purpose: what is said meanwhile must not be lost.
    started.say({ type: "link", port: hubSide });
    const probe = createSmallProbe();
    for (const message of [...probe.greeting, probe.snapshot(1, 1)]) probeSide.postMessage(message);
    const hub = await hubOf(started);
    const headers = await bearer();
    await until(async () => (await ask(hub, "/api/nodes", { headers })).text.includes("chat/a"), { what: "the node" });
    await until(() => replies.some((text) => text.includes('"ack"')), { what: "an acknowledgement" });
    probeSide.postMessage({ not: "a frame" });
    expect((await ask(hub, "/healthz")).status).toBe(200);
  });

  test("goes on when a port closes", async () => {
    const started = startWorker();
    const hub = await hubOf(started);
    const { port1: probeSide, port2: hubSide } = new MessageChannel();
    started.say({ type: "link", port: hubSide });
    for (const message of createSmallProbe("b").greeting) probeSide.postMessage(message);
    const headers = await bearer();
    await until(async () => (await ask(hub, "/api/nodes", { headers })).text.includes("chat/b"), { what: "the node" });
    probeSide.close();
    expect((await ask(hub, "/readyz")).status).toBe(200);
  });

  test("closes when told to, says so, and ends by itself", async () => {
    const started = startWorker({ dataDir: await makeDir() });
    const { port1, port2 } = new MessageChannel();
    started.say({ type: "link", port: port2 });
    await started.hear("listening");
    started.say({ type: "close" });
    expect(await started.exited).toEqual([0]);
    expect(started.said.at(-1)).toEqual({ type: "closed" });
    port1.close();
  });

  test("closes also when told to before it listens", async () => {
    const started = startWorker();
    started.say({ type: "close" });
    expect(await started.exited).toEqual([0]);
    expect(started.said.map(({ type }) => type)).toEqual(["listening", "closed"]);
  });

  test("tells when the one-time link was used", async () => {
    const started = startWorker({ oneTimeCode: "the-code-of-the-link" });
    const hub = await hubOf(started);
    expect((await post(hub, "/api/session", { code: "the-code-of-the-link" })).status).toBe(200);
    await started.hear("code-used");
  });
});

describe("a hub that can't start in its worker", () => {
  test("says why: the port is in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const started = startWorker({ port });
    const failed = await started.hear("failed");
    expect(failed).toEqual({ type: "failed", code: "LISTEN_FAILED", message: expect.stringContaining(`Port ${port}`) });
    expect(await started.exited).toEqual([0]);
  });

  test.each([
    [{ secret: "short" }, "BAD_OPTION", "at least 32 characters"],
    [{ secret: "s".repeat(32), allowedOrigins: ["*"] }, "BAD_OPTION", "allowedOrigins"],
    [{ host: "not an address" }, "LISTEN_FAILED", "not an address"],
  ])("says why: %j", async (options, code, message) => {
    const started = startWorker(options);
    expect(await started.hear("failed")).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(await started.exited).toEqual([0]);
  });
});

describe("authenticate, asked of the starter's thread", () => {
  function answering(principalOf: (user: unknown) => "never" | { sub: string; role: "viewer" } | null): Started {
    const started = startWorker({ authenticate: true });
    started.worker.on("message", (message: FromHubWorker) => {
      if (message.type !== "authenticate") return;
      const principal = principalOf(message.request.headers["x-user"]);
      if (principal !== "never") started.say({ type: "authenticated", id: message.id, principal });
    });
    return started;
  }

  test("lets in whom it knows, on routes and upgrades", async () => {
    const started = answering((user) => (user === "ada" ? { sub: "ada", role: "viewer" } : null));
    const hub = await hubOf(started);
    const headers = { "x-user": "ada" };
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => ask(hub, "/api/nodes", { headers: i % 2 === 0 ? headers : {} })),
    );
    expect(all.map(({ status }) => status)).toEqual(all.map((_, i) => (i % 2 === 0 ? 200 : 401)));
    expect((await upgrade(hub, "/ws/live", headers)).socket).not.toBeNull();
    expect(await upgrade(hub, "/ws/live")).toMatchObject({ status: 401 });
  });

  test("lets nobody in when no answer comes", async () => {
    const started = answering(() => "never");
    const hub = await hubOf(started);
    expect((await ask(hub, "/api/nodes")).status).toBe(401);
    expect(await started.hear("trouble")).toMatchObject({
      stage: "authenticate",
      message: expect.stringContaining("2000 ms"),
    });
  });

  test("is the reason why other machines may be let near", async () => {
    const started = startWorker({ authenticate: true, host: "0.0.0.0" });
    expect((await started.hear("listening")).host).toBe("0.0.0.0");
  });
});
