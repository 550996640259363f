import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { type AddressInfo, createServer as createDoor } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { resolveSecret, signToken } from "@wsight/hub";
import { until } from "@wsight/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { type Monitor, type MonitorOptions, monitor } from "wsight";
import { signIn } from "./hub-client.ts";
import { fixture, isRunning, wsight } from "./program.ts";
import { freePort, hubAt, type SeatProcess, startSeat } from "./seat-processes.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "wsight-seat-"));
  cleanups.push(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function start(env: Readonly<Record<string, string>>): Promise<SeatProcess> {
  const seat = await startSeat(env);
  cleanups.push(() => seat.kill());
  return seat;
}

/** Resolves when somebody has tried to connect to a port so many times; nobody is let in. */
async function untilKnocked(port: number, times: number): Promise<void> {
  let knocks = 0;
  const door = createDoor((socket) => {
    knocks++;
    socket.destroy();
  });
  door.listen(port, "127.0.0.1");
  await once(door, "listening");
  await until(() => knocks >= times, { what: `${times} attempts`, timeoutMs: 20_000 });
  door.close();
  await once(door, "close");
}

async function watch(options: MonitorOptions): Promise<Monitor> {
  const watched = await monitor({}, { data: null, quiet: true, ...options });
  cleanups.push(() => watched.close());
  return watched;
}

/** Runs `work` with other variables; options and machine key are read when `monitor` is called. */
async function withEnvironment<T>(env: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, env);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

async function nodesOf(port: number, data: string): Promise<readonly { node: string; state: string }[]> {
  const { value } = await resolveSecret({ dataDir: data });
  const token = await signToken({ role: "viewer", sub: "test", ttlMs: 60_000 }, value);
  const reply = await fetch(`http://127.0.0.1:${port}/api/nodes`, { headers: { authorization: `Bearer ${token}` } });
  return ((await reply.json()) as { nodes: { node: string; state: string }[] }).nodes;
}

describe("processes of one machine that share a port", () => {
  it("start at once, and one of them is the hub of all", async () => {
    const port = await freePort();
    const data = await makeDir();
    const env = { PORT: String(port), DATA: data };
    const seats = await Promise.all([1, 2, 3, 4].map(() => start(env)));
    const states = await Promise.all(seats.map((seat) => seat.state()));
    expect(states.filter(({ link }) => link !== null)).toHaveLength(1);
    expect(new Set(states.map(({ url }) => url))).toEqual(new Set([`http://127.0.0.1:${port}`]));
    await until(async () => (await nodesOf(port, data)).length === 4, { what: "all four in one hub" });
    expect(states.flatMap(({ errors }) => errors)).toEqual([]);
  });

  it("leave the port to who has just let go of it for the hub that it starts", async () => {
    const port = await freePort();
    const waiting = startSeat({ PORT: String(port), DATA: await makeDir() });
    // Who cuts connections is a process that starts a hub; between its two doors nobody listens.
    await untilKnocked(port, 2);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await untilKnocked(port, 1);
    const seat = await waiting;
    cleanups.push(() => seat.kill());
    expect((await seat.state()).link).not.toBeNull();
  });

  it("of several services are told apart in one hub", async () => {
    const port = await freePort();
    const data = await makeDir();
    await start({ PORT: String(port), DATA: data, SERVICE: "chat" });
    await start({ PORT: String(port), DATA: data, SERVICE: "ticker" });
    await until(
      async () => {
        const services = (await nodesOf(port, data)).map(({ node }) => node.split("/")[0]);
        return services.toSorted().join() === "chat,ticker";
      },
      { what: "both services" },
    );
  });

  it("with port 0 have a hub each", async () => {
    const [one, other] = await Promise.all([start({ PORT: "0" }), start({ PORT: "0" })]);
    const states = await Promise.all([one.state(), other.state()]);
    expect(states.map(({ link }) => link !== null)).toEqual([true, true]);
    expect(states[0]?.url).not.toBe(states[1]?.url);
  });

  it("take over at once when the hub's process ends in good order, with its sessions and its history", async () => {
    const port = await freePort();
    const data = await makeDir();
    const other = await makeDir();
    const first = await start({ PORT: String(port), DATA: data });
    // The heir was given another directory: it goes on where the hub was.
    const heir = await start({ PORT: String(port), DATA: other });
    const { link } = await first.state();
    const session = await signIn(link ?? "");
    await first.count(5);
    const created = async () =>
      ((await session.get("/api/websocket/metrics/history/")) as { data: { connections: { created: number } }[] }).data
        .map(({ connections }) => connections.created)
        .reduce((sum, one) => sum + one, 0);
    await until(async () => (await created()) === 5, { what: "five in the history", timeoutMs: 15_000 });
    await until(async () => (await heir.state()).memory > 0, { what: "the heir" });
    await first.close();
    await until(async () => (await heir.state()).link !== null, { what: "the heir to be the hub" });
    await until(async () => (await created()) === 5, { what: "the five of before", timeoutMs: 10_000 });
    expect(await nodesOf(port, data)).toMatchObject([{ node: `chat/${heir.instance}` }]);
  });

  it("go on without one that leaves", async () => {
    const port = await freePort();
    const data = await makeDir();
    await start({ PORT: String(port), DATA: data });
    const member = await start({ PORT: String(port), DATA: data });
    const before = await hubAt(port);
    await member.close();
    await until(
      async () =>
        (await nodesOf(port, data)).some(({ node, state }) => node.endsWith(member.instance) && state === "gone"),
      { what: "its goodbye" },
    );
    expect(await hubAt(port)).toBe(before);
  });

  it("find a hub again also when hub and heir die at once", async () => {
    const port = await freePort();
    const env = { PORT: String(port), DATA: await makeDir() };
    const [hub, heir, third] = [await start(env), await start(env), await start(env)];
    await Promise.all([hub.kill(), heir.kill()]);
    await until(async () => (await third.state()).link !== null, {
      what: "the third to be the hub",
      timeoutMs: 10_000,
    });
  });

  it("let an heir end that has nothing to do", async () => {
    const port = await freePort();
    await start({ PORT: String(port) });
    const idle = fixture("seat-idle.mjs", { PORT: String(port) });
    cleanups.push(() => idle.child.kill("SIGKILL"));
    expect((await idle.ended).code).toBe(0);
    expect(idle.stdout()).toBe(`http://127.0.0.1:${port} null\n`);
  });
});

describe("a worker whose hub dies", () => {
  it("finds the heir in its place, and joins it", async () => {
    const port = await freePort();
    const data = await makeDir();
    const workers: Worker[] = [];
    const onWorker = (worker: Worker): number => workers.push(worker);
    process.on("worker", onWorker);
    cleanups.push(() => process.off("worker", onWorker));
    const here = await watch({ port, data, onError: () => undefined });
    const heir = await start({ PORT: String(port), DATA: data });
    const live = async () => (await nodesOf(port, data)).filter(({ state }) => state === "live");
    // The heir is ready to listen, and mostly before a worker that is begun anew; on a busy machine it may not be.
    for (let tries = 0; here.link !== null && tries < 5; tries++) {
      const before = await hubAt(port);
      await workers.at(-1)?.terminate();
      await until(async () => ![null, before].includes(await hubAt(port)), { what: "the next hub" });
      const isSettled = async () => {
        const links = [here.link, (await heir.state()).link];
        return links.filter((link) => link !== null).length === 1 && (await live()).length === 2;
      };
      await until(isSettled, { what: "one hub, and both in it", timeoutMs: 15_000 });
    }
    expect((await heir.state()).link).not.toBeNull();
    expect(here.url).toBe(`http://127.0.0.1:${port}`);
  });
});

describe("a cluster", () => {
  it("has one hub, and its workers join it without a word over its channel", async () => {
    const port = await freePort();
    const program = fixture("seat-cluster.mjs", { PORT: String(port) });
    cleanups.push(() => program.child.kill("SIGTERM"));
    await program.saw(/all/);
    const lines = program.stdout().trim().split("\n");
    expect(lines.filter((line) => line.startsWith("worker"))).toEqual(
      Array.from({ length: 3 }, () => `worker false http://127.0.0.1:${port}`),
    );
    expect(lines).toContain("primary true");
    expect(program.stderr()).toBe("");
  });

  it("may have its hub in a worker, which listens by itself; the next worker takes over", async () => {
    const port = await freePort();
    const program = fixture("seat-cluster-hub.mjs", { PORT: String(port) });
    cleanups.push(() => program.child.kill("SIGTERM"));
    const [, pid] = await program.saw(/worker (\d+) true\n/);
    await program.saw(/worker (\d+) false\n/);
    const before = await hubAt(port);
    process.kill(Number(pid), "SIGKILL");
    await until(async () => ![null, before].includes(await hubAt(port)), {
      what: "the other worker",
      timeoutMs: 10_000,
    });
    // The primary holds no copy of the port: nothing of the killed worker is left.
    expect(await isRunning(Number(pid))).toBe(false);
  });
});

describe("a port that somebody else has", () => {
  it("is refused when that is no hub", async () => {
    const stranger = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
    await once(stranger, "listening");
    cleanups.push(() => stranger.close());
    const { port } = stranger.address() as AddressInfo;
    await expect(watch({ port })).rejects.toMatchObject({
      code: "LISTEN_FAILED",
      message: `Port ${port} on 127.0.0.1 is in use. Choose another with the option port, --port or WSIGHT_PORT (0 takes a free one)`,
    });
  });

  it("is refused when its hub has another machine key, with what to do; a token of that hub opens it", async () => {
    const port = await freePort();
    const data = await makeDir();
    const elsewhere = await makeDir();
    await start({ PORT: String(port), DATA: data });
    const refusal = await start({ PORT: String(port), TMPDIR: elsewhere }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: "LISTEN_FAILED",
      message: expect.stringMatching(
        new RegExp(`The hub at http://127.0.0.1:${port} does not take this process: the hub answers 401.*option token`),
      ),
    });
    const { value } = await resolveSecret({ dataDir: data });
    const token = await signToken({ role: "probe", sub: "chat", ttlMs: 60_000 }, value);
    const guest = await start({ PORT: String(port), TMPDIR: elsewhere, TOKEN: token });
    expect((await guest.state()).link).toBeNull();
    await until(async () => (await nodesOf(port, data)).length === 2, { what: "the guest" });
  });

  it("is refused when the key can't be trusted, and says why", async () => {
    const port = await freePort();
    await start({ PORT: String(port) });
    const dir = await makeDir();
    await mkdir(join(dir, `wsight-${process.getuid?.()}`), { mode: 0o755 });
    await writeFile(join(dir, `wsight-${process.getuid?.()}`, "link-key"), "x");
    const refusal = await withEnvironment({ TMPDIR: dir }, () => watch({ port })).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: "LISTEN_FAILED",
      message: expect.stringContaining("expected nobody else to have access, got mode 755"),
    });
  });
});

