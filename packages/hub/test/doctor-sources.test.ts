import type { Hub } from "@wsight/hub";
import {
  type CollectorRow,
  type ComponentRow,
  type DoctorReport,
  encodeLinkText,
  type Finding,
  parseDoctorReport,
  type TableFrame,
} from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { describe, expect, test } from "vitest";
import { ask, bearer, startHub } from "./harness.ts";
import { createSmallProbe } from "./small-probe.ts";

interface Told {
  readonly findings?: readonly (Pick<Finding, "library"> & Partial<Finding>)[];
  readonly components?: readonly Partial<ComponentRow>[];
  readonly collectors?: readonly Partial<CollectorRow>[];
}

/** Lets one process tell a hub what it depends on, and has the doctor look. */
async function examine({ findings = [], components = [], collectors = [] }: Told): Promise<DoctorReport> {
  const hub = await startHub();
  const link = hub.openLink(() => undefined);
  const probe = createSmallProbe();
  const [hello = "{}", ...names] = probe.greeting;
  const found = findings.map((finding) => ({
    server: "main",
    version: null,
    state: "attached",
    notes: [],
    ...finding,
  }));
  link.receive(encodeLinkText({ ...JSON.parse(String(hello)), findings: found }));
  for (const message of [...names, probe.snapshot(3, 2)]) link.receive(message);
  const { epoch } = JSON.parse(String(hello)) as { epoch: number };
  const tell = (table: "components" | "collectors", rows: readonly object[]): void =>
    link.receive(
      encodeLinkText({ type: "table", epoch, at: Date.now(), total: rows.length, table, rows } as TableFrame),
    );
  tell("components", components.map(component));
  tell("collectors", collectors.map(collector));
  await until(async () => named(await reportOf(hub), "missing.node").length === 0, { what: "the node" });
  return reportOf(hub);
}

async function reportOf(hub: Hub): Promise<DoctorReport> {
  return parseDoctorReport((await ask(hub, "/api/doctor", { headers: await bearer() })).json);
}

function component(change: Partial<ComponentRow>): ComponentRow {
  const now = Date.now();
  return {
    kind: "cache",
    name: "ioredis",
    library: "ioredis",
    state: "up",
    since: now - 60_000,
    checkedAt: now,
    latencySeconds: 0.001,
    error: null,
    ...change,
  };
}

function collector(change: Partial<CollectorRow>): CollectorRow {
  return {
    name: "host",
    tier: "fast",
    at: "fast",
    intervalMs: 1000,
    budgetSeconds: 0.005,
    seconds: 0.001,
    reads: 10,
    failures: 0,
    readAt: Date.now(),
    note: null,
    ...change,
  };
}

function named(report: DoctorReport, id: string): DoctorReport["checks"] {
  return report.checks.filter((check) => check.id === id);
}

describe("what the doctor says of sources", () => {
  test("libraries go by their names, with what they are called in figures, and old ones are named", async () => {
    const report = await examine({
      findings: [
        { library: "express", version: "5.3.0", notes: ["12 routes"] },
        { library: "prisma", server: "prisma", version: "6.19.0" },
      ],
    });
    expect(named(report, "found.library")).toMatchObject([
      { state: "ok", title: "Express 5.3.0 is watched", detail: "server main · 12 routes" },
      { state: "ok", title: "Prisma 6.19.0 is watched", detail: "client prisma" },
    ]);
    expect(named(report, "found.version")).toMatchObject([{ fix: { code: "npm install prisma@7" } }]);
  });

  test.each([
    ["connect ECONNREFUSED 127.0.0.1:6379", /whether it runs/, "redis-cli -h HOST -p 6379 ping"],
    ["getaddrinfo ENOTFOUND cache.internal", /host's name/, null],
    ["WRONGPASS invalid username-password pair", /user and password/, null],
    ["no answer within 2000 ms", /overloaded/, "redis-cli -h HOST -p 6379 ping"],
    ["something new", /can be reached/, "redis-cli -h HOST -p 6379 ping"],
  ])("a component that is down is a failure with its error and a way out: %s", async (error, text, code) => {
    const report = await examine({
      components: [{ state: "down", name: "sessions", error }, { state: "unknown" }, {}],
    });
    expect(report.checks[0]).toMatchObject({
      id: "found.component-down",
      state: "fail",
      title: "Client sessions (ioredis): the cache is down",
      detail: `For 60 s. ${error}`,
      fix: { text: expect.stringMatching(text), code },
      node: "chat/a",
    });
    expect(named(report, "found.component-down")).toHaveLength(1);
  });

  test("tells which collectors read less than they should, or nothing", async () => {
    const report = await examine({
      collectors: [
        { at: "medium", intervalMs: 5000, seconds: 0.0123, note: "over its budget of 5 ms" },
        { name: "redis info cache", reads: 0, failures: 4, readAt: null },
        { name: "handles", note: "no /proc on this system" },
        { name: "gc" },
      ],
    });
    expect(named(report, "found.collector")).toMatchObject([
      {
        state: "warn",
        title: "host is read each 5 s only",
        detail: "over its budget of 5 ms. A read takes 12.3 ms of the application's thread, of 5 ms it may.",
      },
      { state: "warn", title: "redis info cache could not be read", detail: "Every try failed (4 times)." },
      { state: "info", title: "handles: no /proc on this system" },
    ]);
  });

  test("says why Database, Cache, Network and System are empty, with the names that are passed already", async () => {
    const report = await examine({
      findings: [{ library: "socket.io" }, { library: "ioredis", server: "sessions" }],
      collectors: [{ note: "no /proc on this system" }],
    });
    expect(named(report, "empty.database")).toMatchObject([
      {
        title: "Database: none is watched",
        fix: { code: expect.stringContaining("await monitor({ io, pool, redis });") },
      },
    ]);
    expect(named(report, "empty.database")[0]?.fix?.code).toContain(".$extends(prismaExtension());");
    expect(named(report, "empty.cache")).toMatchObject([
      { title: "Cache: nothing happened yet", detail: expect.stringContaining("ioredis (sessions)"), fix: null },
    ]);
    expect(named(report, "empty.network")).toMatchObject([
      {
        title: "Network: no HTTP server is watched",
        fix: { code: expect.stringContaining("monitor({ io, app, redis })") },
      },
    ]);
    expect(named(report, "empty.system")).toMatchObject([
      { detail: "host: no /proc on this system.", fix: { code: "npm install systeminformation" } },
    ]);
  });

  test("a source that is watched in part says what is not", async () => {
    const report = await examine({
      findings: [{ library: "prisma", server: "prisma", state: "partial", notes: ["without prismaExtension()"] }],
    });
    expect(named(report, "empty.database")).toMatchObject([
      {
        detail: "Watched: Prisma (prisma). without prismaExtension()",
        fix: { code: expect.stringContaining("prismaExtension()") },
      },
    ]);
  });
});
