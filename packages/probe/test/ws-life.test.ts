import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { until } from "@wsight/testkit";
import { describe, expect, it } from "vitest";
import { CLOSES, OPEN, OPENED, read, serve } from "./ws-support.ts";

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(fixture: string, ...args: string[]): ChildProcess {
  const file = join(import.meta.dirname, "fixtures", `${fixture}.mjs`);
  return spawn(process.execPath, ["--expose-gc", file, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

async function run(fixture: string, ...args: string[]): Promise<Ended> {
  const child = start(fixture, ...args);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/**
 * How much a heap grows with each cycle: the median of the slopes between all pairs of samples (Theil and Sen), which
 * a few samples with code compiled meanwhile do not move.
 */
function bytesPerCycle(samples: readonly { readonly cycles: number; readonly bytes: number }[]): number {
  const slopes = samples.flatMap((one, i) =>
    samples.slice(i + 1).map((later) => (later.bytes - one.bytes) / (later.cycles - one.cycles)),
  );
  return slopes.sort((a, b) => a - b)[slopes.length >> 1] ?? Number.NaN;
}

describe("20,000 connections that came and went", () => {
  it("leave gauges as the library says, no heap and no socket behind", { timeout: 120_000 }, async () => {
    const { stdout, stderr } = await run("ws-cycles", "20000");
    expect(stderr).toBe("");
    const { opened, closed, clients, collected, heap, connections } = JSON.parse(stdout) as {
      opened: number;
      closed: number;
      clients: number;
      collected: number;
      heap: { cycles: number; bytes: number }[];
      connections: { total: number; created: number; closed: number; by_user: object };
    };
    expect(opened).toBeGreaterThan(19_000);
    expect(connections).toMatchObject({ total: clients, created: opened, closed, by_user: {} });
    expect(connections.total).toBe(0);
    expect(collected).toBeGreaterThan(opened * 0.99);
    expect(bytesPerCycle(heap.slice(3))).toBeLessThan(16);
  });
});

describe("clients that are killed", () => {
  it("are gone from gauges and records as soon as the library knows", async () => {
    const { wss, port, probe, close } = await serve({}, { probe: { getUser: () => "someone" } });
    const child = start("ws-clients", String(port), "20");
    await once(child.stdout as NodeJS.ReadableStream, "data");
    expect(probe.getSummary().connections).toMatchObject({ total: 20, created: 20, by_user: { someone: 20 } });
    child.kill("SIGKILL");
    await until(() => wss.clients.size === 0, { what: "the library to notice" });
    const reading = read(probe);
    expect(reading.sum(OPEN)).toBe(0);
    expect(reading.sum(OPENED)).toBe(20);
    expect(reading.by(CLOSES, "reason")).toEqual({ 1006: 20 });
    expect(probe.getSummary().connections.by_user).toEqual({});
    await close();
  });

  it("count once, whatever the application does to its listeners and however often it closes", async () => {
    const { wss, connect, probe, close } = await serve();
    for (let round = 0; round < 5; round++) {
      const { client, socket } = await connect();
      if (round % 2 === 0) socket.removeAllListeners();
      const closed = once(client, "close");
      socket.close();
      socket.close(1001);
      socket.terminate();
      socket.emit("close", 1000, Buffer.alloc(0));
      await closed;
    }
    await until(() => read(probe).sum(CLOSES) === 5, { what: "the closes" });
    // Where the application threw the library's own listener away, the library never lets the socket go.
    expect(read(probe).sum(OPEN)).toBe(wss.clients.size);
    await close();
  });
});

describe("a process", () => {
  it.each([["error"], ["throw"]])("that crashes by an unheard %s crashes the same, watched or not", async (how) => {
    const [bare, watched] = await Promise.all([run("ws-crash", how, "bare"), run("ws-crash", how, "watched")]);
    expect(watched.code).toBe(bare.code);
    expect(watched.code).not.toBe(0);
    const frameless = ({ stderr }: Ended): string[] => stderr.split("\n").filter((line) => !/^\s+at /.test(line));
    expect(frameless(watched)).toEqual(frameless(bare));
  });

  it("that goes on after a handler threw has that error counted", async () => {
    const { stdout } = await run("ws-crash", "caught", "watched");
    expect(stdout.trim()).toBe('RangeError: thrown by the application\'s handler {"HandlerThrew":1}');
  });

  it("that only attaches ends by itself within half a second", async () => {
    const { code, stdout, stderr } = await run("ws-attach-only");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(Number(stdout)).toBeLessThan(500);
  });
});