describe("a hub elsewhere", () => {
  it("hears what is measured here; nothing is started here, and trouble is told once", async () => {
    const port = await freePort();
    const data = await makeDir();
    const hub = wsight(["hub", "--port", String(port), "--data", data]);
    cleanups.push(() => hub.child.kill("SIGKILL"));
    await hub.saw(/stop {3}Ctrl-C/);
    const { value } = await resolveSecret({ dataDir: data });
    const token = await signToken({ role: "probe", sub: "chat", ttlMs: 600_000 }, value);
    const workers: unknown[] = [];
    const onWorker = (worker: unknown): number => workers.push(worker);
    process.on("worker", onWorker);
    cleanups.push(() => process.off("worker", onWorker));
    const errors: string[] = [];
    const watched = await watch({
      hub: `ws://127.0.0.1:${port}`,
      token,
      service: "chat",
      onError: (error, { stage, source }) => errors.push(`${source} ${stage} ${error}`),
    });
    expect([watched.url, watched.link]).toEqual([`http://127.0.0.1:${port}`, null]);
    await until(async () => (await nodesOf(port, data))[0]?.state === "live", { what: "the node" });
    hub.child.kill("SIGINT");
    expect((await hub.ended).code).toBe(0);
    await until(() => errors.length > 0, { what: "the loss" });
    // Many attempts, one word.
    await untilKnocked(port, 3);
    expect(errors).toEqual([
      expect.stringMatching(
        new RegExp(`^hub link Error: no link to the hub at http://127.0.0.1:${port}: the hub closed`),
      ),
    ]);
    const again = wsight(["hub", "--port", String(port), "--data", data]);
    cleanups.push(() => again.child.kill("SIGKILL"));
    await until(async () => (await nodesOf(port, data).catch(() => []))[0]?.state === "live", {
      what: "the node again",
      timeoutMs: 15_000,
    });
    expect(workers).toEqual([]);
    expect(errors.join()).not.toContain(token);
  });
});

