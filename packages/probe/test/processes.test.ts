import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createProbe, type Probe, type ProbeOptions } from "@wsight/probe";
import type { ProcessPage, ProcessQuery } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createAllowance } from "../dist/looks/pacer.js";
import { ProcessTable } from "../dist/looks/process-table.js";
import { type AskingHub, askingHub } from "./asking.ts";
import { createRecordingLink } from "./recording-link.ts";

const onLinux = process.platform === "linux";
const SECRET = "hunter2-of-the-arguments";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function ask(options: ProbeOptions = {}): {
  probe: Probe;
  hub: AskingHub;
  page: (query?: Partial<ProcessQuery>) => Promise<ProcessPage>;
} {
  const probe = createProbe({ intervalMs: 100, onError: (error) => expect(error).toBeUndefined(), ...options });
  ends.push(() => probe.close());
  const hub = askingHub(probe);
  const usual = { sort: "cpu", offset: 0, limit: 200, search: "" } as const;
  return { probe, hub, page: (query) => hub.ask({ kind: "processes", query: { ...usual, ...query } }) };
}

/** A process with a secret among its arguments and in its environment, that keeps a core busy. Its title hides its arguments. */
async function busyChild(title = 'process.title = "busy one";'): Promise<number> {
  const code = `${title}process.stdout.write(".");for(;;);`;
  const child = spawn(process.execPath, ["-e", code, SECRET], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TOKEN: SECRET },
  });
  await once(child.stdout, "data");
  ends.push(async () => {
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  return child.pid as number;
}

function pidsNow(): Set<number> {
  return new Set(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number),
  );
}

/** Fields of a process as `ps` says them. */
function ps(pid: number, ...fields: string[]): string[] {
  const list = fields.flatMap((field) => ["-o", `${field}=`]);
  return execFileSync("ps", ["-p", String(pid), ...list], { encoding: "utf8", env: { LC_ALL: "C", TZ: "UTC" } })
    .trim()
    .split(/\s+/);
}

/** CPU time of a process so far, seconds. */
function cpuSeconds(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[11]) / 100;
}

/** Pages until one tells shares of CPU time. */
async function measured(page: () => Promise<ProcessPage>, ms: number): Promise<ProcessPage> {
  await page();
  await new Promise((resolve) => setTimeout(resolve, ms));
  return page();
}

