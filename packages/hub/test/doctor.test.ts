import type { Hub } from "@wsight/hub";
import { FORWARDED_HEADER, forwardingKey, signForwarded } from "@wsight/hub/forwarded";
import { type DoctorReport, encodeLinkText, type Finding, parseDoctorReport } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { describe, expect, test } from "vitest";
import { ask, bearer, SECRET, startHub } from "./harness.ts";
import { createSmallProbe } from "./small-probe.ts";

async function examine(hub: Hub, headers: Record<string, string> = {}): Promise<DoctorReport> {
  const { status, json } = await ask(hub, "/api/doctor", { headers: { ...(await bearer()), ...headers } });
  expect(status).toBe(200);
  return parseDoctorReport(json);
}

function named(report: DoctorReport, id: string): DoctorReport["checks"] {
  return report.checks.filter((check) => check.id === id);
}

/** Lets processes report to a hub, each with what it found. */
async function report(
  hub: Hub,
  findings: readonly (Partial<Finding> & { readonly library: string })[],
  { instances = ["a"], clockAheadMs = 0, service = "chat" } = {},
): Promise<void> {
  for (const instance of instances) {
    const link = hub.openLink(() => undefined);
    const probe = createSmallProbe(instance);
    const [hello = "{}", ...names] = probe.greeting;
    const found = findings.map((finding) => ({
      server: "main",
      version: null,
      state: "attached" as const,
      notes: [],
      ...finding,
    }));
    link.receive(encodeLinkText({ ...JSON.parse(String(hello)), service, findings: found }));
    for (const message of [...names, probe.snapshot(3, 2)]) link.receive(message);
    if (clockAheadMs !== 0) link.receive(late(clockAheadMs));
  }
  await until(async () => (await examine(hub)).checks.every(({ id }) => id !== "missing.node"), { what: "the nodes" });

  function late(aheadMs: number): Uint8Array {
    const now = Date.now;
    try {
      Date.now = () => now() + aheadMs;
      const probe = createSmallProbe();
      probe.snapshot(3, 2);
      return probe.snapshot(3, 2) as Uint8Array;
    } finally {
      Date.now = now;
    }
  }
}

