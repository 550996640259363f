import { describe, expect, it } from "vitest";
import { monitor } from "wsight";
import { misspeltVariables, readEnvironment } from "../dist/environment.js";

const QUIET = { port: 0, data: null, quiet: true, hub: false } as const;

describe("WSIGHT_* variables", () => {
  it("that look like a misspelt setting are told, others are nobody's business", () => {
    const given = { WSIGHT_MAX_VIEWRS: "5", WSIGHT_PORT: "1", WSIGHT_CHROMIUM: "/x", OTHER_PROT: "1", PATH: "/bin" };
    expect(misspeltVariables(given)).toEqual([{ name: "WSIGHT_MAX_VIEWRS", near: "WSIGHT_MAX_VIEWERS" }]);
  });

  it("say the same as the options of that name", () => {
    expect(
      readEnvironment({
        WSIGHT_SERVICE: "chat",
        WSIGHT_PORT: "0",
        WSIGHT_DATA: "none",
        WSIGHT_HUB: "off",
        WSIGHT_QUIET: "1",
        WSIGHT_ALLOWED_ORIGINS: "https://a.example, https://b.example",
        WSIGHT_STORE_INTERVAL_MS: "60000",
        WSIGHT_HOST: "",
        WSIGHT_TOKEN: "aaaaaaaaaa.bbbbbbbbbb.cccccccccc",
        WSIGHT_MOUNT: "/monitor",
        WSIGHT_TAIL_FIELDS: "room, kind",
        WSIGHT_OTLP_URL: "http://collector:4318",
        WSIGHT_OTLP_HEADERS: "api-key=a%3D%20b, tenant=chat",
        WSIGHT_OTLP_INTERVAL_MS: "5000",
        WSIGHT_PUBLIC_URL: "https://ops.example.org/monitor/",
        WSIGHT_NOTIFY_HOSTS: "hooks.internal, 10.0.0.5:8080, 10.0.0.0/8, fd00::/8",
        PATH: "/bin",
      }),
    ).toEqual({
      service: "chat",
      port: 0,
      data: null,
      hub: false,
      quiet: true,
      allowedOrigins: ["https://a.example", "https://b.example"],
      storeIntervalMs: 60_000,
      token: "aaaaaaaaaa.bbbbbbbbbb.cccccccccc",
      mount: "/monitor",
      tailFields: ["room", "kind"],
      otlpUrl: "http://collector:4318/v1/metrics",
      otlpHeaders: { "api-key": "a= b", tenant: "chat" },
      otlpIntervalMs: 5000,
      publicUrl: "https://ops.example.org/monitor",
      notifyHosts: ["hooks.internal", "10.0.0.5:8080", "10.0.0.0/8", "fd00::/8"],
    });
    expect(readEnvironment({ WSIGHT_HUB: "wss://ops.example.org/monitor" })).toEqual({
      hub: "wss://ops.example.org/monitor",
    });
  });

  it.each([
    [{ WSIGHT_PORT: "abc" }, 'WSIGHT_PORT: expected a whole number from 0 to 65535, got "abc"'],
    [{ WSIGHT_PORT: "70000" }, "WSIGHT_PORT: expected a number from 0 to 65535, got 70000"],
    [{ WSIGHT_QUIET: "perhaps" }, 'WSIGHT_QUIET: expected true or false, got "perhaps"'],
    [{ WSIGHT_SECRET: "hunter2" }, "WSIGHT_SECRET: expected at least 32 characters"],
    [
      { WSIGHT_HUB: "http://hub:4700" },
      "WSIGHT_HUB: expected true, false, or the address of a hub like ws://host:4700",
    ],
    [{ WSIGHT_HUB: "ws://eve:hunter2@hub:4700" }, 'got "ws://hub:4700/"'],
    [{ WSIGHT_MOUNT: "/a/../b" }, 'WSIGHT_MOUNT: expected a path like "/" or "/monitor"'],
    [{ WSIGHT_OTLP_URL: "collector:4317" }, "WSIGHT_OTLP_URL: expected the address of an OTLP receiver over HTTP"],
    [{ WSIGHT_OTLP_HEADERS: "key" }, "WSIGHT_OTLP_HEADERS key: expected one line of text"],
    [
      { WSIGHT_PUBLIC_URL: "ops.example.org" },
      "WSIGHT_PUBLIC_URL: expected an address like https://wsight.example.org",
    ],
    [{ WSIGHT_PUBLIC_URL: "https://eve:hunter2@ops/?a=1" }, 'got "https://ops/?…"'],
    [{ WSIGHT_NOTIFY_HOSTS: "10.0.0.0/33" }, "WSIGHT_NOTIFY_HOSTS: expected hosts such as hooks.internal"],
    [{ WSIGHT_NOTIFY_HOSTS: "http://hooks.internal" }, "WSIGHT_NOTIFY_HOSTS: expected hosts such as hooks.internal"],
    [{ WSIGHT_CAPACITY: "0" }, "WSIGHT_CAPACITY: expected a number from 1"],
  ])("are refused by name when they can't be right: %o", (environment, message) => {
    expect(() => readEnvironment(environment)).toThrow(message);
  });

  it("never repeat a secret in the refusal", () => {
    expect(() => readEnvironment({ WSIGHT_SECRET: "hunter2" })).toThrow(/^(?!.*hunter2)/);
    expect(() => readEnvironment({ WSIGHT_TOKEN: "hunter2" })).toThrow(/^(?!.*hunter2)/);
  });
});

describe("what monitor is given", () => {
  it.each([
    [
      { ios: {} },
      {},
      'targets: expected io, wss, app, pool, redis, prisma, queue, worker, queueEvents, server, got "ios". Did you mean io?',
    ],
    [
      { io: 42 },
      {},
      "targets.io: expected a Socket.IO server (new Server(…) of socket.io), or an array of them, got 42",
    ],
    [
      { wss: [new Map()] },
      {},
      "targets.wss[0]: expected a WebSocketServer of ws, or an array of them, got an instance of Map",
    ],
    [null, {}, "targets: expected an object, got null"],
    [{}, { prot: 1 }, "Did you mean port?"],
    [{}, { port: "4700" }, 'port: expected a whole number from 0 to 65535, got "4700"'],
    [{}, { hub: "ws://other:4700" }, "token: expected a token for the hub at ws://other:4700, got nothing"],
    [{}, { hub: "other:4700" }, "or the address of a hub like ws://host:4700"],
    [{}, { mount: "monitor" }, "mount: expected a path"],
    [{}, { slowMs: 0.5 }, "slowMs: expected a whole number from 1"],
    [{}, { authenticate: true }, "authenticate: expected a function, got true"],
    [{}, { caps: { events: 0 } }, "caps.events: expected a whole number from 1 to 1000, got 0"],
    [
      {},
      { caps: { evnts: 5 } },
      'caps: expected events, types, connections, topRows, got "evnts". Did you mean events?',
    ],
    [{}, { allowedHosts: ["http://ops.example.org/"] }, "allowedHosts: expected names such as ops.example.org"],
    [{}, { service: "with space" }, "service: expected 1 to 64 letters"],
  ])("is refused when it can't be right: %o %o", async (targets, options, message) => {
    await expect(monitor(targets as object, { ...QUIET, ...(options as object) })).rejects.toMatchObject({
      code: "BAD_OPTION",
      message: expect.stringContaining(message),
    });
  });
});