describe.skipIf(!onLinux)("the process table", () => {
  it("holds the processes there are, with what ps says of them", async () => {
    const { page } = ask();
    const before = pidsNow();
    const { rows, total, matching, at } = await page({ sort: "pid" });
    const after = pidsNow();
    expect(Math.abs(at - Date.now())).toBeLessThan(5000);
    for (const pid of before) if (after.has(pid)) expect(rows.map((row) => row.pid)).toContain(pid);
    for (const { pid } of rows) expect(before.has(pid) || after.has(pid)).toBe(true);
    expect(total).toBeGreaterThanOrEqual(matching);
    expect(rows).toHaveLength(Math.min(200, matching));
    const self = rows.find((row) => row.pid === process.pid);
    const [parent, threads, rss] = ps(process.pid, "ppid", "nlwp", "rss").map(Number);
    expect(self).toMatchObject({ self: true, parent, threads, cpu: null });
    expect((self?.memoryBytes ?? 0) / ((rss ?? 0) * 1024)).toBeCloseTo(1, 0);
    expect(self?.name).toBe(readFileSync("/proc/self/comm", "utf8").trim());
    const started = Date.parse(`${ps(process.pid, "lstart").join(" ")} UTC`);
    expect(Math.abs((self?.startedAt ?? 0) - started)).toBeLessThan(2000);
    expect(rows.filter((row) => row.self)).toHaveLength(1);
  });

  it("tells CPU shares from the second look on, a busy process first", async () => {
    const pid = await busyChild();
    const { page } = ask();
    expect((await page()).rows.every(({ cpu }) => cpu === null)).toBe(true);
    const [before, begin] = [cpuSeconds(pid), performance.now()];
    const busy = (await measured(page, 2000)).rows.find((row) => row.pid === pid);
    const truth = (cpuSeconds(pid) - before) / ((performance.now() - begin) / 1000);
    // The kernel counts in hundredths of a second.
    expect(Math.abs((busy?.cpu ?? 0) - truth)).toBeLessThan(0.1);
    expect(busy).toMatchObject({ name: "busy one", state: "running", parent: process.pid, self: false });
    const { rows } = await page({ sort: "cpu", limit: 5 });
    expect(rows.map((row) => row.pid)).toContain(pid);
  });

  it("tells the share of a process that began since the look before", async () => {
    const { page } = ask();
    await page();
    const pid = await busyChild();
    await new Promise((resolve) => setTimeout(resolve, 700));
    const { rows } = await page({ search: String(pid) });
    expect(rows).toMatchObject([{ pid }]);
    expect(rows[0]?.cpu).toBeGreaterThan(0.02);
  });

  it("never holds arguments or environments", async () => {
    const pid = await busyChild("");
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toContain(SECRET);
    const { hub, page } = ask();
    const { rows } = await page({ search: String(pid) });
    expect(rows).toHaveLength(1);
    expect(hub.texts.join("\n")).not.toContain(SECRET);
    expect(Object.keys(rows[0] ?? {}).sort()).toEqual(
      ["cpu", "memoryBytes", "name", "parent", "pid", "self", "startedAt", "state", "threads"].sort(),
    );
  });

  it("is sorted, searched and paged by the probe", async () => {
    const pid = await busyChild();
    const { page } = ask();
    const { rows: all } = await page({ sort: "pid" });
    expect(all.map((row) => row.pid)).toEqual(all.map((row) => row.pid).sort((a, b) => a - b));
    const { rows: byMemory } = await page({ sort: "memory" });
    const sizes = byMemory.map(({ memoryBytes }) => memoryBytes);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    const names = (await page({ sort: "name" })).rows.map(({ name }) => name);
    expect(names).toEqual([...names].sort());
    const threads = (await page({ sort: "threads" })).rows.map((row) => row.threads);
    expect(threads).toEqual([...threads].sort((a, b) => b - a));
    const first = await page({ sort: "memory", limit: 3 });
    const second = await page({ sort: "memory", limit: 3, offset: 3 });
    expect([...first.rows, ...second.rows].map((row) => row.pid)).toEqual(byMemory.slice(0, 6).map((row) => row.pid));
    expect(await page({ search: "BUSY O" })).toMatchObject({ matching: 1, rows: [{ pid }] });
    expect(await page({ search: "no such name" })).toMatchObject({ matching: 0, rows: [] });
    const far = await page({ sort: "pid", offset: 600, limit: 10 });
    expect(far.rows).toEqual([]);
  });

  it("is read while somebody asks, and never otherwise", { timeout: 60_000 }, async () => {
    // So many that a look at all of them stands out from what else is read.
    for (let i = pidsNow().size; i < 100; i++) {
      const child = spawn("sleep", ["60"]);
      ends.push(() => child.kill());
    }
    const { page, probe } = ask({ intervalMs: 200 });
    const link = createRecordingLink();
    probe.connect(link);
    const reads = (): number => Number(/syscr: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
    /** Reads of this process, of whatever files, while five snapshots are told. */
    const readsWhile = async (each: () => unknown): Promise<number> => {
      const [before, seqs] = [reads(), link.seqs.length];
      for (let i = 1; i <= 5; i++) {
        await until(() => link.seqs.length >= seqs + i, { what: "a snapshot" });
        await each();
      }
      return reads() - before;
    };
    /** Other things are read too, now and then: the quietest of three. */
    const quietest = async (): Promise<number> => {
      const counts: number[] = [];
      for (let i = 0; i < 3; i++) counts.push(await readsWhile(() => undefined));
      return Math.min(...counts);
    };
    const one = pidsNow().size * 0.9;
    expect(await quietest()).toBeLessThan(one);
    expect(await readsWhile(() => page())).toBeGreaterThan(one);
    expect(await quietest()).toBeLessThan(one);
  });

  it("is told cheaply while somebody asks", async () => {
    const { page, probe } = ask();
    const { at } = await page();
    expect((await page({ sort: "name" })).at).toBe(at);
    await until(async () => (await page()).at > at, { what: "a new list" });
    expect(probe.findings()).toEqual([]);
  });

  it("is refused where the host is not to be looked at", async () => {
    const { page } = ask({ hostSource: "none" });
    await expect(page()).rejects.toMatchObject({ code: "NOT_FOUND", message: expect.stringContaining("hostSource") });
  });
});

describe("a table of 20,000 processes", () => {
  const sorts = ["cpu", "memory", "threads", "name", "pid"] as const;
  const rows = Array.from({ length: 20_000 }, (_, i) => ({
    pid: i + 1,
    parent: 1,
    name: `process ${(i * 7919) % 1000}`,
    state: "sleeping",
    cpu: i % 10 === 0 ? null : ((i * 31) % 97) / 100,
    memoryBytes: ((i * 613) % 1009) * 4096,
    threads: (i * 17) % 50,
    startedAt: i,
  }));
  const hr = (): number => performance.now();

  function table(): { page: (query: Partial<ProcessQuery>) => Promise<ProcessPage>; reads: string[]; end: () => void } {
    const reads: string[] = [];
    // Slices do not keep a process alive: something of the application has to turn the loop.
    const turning = setInterval(() => undefined, 1);
    ends.push(() => clearInterval(turning));
    const made = new ProcessTable({
      allowance: createAllowance(hr),
      hr,
      reader: {
        read: async () => {
          reads.push("read");
          return { at: 1, total: 25_000, rows, standsMs: 60_000 };
        },
        forget: () => reads.push("forget"),
      },
    });
    const usual = { sort: "cpu", offset: 0, limit: 200, search: "" } as const;
    return { page: (query) => made.page({ ...usual, ...query }, () => true), reads, end: () => made.end() };
  }

  it.each(sorts)("has one order by %s, on its first pages and far down", async (sort) => {
    const { page, reads } = table();
    const pids: number[] = [];
    for (const offset of [0, 200, 400, 600]) pids.push(...(await page({ sort, offset })).rows.map(({ pid }) => pid));
    const key = (row: (typeof rows)[number]): number | string =>
      ({ cpu: -(row.cpu ?? -1), memory: -row.memoryBytes, threads: -row.threads, name: row.name, pid: row.pid })[sort];
    const order = [...rows].sort((a, b) => {
      const [left, right] = [key(a), key(b)];
      const equal = sort === "cpu" ? b.memoryBytes - a.memoryBytes || a.pid - b.pid : a.pid - b.pid;
      return left < right ? -1 : left > right ? 1 : equal;
    });
    expect(pids).toEqual(order.slice(0, 800).map(({ pid }) => pid));
    expect(reads).toEqual(["read"]);
  });

  it("says how many there are beside those that were looked at", async () => {
    const { page } = table();
    expect(await page({ search: "process 99", limit: 1 })).toMatchObject({ total: 25_000, matching: 220 });
  });

  it("is forgotten 15 s after the last question, and when the probe is closed", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    ends.push(() => vi.useRealTimers());
    const { page, reads, end } = table();
    await page({});
    vi.advanceTimersByTime(14_000);
    await page({});
    vi.advanceTimersByTime(14_000);
    expect(reads).toEqual(["read"]);
    vi.advanceTimersByTime(1000);
    expect(reads).toEqual(["read", "forget"]);
    await page({});
    end();
    expect(reads).toEqual(["read", "forget", "read", "forget"]);
  });
});

