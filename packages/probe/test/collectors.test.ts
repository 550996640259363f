import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import { createProbe, type Probe, type ProbeOptions } from "@wsight/probe";
import type { CollectorRow } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { createRecordingLink, type RecordingLink } from "./recording-link.ts";

const onLinux = process.platform === "linux";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function start(options: ProbeOptions = {}): { probe: Probe; link: RecordingLink } {
  const onError = (error: unknown): void => expect(error).toBeUndefined();
  const probe = createProbe({ intervalMs: 100, mediumIntervalMs: 100, slowIntervalMs: 100, onError, ...options });
  ends.push(() => probe.close());
  const link = createRecordingLink();
  probe.connect(link);
  return { probe, link };
}

async function told(link: RecordingLink, metric: string): Promise<number> {
  await until(() => link.labels(metric, "").size > 0 && link.sum(metric) >= 0, { what: metric });
  return link.sum(metric);
}

function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

function fixture(name: string, ...args: string[]): ReturnType<typeof spawnSync> {
  const [flags, rest] = [args.filter((arg) => arg.startsWith("--")), args.filter((arg) => !arg.startsWith("--"))];
  const file = join(import.meta.dirname, "fixtures", `${name}.mjs`);
  return spawnSync(process.execPath, [...flags, file, ...rest], { encoding: "utf8", timeout: 20_000 });
}

describe("the figures of a process", () => {
  it("are what Node and the kernel say", async () => {
    const { link } = start();
    expect(await told(link, "v8js.memory.heap.limit")).toBe(getHeapStatistics().heap_size_limit);
    expect((await told(link, "v8js.memory.heap.space.used")) / process.memoryUsage().heapUsed).toBeCloseTo(1, 0);
    expect(link.labels("v8js.memory.heap.space.used", "v8js.heap.space.name")).toContain("old_space");
    expect((await told(link, "v8js.memory.external")) / process.memoryUsage().external).toBeCloseTo(1, 0);
    expect(await told(link, "process.memory.usage")).toBeGreaterThan(10_000_000);
  });

  it.skipIf(!onLinux)("tell threads and descriptors as the kernel counts them", async () => {
    const { link } = start();
    const [, threads] = /^Threads:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    expect(Math.abs((await told(link, "process.thread.count")) - Number(threads))).toBeLessThan(3);
    const before = await told(link, "process.open_file_descriptor.count");
    const server = createServer().listen(0, "127.0.0.1");
    ends.push(() => server.close());
    await until(() => server.listening, { what: "the server" });
    const { port } = server.address() as AddressInfo;
    const sockets = Array.from({ length: 50 }, () => connect(port, "127.0.0.1"));
    ends.push(() => sockets.map((socket) => socket.destroy()));
    const count = (): number => link.sum("process.open_file_descriptor.count");
    // Each has two ends here.
    await until(() => Math.abs(count() - before - 101) < 5, { what: "the descriptors" });
    const limit = spawnSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }).stdout.trim();
    expect(link.sum("process.open_file_descriptor.limit")).toBe(Number(limit));
  });

  it("count CPU time from the first reading on, by mode", async () => {
    const { link } = start();
    await until(() => link.seqs.length > 2, { what: "the first reading" });
    expect(link.labels("process.cpu.time", "cpu.mode")).toEqual(new Set(["user", "system"]));
    const before = link.sum("process.cpu.time");
    expect(before).toBeLessThan(process.cpuUsage().user / 1e6);
    const begin = process.cpuUsage();
    block(300);
    const seqs = link.seqs.length;
    await until(() => link.seqs.length > seqs + 1, { what: "snapshots" });
    const { user, system } = process.cpuUsage(begin);
    expect(Math.abs(link.sum("process.cpu.time") - before - (user + system) / 1e6)).toBeLessThan(0.15);
  });

  it("tell what keeps the event loop alive, by type", async () => {
    const { link } = start();
    const timers = Array.from({ length: 25 }, () => setTimeout(() => undefined, 60_000));
    ends.push(() => timers.forEach(clearTimeout));
    const timeouts = (): number => link.sum("v8js.resource.active", { "v8js.resource.type": "Timeout" });
    const truth = (): number => process.getActiveResourcesInfo().filter((type) => type === "Timeout").length;
    await until(() => timeouts() >= 25 && Math.abs(timeouts() - truth()) < 5, { what: "the timers" });
    timers.forEach(clearTimeout);
    await until(() => timeouts() < 25, { what: "fewer timers" });
  });
});