describe("wsight hub", () => {
  it("is what processes of its machine join, and nobody takes its place at once when it is started again", async () => {
    const port = await freePort();
    const data = await makeDir();
    const hub = wsight(["hub", "--port", String(port), "--data", data, "--allowedHosts", "ops.example"]);
    cleanups.push(() => hub.child.kill("SIGKILL"));
    await hub.saw(/stop {3}Ctrl-C/);
    expect(hub.stdout()).toContain(
      `WSIGHT_HUB=ws://127.0.0.1:${port} WSIGHT_TOKEN=$(npx wsight token --role probe --sub chat --ttl 90d --data ${data})`,
    );
    const seat = await start({ PORT: String(port), DATA: await makeDir() });
    await until(async () => (await nodesOf(port, data)).length === 1, { what: "the process" });
    hub.child.kill("SIGTERM");
    expect((await hub.ended).code).toBe(0);
    const again = wsight(["hub", "--port", String(port), "--data", data]);
    cleanups.push(() => again.child.kill("SIGKILL"));
    await again.saw(/stop {3}Ctrl-C/);
    await until(async () => (await nodesOf(port, data)).length === 1, { what: "the process again", timeoutMs: 10_000 });
    expect((await seat.state()).link).toBeNull();
  });

  it("prints an address for other machines that it answers to", async () => {
    const secret = "a-secret-for-tests-of-at-least-32-characters";
    for (const [flags, name] of [
      [["--allowed-hosts", "hub.internal"], /^hub\.internal$/],
      [[], /^[\d.]+$/],
    ] as const) {
      const port = await freePort();
      const all = ["hub", "--port", String(port), "--host", "0.0.0.0", "--data", "none", ...flags];
      const hub = wsight(all, { WSIGHT_SECRET: secret });
      cleanups.push(() => hub.child.kill("SIGKILL"));
      await hub.saw(/stop {3}Ctrl-C/);
      const [, host = ""] = /WSIGHT_HUB=ws:\/\/(.+?):\d+ /.exec(hub.stdout()) ?? [];
      expect(host).toMatch(name);
      const ask = request({ port, path: "/api/session", headers: { host: `${host}:${port}` } }).end();
      const [{ statusCode }] = (await once(ask, "response")) as [{ statusCode?: number }];
      expect(statusCode).toBe(401);
    }
  });

  it("does not start where a hub is, and says so", async () => {
    const port = await freePort();
    await start({ PORT: String(port) });
    const second = wsight(["hub", "--port", String(port), "--data", "none"]);
    expect((await second.ended).code).toBe(1);
    expect(second.stderr()).toContain(`A hub runs at http://127.0.0.1:${port} already`);
  });

  it("lets no other machine near without a secret", async () => {
    const open = wsight(["hub", "--port", "0", "--host", "0.0.0.0", "--data", "none"]);
    expect((await open.ended).code).toBe(2);
    expect(open.stderr()).toContain("Set a secret of at least 32 characters");
  });
});