describe("the doctor", () => {
  test("says to a hub without processes that nothing reports, worst first", async () => {
    const { checks } = await examine(await startHub());
    expect(checks[0]).toMatchObject({ id: "missing.node", state: "fail", fix: { code: /monitor\(\{ io, wss \}/ } });
    const states = checks.map(({ state }) => ["fail", "warn", "info", "ok"].indexOf(state));
    expect(states).toEqual([...states].sort());
  });

  test("tells what was found, in whole and in part, by process", async () => {
    const hub = await startHub();
    await report(hub, [
      { library: "ws", version: "8.23.0", notes: ["payload limit 100 MiB"] },
      { library: "socket.io", version: "3.1.2", state: "partial", notes: ["custom parser", "transports polling"] },
    ]);
    const found = await examine(hub);
    expect(named(found, "found.library")).toEqual([
      expect.objectContaining({ state: "warn", title: "Socket.IO 3.1.2 is watched in part", node: "chat/a" }),
      expect.objectContaining({
        state: "ok",
        title: "ws 8.23.0 is watched",
        detail: "server main · payload limit 100 MiB",
      }),
    ]);
    expect(named(found, "found.version")).toMatchObject([{ fix: { code: "npm install socket.io@4" } }]);
    expect(named(found, "missing.websocket")).toMatchObject([{ title: "Socket.IO 3.1.2 offers polling only" }]);
    expect(named(found, "production.payload")).toMatchObject([
      { title: "ws 8.23.0 takes messages of up to 100 MiB", fix: { code: /maxPayload/ } },
    ]);
  });

  test.each([
    ["payload limit 976.6 KiB", 0],
    ["payload limit 1 MiB", 0],
    ["payload limit 1.1 MiB", 1],
    ["payload limit none", 1],
  ])("judges %s", async (note, count) => {
    const hub = await startHub();
    await report(hub, [{ library: "ws", notes: [note] }]);
    expect(named(await examine(hub), "production.payload")).toHaveLength(count);
  });

  test("asks for users, a capacity and a library where there are none", async () => {
    const hub = await startHub();
    await report(hub, [{ library: "ws" }]);
    await until(async () => named(await examine(hub), "missing.get-user").length === 1, { what: "open connections" });
    const found = await examine(hub);
    expect(named(found, "missing.get-user")).toMatchObject([{ fix: { code: /getUser: \(ws, request\)/ } }]);
    expect(named(found, "missing.capacity")).toMatchObject([{ state: "info", node: "chat/a" }]);
    expect(named(found, "empty.rooms")).toHaveLength(1);
    const bare = await startHub();
    await report(bare, []);
    expect(named(await examine(bare), "missing.library")).toMatchObject([{ state: "warn", node: "chat/a" }]);
  });

  test("warns of rooms that end at a process only when a service has several", async () => {
    const adapters = async (instances: string[], adapter: string): Promise<number> => {
      const hub = await startHub();
      await report(hub, [{ library: "socket.io", notes: [`adapter ${adapter}`] }], { instances });
      return named(await examine(hub), "missing.adapter").length;
    };
    expect(await adapters(["a"], "Adapter")).toBe(0);
    expect(await adapters(["a", "b"], "Adapter")).toBe(1);
    expect(await adapters(["a", "b"], "RedisAdapter")).toBe(0);
  });

  test("sees a clock that is off", async () => {
    const hub = await startHub();
    await report(hub, [{ library: "ws" }], { clockAheadMs: 60_000 });
    expect(named(await examine(hub), "found.clock")).toMatchObject([
      { state: "warn", title: expect.stringMatching(/^The clock of chat\/a is (59|60)\.\d s ahead$/) },
    ]);
  });

  test("judges how the question itself came", async () => {
    const machineKey = new Uint8Array(32).fill(9);
    const hub = await startHub({ machineKey, secret: SECRET, allowedOrigins: ["http://ops.example.org"] });
    const by = (address: string, secure: boolean): Record<string, string> => ({
      [FORWARDED_HEADER]: signForwarded(
        forwardingKey(machineKey),
        { method: "GET", url: "/api/doctor" },
        { address, secure },
        Date.now(),
      ),
    });
    expect(named(await examine(hub), "production.tls")).toMatchObject([{ state: "ok" }]);
    expect(named(await examine(hub, by("203.0.113.7", false)), "production.tls")).toMatchObject([{ state: "fail" }]);
    expect(named(await examine(hub, by("203.0.113.7", true)), "production.tls")).toMatchObject([{ state: "ok" }]);
    const proxied = await examine(hub, { "x-forwarded-for": "203.0.113.7" });
    expect(named(proxied, "production.tls")).toMatchObject([{ fix: { code: /X-Forwarded-Proto/ } }]);
    expect(named(proxied, "production.trust-proxy")).toMatchObject([{ state: "warn" }]);
    expect(named(proxied, "production.origins")).toMatchObject([{ state: "warn", detail: "http://ops.example.org" }]);
  });

  test("stays within its bound when a thousand things could be said", async () => {
    const hub = await startHub();
    const instances = Array.from({ length: 80 }, (_, i) => `n${i}`);
    const many = ["a", "b", "c", "d"].map((server) => ({ library: "ws", server, notes: ["payload limit 100 MiB"] }));
    await report(hub, many, { instances });
    const { checks } = await examine(hub);
    expect(checks).toHaveLength(200);
    expect(checks.at(-1)?.title).toMatch(/^\d+ further checks are not listed$/);
  });

  test("answers viewers alone", async () => {
    const hub = await startHub();
    expect((await ask(hub, "/api/doctor")).status).toBe(401);
    expect((await ask(hub, "/api/doctor", { headers: await bearer("probe") })).status).toBe(403);
  });
});