describe.skipIf(!onLinux)("the memory a process may take", () => {
  it("is at most what the host has", async () => {
    const { link } = start();
    const [, total] = /^MemTotal:\s+(\d+)/m.exec(readFileSync("/proc/meminfo", "utf8")) ?? [];
    const limit = await told(link, "process.memory.limit");
    expect(limit).toBeLessThanOrEqual(Number(total) * 1024);
    const constrained = process.constrainedMemory();
    if (constrained > 0 && constrained < Number(total) * 1024) expect(limit).toBeLessThanOrEqual(constrained);
  });
});

describe("garbage collections", () => {
  // Another tool took the first of the entries that come together, and missed two of three.
  it("are counted, every one of them, by type", () => {
    const { stdout, stderr, status } = fixture("collections", "--expose-gc", "--trace-gc");
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const lines = String(stdout).split("\n");
    const traced = (what: RegExp): number => lines.filter((line) => what.test(line)).length;
    const counts = JSON.parse(lines.findLast((line) => line.startsWith("{")) ?? "{}") as Record<
      string,
      { count: number; sum: number }
    >;
    const before = lines
      .slice(0, lines.indexOf("begin"))
      .filter((line) => /: (Scavenge|Mark-Compact)/.test(line)).length;
    const all = (counts.minor?.count ?? 0) + (counts.major?.count ?? 0);
    const total = traced(/: (Scavenge|Mark-Compact)/);
    expect(counts.major?.count).toBeGreaterThanOrEqual(60);
    expect(counts.minor?.count).toBeGreaterThanOrEqual(100);
    // Those before the probe was there may be missing.
    expect(all).toBeGreaterThanOrEqual(total - before);
    expect(all).toBeLessThanOrEqual(total);
    expect(counts.major?.sum).toBeGreaterThan(0.001);
    expect(counts.major?.sum).toBeLessThan(20);
  });
});

describe("event-loop lag", () => {
  it("counts what a stall swallowed: after one of 1 s in 5 s, one request in a hundred waited most of it", async () => {
    const { link } = start({ hostSource: "none" });
    await wait(2000);
    block(1000);
    await wait(2000);
    const lag = link.histogram("nodejs.eventloop.lag");
    // Requests that come evenly over 5 s: a fifth of them fall into the stall, and wait for what is left of it.
    expect(lag.quantile(0.99)).toBeGreaterThan(0.9);
    expect(lag.quantile(0.99)).toBeLessThan(1.1);
    expect(lag.quantile(0.9)).toBeGreaterThan(0.35);
    expect(lag.quantile(0.9)).toBeLessThan(0.65);
    expect(lag.quantile(0.5)).toBeLessThan(0.1);
    expect(Math.abs(lag.count - 5000 / 20)).toBeLessThan(40);
  });
});

describe("what is collected", () => {
  const rowsOf = (link: RecordingLink): readonly CollectorRow[] => {
    const table = link.tables.get("collectors");
    return table?.table === "collectors" ? table.rows : [];
  };

  it("is told with what it costs, and charged to the probe", async () => {
    const { link } = start();
    await until(() => rowsOf(link).length > 0 && rowsOf(link).every(({ reads }) => reads >= 3), { what: "reads" });
    for (const row of rowsOf(link)) {
      // On a machine that is busy enough one of them may be moved to a slower tier.
      expect(row.failures).toBe(0);
      expect(row.note).toBe(row.at === row.tier ? null : `over its budget of ${row.budgetSeconds * 1000} ms`);
      expect(row.seconds).toBeGreaterThan(0);
      expect(Math.abs((row.readAt ?? 0) - Date.now())).toBeLessThan(5000);
    }
    expect(link.sum("wsight.probe.cpu")).toBeGreaterThan(rowsOf(link).reduce((sum, row) => sum + row.seconds, 0));
  });

  it("ends with the probe", async () => {
    const { link, probe } = start();
    await until(() => rowsOf(link).length > 0, { what: "rows" });
    const before = process.getActiveResourcesInfo().length;
    probe.close();
    const seqs = link.seqs.length;
    await wait(300);
    expect(link.seqs).toHaveLength(seqs);
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before);
  });

  it.each(["auto", "systeminformation"])("by %s never keeps a process alive", async (source) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "fixtures/only-a-probe.mjs"), source], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let saidAt = Number.NaN;
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
      saidAt = performance.now();
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).toBe(0);
    expect(JSON.parse(said)).toContain("host file systems");
    // A program of the system that was just started is waited for.
    expect(performance.now() - saidAt).toBeLessThan(5000);
  });
});
