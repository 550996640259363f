import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@wsight/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { createAnnouncer } from "../dist/announcer.js";
import { signIn } from "./hub-client.ts";
import { childrenOf, isRunning, type Program, wsight } from "./program.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  const program = wsight(args, env);
  cleanups.push(() => program.child.kill("SIGKILL"));
  return program;
}

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "wsight-cli-"));
  cleanups.push(() => rm(dir, { recursive: true }));
  return dir;
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const program = start(args, env);
  const { code } = await program.ended;
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

describe("the command line", () => {
  it("helps, also when nothing or --help was typed", async () => {
    const [bare, flag, word, demo, helped] = await Promise.all([
      run([]),
      run(["--help"]),
      run(["help"]),
      run(["demo", "--help"]),
      run(["help", "demo"]),
    ]);
    expect(bare).toEqual(flag);
    expect(bare).toEqual(word);
    expect(bare.code).toBe(0);
    expect(bare.stdout).toMatch(
      /demo .*\n {2}hub .*\n {2}token .*\n {2}doctor .*\n {2}load .*\n {2}echo .*\n {2}test .*\n {2}pool .*\n {2}export .*\n {2}import .*\n {2}backup .*\n {2}help .*\n {2}version/,
    );
    expect(demo).toEqual(helped);
    expect(demo.stdout).toContain("--app-port N");
  });

  it("says its version", async () => {
    const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
    expect(await run(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it.each([
    [["dmeo"], "There is no command dmeo. Did you mean demo?"],
    [
      ["frobnicate"],
      "There is no command frobnicate: demo, hub, token, doctor, load, echo, test, pool, export, import, backup, help, version",
    ],
    [["demo", "--secnods", "5"], "wsight demo has no flag --secnods. Did you mean --seconds?"],
    [["demo", "--seconds"], "--seconds: expected N (end after this long (until Ctrl-C)), got nothing"],
    [["demo", "--seconds", "soon"], '--seconds: expected a whole number from 1 to 2000000, got "soon"'],
    [["demo", "--port", "99999"], "--port: expected a number from 0 to 65535, got 99999"],
    [["demo", "now"], "wsight demo: expected flags only, got now"],
    [["version", "--long"], "wsight version has no flag --long (it has none)"],
    [["token", "--sub", "ops"], "--role: expected one of admin, viewer, user, probe, got null"],
    [["token", "--role", "admin"], "--sub: expected who the token is for"],
    [["token", "--role", "admin", "--sub", "a", "--ttl", "1w"], "--ttl: expected a duration like 90s, 15m, 1h or 30d"],
    [
      ["token", "--role", "admin", "--sub", "a", "--queues", "mail"],
      '--queues: expected it with --role probe alone, got "--role admin"',
    ],
    [
      ["token", "--role", "probe", "--sub", "a", "--queues", "mail,", "--secret", "x".repeat(32)],
      'queues[1]: expected 1 to 64 characters that can be seen, got ""',
    ],
    [
      ["demo", "--host", "0.0.0.0", "--port", "0", "--data", "none"],
      "host: 0.0.0.0 can be reached from other machines",
    ],
  ])("refuses %j with exit status 2", async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
  });

  it("names a variable that can't be right", async () => {
    const { code, stderr } = await run(["demo"], { WSIGHT_PORT: "http" });
    expect(code).toBe(2);
    expect(stderr).toContain('WSIGHT_PORT: expected a whole number from 0 to 65535, got "http"');
  });
});

describe("wsight token", () => {
  it("prints nothing but a token, and the hub of that directory lets its bearer in", async () => {
    const data = await makeDir();
    const demo = start(["demo", "--port", "0", "--data", data]);
    const [, origin] = await demo.saw(/open {3}(http:\/\/127\.0\.0\.1:\d+)/);
    const { code, stdout, stderr } = await run([
      "token",
      "--role",
      "viewer",
      "--sub",
      "grafana",
      "--ttl",
      "5m",
      "--data",
      data,
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const reply = await fetch(`${origin}/api/websocket/metrics/`, {
      headers: { authorization: `Bearer ${stdout.trim()}` },
    });
    expect(reply.status).toBe(200);
    const { exp, iat, sub, role } = JSON.parse(Buffer.from(stdout.split(".")[1] ?? "", "base64url").toString());
    expect([exp - iat, sub, role]).toEqual([300, "grafana", "viewer"]);
  });

  it("signs with WSIGHT_SECRET, and makes no secret of its own", async () => {
    const data = await makeDir();
    const secret = "0123456789abcdef0123456789abcdef";
    expect((await run(["token", "--role", "admin", "--sub", "a"], { WSIGHT_SECRET: secret })).code).toBe(0);
    const { code, stderr } = await run(["token", "--role", "admin", "--sub", "a", "--data", data]);
    expect(code).toBe(2);
    expect(stderr).toContain("expected the data directory of a hub that has run");
  });
});

describe("wsight demo", () => {
  it("prints what it found and a link without colours, shows life, and ends by itself", async () => {
    const startedAt = performance.now();
    const demo = start(["demo", "--seconds", "5", "--port", "0", "--data", "none"]);
    const [link = ""] = await demo.saw(/http:\/\/127\.0\.0\.1:\d+\/dashboard#code=[\w-]+/);
    const hub = await signIn(link);
    await until(
      async () => {
        const { connections, messages } = (await hub.get("/api/websocket/metrics/")) as {
          connections: { total: number };
          messages: { latency: { count: number } };
        };
        return connections.total > 5 && messages.latency.count > 5;
      },
      { what: "first data" },
    );
    const firstDataMs = performance.now() - startedAt;
    console.log(`wsight demo: command to first data ${(firstDataMs / 1000).toFixed(2)} s`);
    expect(await demo.ended).toMatchObject({ code: 0 });
    expect(demo.stderr()).toBe("");
    expect(demo.stdout()).toMatch(
      /^wsight ▸ found {2}Socket\.IO 4\.\d+\.\d+ {2}\(.*\)\nwsight ▸ found {2}ws 8\.\d+\.\d+ +\(.*path \/ticker.*\)\nwsight ▸ found {2}http +\(.*\)\nwsight ▸ open {3}http\S+ {3}\(one-time link, valid 15 minutes\)\nwsight ▸ app {4}http\S+\nwsight ▸ stop {3}Ctrl-C, or by itself after 5 s\n$/,
    );
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "ends cleanly within two seconds of %s and leaves no process",
    async (signal) => {
      const demo = start(["demo", "--port", "0", "--data", await makeDir()]);
      const [link = ""] = await demo.saw(/http:\/\/127\.0\.0\.1:\d+\/dashboard/);
      // A process that is still being loaded can't hold a signal off.
      const ready = new URL("/readyz", link);
      await until(async () => (await fetch(ready)).ok, { what: "history that is open", timeoutMs: 20_000 });
      const children = await childrenOf(demo.child.pid ?? 0);
      expect(children.length).toBeGreaterThanOrEqual(1);
      const askedAt = performance.now();
      // A Ctrl-C in a terminal reaches every process there, and npm passes it on once more.
      for (const pid of signal === "SIGINT" ? children : []) process.kill(pid, signal);
      demo.child.kill(signal);
      demo.child.kill(signal);
      expect(await demo.ended).toMatchObject({ code: 0, signal: null });
      expect(performance.now() - askedAt).toBeLessThan(8000);
      expect(demo.stderr()).toBe("");
      expect(await Promise.all(children.map(isRunning))).toEqual(children.map(() => false));
    },
  );

  it("says how to choose another port when its own is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    cleanups.push(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    const { code, stdout, stderr } = await run(["demo", "--port", String(port), "--data", "none"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toBe(
      `wsight: Port ${port} on 127.0.0.1 is in use. Choose another with the option port, --port or WSIGHT_PORT (0 takes a free one)\n`,
    );
  });

  it("leaves no process behind when it is killed", async () => {
    const demo = start(["demo", "--port", "0", "--data", await makeDir()]);
    await demo.saw(/stop/);
    const children = await childrenOf(demo.child.pid ?? 0);
    demo.child.kill("SIGKILL");
    await until(async () => (await Promise.all(children.map(isRunning))).every((running) => !running), {
      what: "the children's end",
    });
  });

  it("ends with status 1 and says so when its clients die", async () => {
    const demo = start(["demo", "--port", "0", "--data", "none"]);
    await demo.saw(/stop/);
    for (const pid of await childrenOf(demo.child.pid ?? 0)) process.kill(pid, "SIGKILL");
    expect(await demo.ended).toMatchObject({ code: 1 });
    expect(demo.stderr()).toContain("the clients of the demo ended: SIGKILL");
  });
});

describe("the lines for people", () => {
  const finding = {
    library: "ws",
    server: "ws",
    version: "8.23.0",
    state: "partial",
    notes: ["emit is locked"],
  } as const;

  function told(isTTY: boolean, environment: Readonly<Record<string, string>>): string {
    let text = "";
    const write = (more: string): void => {
      text += more;
    };
    createAnnouncer({ isTTY, write }, environment).found([finding]);
    return text;
  }

  it("have colours on a terminal, and only there, and not with NO_COLOR", () => {
    const plain = "wsight ▸ part   ws 8.23.0  (emit is locked)\n";
    expect(told(false, {})).toBe(plain);
    expect(told(true, { NO_COLOR: "1" })).toBe(plain);
    expect(told(true, { TERM: "dumb" })).toBe(plain);
    expect(told(true, {})).toContain("\u001b[33mpart \u001b[0m");
  });
});
