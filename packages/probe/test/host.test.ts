import { execFileSync } from "node:child_process";
import {
  closeSync,
  cpSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { createProbe, type ProbeOptions } from "@wsight/probe";
import type { CollectorRow, Labels } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { createRecordingLink, type RecordingLink } from "./recording-link.ts";

const onLinux = process.platform === "linux";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function start(options: ProbeOptions = {}): RecordingLink {
  const onError = (error: unknown): void => expect(error).toBeUndefined();
  const probe = createProbe({ intervalMs: 200, mediumIntervalMs: 200, slowIntervalMs: 200, onError, ...options });
  ends.push(() => probe.close());
  const link = createRecordingLink();
  probe.connect(link);
  return link;
}

async function known(link: RecordingLink, metric: string, where: Labels = {}): Promise<number> {
  const told = (): boolean => link.labels(metric, "").size > 0 && !Number.isNaN(link.sum(metric, where));
  await until(told, { what: metric });
  return link.sum(metric, where);
}

/** Waits until the kernel's own figures were read anew a few times. */
async function ticks(link: RecordingLink, count: number): Promise<void> {
  const seqs = link.seqs.length;
  await until(() => link.seqs.length >= seqs + count, { what: "snapshots", timeoutMs: 20_000 });
}

/** Busy and all CPU time of the host so far, ms, as Node reads it. */
function cpuTime(): { busy: number; all: number } {
  let busy = 0;
  let all = 0;
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    all += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { busy, all };
}

function lines(command: string, ...args: string[]): string[][] {
  const text = execFileSync(command, args, { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
  return text.split("\n").map((line) => line.trim().split(/\s+/));
}

const SOURCES = onLinux ? (["proc", "systeminformation"] as const) : (["systeminformation"] as const);

describe.each(SOURCES)("figures of the host by %s", (hostSource) => {
  it("give CPU shares as another reader of the same time finds them, none at first", { timeout: 20_000 }, async () => {
    const link = start({ hostSource, intervalMs: 1000 });
    expect(
      Number.isNaN(link.sum("system.cpu.utilization")) || link.labels("system.cpu.utilization", "").size === 0,
    ).toBe(true);
    await ticks(link, 1);
    expect(link.sum("system.cpu.utilization")).toBeNaN();
    const before = cpuTime();
    // Something to see.
    for (const until = performance.now() + 500; performance.now() < until; );
    await ticks(link, 1);
    const now = cpuTime();
    const share = (now.busy - before.busy) / (now.all - before.all);
    expect(share).toBeGreaterThan(0.1);
    expect(Math.abs(link.sum("system.cpu.utilization") - share)).toBeLessThan(0.1);
    const cores = link.labels("system.cpu.core.utilization", "cpu.logical_number");
    expect([...cores]).toEqual(Array.from({ length: Math.min(64, cpus().length) }, (_, i) => String(i)));
    expect(Math.abs(link.sum("system.cpu.core.utilization") / cores.size - share)).toBeLessThan(0.1);
    expect(link.sum("system.cpu.logical.count")).toBe(cpus().length);
    const modes =
      link.sum("system.cpu.mode.utilization") - link.sum("system.cpu.mode.utilization", { "cpu.mode": "iowait" });
    expect(modes).toBeCloseTo(link.sum("system.cpu.utilization"), 6);
  });

  it("give memory, load and uptime as the system's own tools say them", async () => {
    const link = start({ hostSource });
    expect(await known(link, "system.memory.limit")).toBe(totalmem());
    const used = await known(link, "system.memory.usage", { "system.memory.state": "used" });
    const available = await known(link, "system.memory.usage", { "system.memory.state": "available" });
    expect(used + available).toBe(totalmem());
    expect(await known(link, "system.memory.utilization")).toBeCloseTo(used / totalmem(), 6);
    if (onLinux) {
      const [, free] = lines("free", "-b");
      expect(Math.abs(available - Number(free?.[6]))).toBeLessThan(totalmem() * 0.05);
      const swap = lines("free", "-b").find(([name]) => name === "Swap:");
      expect(await known(link, "system.paging.usage")).toBe(Number(swap?.[1]));
    }
    const uptime = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
    expect(Math.abs((await known(link, "system.uptime")) - uptime)).toBeLessThan(3);
    const [one] = readFileSync("/proc/loadavg", "utf8").split(" ").map(Number);
    expect(Math.abs((await known(link, "system.cpu.load_average.1m")) - (one ?? 0))).toBeLessThan(1);
  });

  it("give the room of file systems as df says it", async () => {
    const link = start({ hostSource });
    const label = "system.filesystem.mountpoint";
    await until(() => link.labels("system.filesystem.usage", label).has("/"), { what: "the root" });
    const [, root] = lines("df", "-B1", "--output=used,avail", "/");
    const [used, free] = (root ?? []).map(Number);
    const told = (state: string): number =>
      link.sum("system.filesystem.usage", { [label]: "/", "system.filesystem.state": state });
    // Others write meanwhile.
    expect(Math.abs(told("used") - (used ?? 0))).toBeLessThan(200e6);
    expect(Math.abs(told("free") - (free ?? 0))).toBeLessThan(200e6);
    const share = link.sum("system.filesystem.utilization", { [label]: "/" });
    expect(share).toBeCloseTo((used ?? 0) / ((used ?? 0) + (free ?? 0)), 2);
    for (const pseudo of ["/proc", "/sys", "/dev", "/dev/shm"]) {
      expect(link.labels("system.filesystem.usage", label)).not.toContain(pseudo);
    }
    expect(link.labels("system.filesystem.usage", label).size).toBeLessThanOrEqual(8);
  });

  it("count what was written to disks, from zero", async () => {
    const link = start({ hostSource });
    const written = (): number => link.sum("system.disk.io", { "disk.io.direction": "write" });
    await ticks(link, 3);
    const before = written();
    expect(before).toBeLessThan(1e9);
    const folder = mkdtempSync(join(tmpdir(), "wsight-disk-"));
    ends.push(() => rmSync(folder, { recursive: true }));
    const file = openSync(join(folder, "file"), "w");
    for (let i = 0; i < 16; i++) writeSync(file, Buffer.alloc(1 << 20, i + 1));
    fsyncSync(file);
    closeSync(file);
    await until(() => written() - before >= 16 * 2 ** 20, { what: "16 MiB", timeoutMs: 5000 });
    // Not read together with the bytes where the package reads them.
    const operations = (): number => link.sum("system.disk.operations", { "disk.io.direction": "write" });
    await until(() => operations() > 0, { what: "operations of a disk" });
  });
});

describe.skipIf(!onLinux)("figures of the host", () => {
  it("leave loopback out of the network", async () => {
    const link = start();
    const loopback = (): number => Number(/lo: *(\d+)/.exec(readFileSync("/proc/net/dev", "utf8"))?.[1]);
    await ticks(link, 2);
    const [before, received] = [loopback(), link.sum("system.network.io")];
    const { createServer } = await import("node:http");
    const server = createServer((_, response) => response.end(Buffer.alloc(8 << 20)));
    server.listen(0, "127.0.0.1");
    ends.push(() => server.close());
    await until(() => server.listening, { what: "the server" });
    const { port } = server.address() as { port: number };
    await (await fetch(`http://127.0.0.1:${port}`)).arrayBuffer();
    await ticks(link, 2);
    expect(loopback() - before).toBeGreaterThan(8e6);
    expect(link.sum("system.network.io") - received).toBeLessThan(8e6);
  });

  it("count processes", async () => {
    const link = start();
    const count = await known(link, "system.process.count");
    const truth = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).length;
    expect(Math.abs(count - truth)).toBeLessThan(20);
  });

  it("are a component that is up", async () => {
    const link = start();
    await until(() => link.tables.get("components")?.total === 1, { what: "the component" });
    await until(() => link.sum("wsight.component.up", { "component.name": "host" }) === 1, { what: "that it is up" });
    expect(link.tables.get("components")?.rows).toMatchObject([{ kind: "system", name: "host", library: "/proc" }]);
  });

  it("are not read where that is not wanted", async () => {
    const link = start({ hostSource: "none" });
    await ticks(link, 3);
    expect(link.labels("system.cpu.utilization", "").size).toBe(0);
    expect(link.tables.get("components")?.total ?? 0).toBe(0);
  });

  it("cannot come from what is not known", () => {
    expect(() => createProbe({ hostSource: "wmi" as never })).toThrow(
      "hostSource: expected one of auto, proc, systeminformation, none",
    );
  });
});

describe("where systeminformation is not installed", () => {
  it("says what to install, goes on with what Node knows, and refuses the process table", async () => {
    const folder = mkdtempSync(join(tmpdir(), "wsight-bare-"));
    ends.push(() => rmSync(folder, { recursive: true }));
    for (const name of ["probe", "protocol"]) {
      const from = join(import.meta.dirname, "../..", name);
      const to = join(folder, "node_modules/@wsight", name);
      cpSync(join(from, "dist"), join(to, "dist"), { recursive: true });
      cpSync(join(from, "package.json"), join(to, "package.json"));
    }
    cpSync(join(import.meta.dirname, "../../../node_modules/ws"), join(folder, "node_modules/ws"), { recursive: true });
    cpSync(join(import.meta.dirname, "fixtures/without-package.mjs"), join(folder, "main.mjs"));
    const text = execFileSync(process.execPath, [join(folder, "main.mjs")], { encoding: "utf8" });
    const { collectors, answer, figures, faults } = JSON.parse(text) as {
      collectors: CollectorRow[];
      answer: object;
      figures: Record<string, number>;
      faults: string[];
    };
    const hint = "npm install systeminformation to see more of this system";
    const noted = collectors.filter(({ note }) => note !== null).map(({ name, note }) => [name, note]);
    expect(noted).toEqual(
      ["host memory", "host disks", "host network", "host file systems"].map((name) => [name, hint]),
    );
    expect(answer).toMatchObject({ error: { code: "NOT_FOUND", message: `no process table: ${hint}` } });
    expect(figures["system.memory.limit"]).toBe(totalmem());
    expect(figures["system.cpu.logical.count"]).toBe(cpus().length);
    expect(faults).toEqual([]);
  });
});