describe.skipIf(!onLinux)("the process table by systeminformation", () => {
  it("holds the same processes, with normalised shares, and no arguments", { timeout: 60_000 }, async () => {
    const pid = await busyChild();
    const { page, hub } = ask({ hostSource: "systeminformation" });
    const first = await page({ sort: "pid" });
    const [before, begin] = [cpuSeconds(pid), performance.now()];
    expect(first.rows.every(({ cpu }) => cpu === null)).toBe(true);
    expect(first.rows.find((row) => row.self)?.pid).toBe(process.pid);
    const busy = first.rows.find((row) => row.pid === pid);
    expect(busy).toMatchObject({ parent: process.pid, self: false });
    expect(Math.abs((busy?.startedAt ?? 0) - Date.now())).toBeLessThan(30_000);
    expect(busy?.memoryBytes).toBeGreaterThan(10_000_000);
    expect(hub.texts.join("\n")).not.toContain(SECRET);
    // It is asked each five seconds at most.
    expect((await page()).at).toBe(first.at);
    let later = first;
    await until(
      async () => {
        later = await page();
        return later.at > first.at;
      },
      { what: "a second list", timeoutMs: 10_000 },
    );
    expect(later.at - first.at).toBeGreaterThanOrEqual(4900);
    const share = later.rows.find((row) => row.pid === pid)?.cpu ?? 0;
    const truth = (cpuSeconds(pid) - before) / ((performance.now() - begin) / 1000);
    expect(share / truth).toBeGreaterThan(0.6);
    expect(share / truth).toBeLessThan(1.6);
  });
});
