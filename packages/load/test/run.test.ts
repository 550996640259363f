import { type LoadOptions, resolvePlan, runLoad } from "@wsight/load";
import type { LoadProgress } from "@wsight/protocol";
import { describe, expect, it } from "vitest";
import { afterTest, echo, rawServer, timeWaits, wsServer } from "./servers.ts";
import { startTest } from "./start-test.ts";

/** What takes no time takes some on a busy machine. */
const PATIENT = { timeout: 10_000 };

function plan(url: string, more: Partial<LoadOptions> = {}) {
  return resolvePlan({ url, profile: "custom", connections: 12, interval: 0.1, duration: 0.6, ramp: 0.2, ...more });
}

/** A connection that opened late, on a busy machine, missed the first of its times. */
function expectSent(messages: { sent: number; answered: number; lost: number }, planned: number): void {
  expect(messages.sent).toBeLessThanOrEqual(planned);
  expect(messages.sent).toBeGreaterThan(planned * 0.5);
  expect(messages).toMatchObject({ answered: messages.sent, lost: 0 });
}

describe("a run", () => {
  it("adds up over several processes, second by second, and leaves no port in TIME_WAIT", async () => {
    const { url } = await wsServer(echo);
    const before = await timeWaits(url);
    const progress: LoadProgress[] = [];
    const result = await runLoad(plan(url, { processes: 3, connections: 30 }), {
      onProgress: (each) => progress.push(each),
    });
    expect(result.connections).toMatchObject({ wanted: 30, opened: 30, failed: 0, dropped: 0 });
    const { sent } = result.messages;
    expectSent(result.messages, 180);
    expect(result.tool.processes).toBe(3);
    expect(result.timeline.reduce((sum, row) => sum + row.sent, 0)).toBe(sent);
    expect(Math.max(...result.timeline.map(({ connected }) => connected))).toBe(30);
    expect(result.messages.latency?.buckets.at(-1)?.[1]).toBe(sent);
    expect(progress.length).toBeGreaterThan(5);
    expect(progress.at(-1)).toMatchObject({ done: 1, phase: "closing", sent });
    expect((await timeWaits(url)).filter((pair) => !before.includes(pair))).toEqual([]);
  });

  it("says goodbye to the server on every connection", async () => {
    const codes: number[] = [];
    const { url } = await wsServer((socket) => {
      echo(socket);
      socket.on("close", (code) => codes.push(code));
    });
    await runLoad(plan(url));
    await expect.poll(() => codes, PATIENT).toEqual(Array.from({ length: 13 }, () => 1000));
  });

  it("ends in good order when asked, with a result of what was run", async () => {
    const { url, wss } = await wsServer(echo);
    const over = new AbortController();
    const startedAt = performance.now();
    const result = await runLoad(plan(url, { duration: 60 }), {
      signal: over.signal,
      onProgress: ({ answered }) => answered > 30 && over.abort(),
    });
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    expect(result).toMatchObject({ aborted: true, passed: false, connections: { wanted: 12, opened: 12 } });
    expect(result.messages.answered).toBeGreaterThan(30);
    expect(result.messages.lost).toBe(0);
    await expect.poll(() => wss.clients.size, PATIENT).toBe(0);
  });

  it("is a failure when connections are refused, and says why", async () => {
    let seen = 0;
    const { url } = await wsServer(echo, { verifyClient: (_info, decide) => decide(seen++ % 2 === 0, 429) });
    const { connections, verdict, passed } = await runLoad(plan(url));
    expect(connections).toMatchObject({ wanted: 12, opened: 6, failed: 6 });
    expect(connections.failures).toEqual([{ reason: "not opened: HTTP 429 Too Many Requests", count: 6 }]);
    expect(verdict[0]).toMatchObject({ value: 0.5, passed: false });
    expect(passed).toBe(false);
  });

  it("knows which worker took a connection when the server says so", async () => {
    const { url, wss } = await wsServer(echo);
    let next = 0;
    wss.on("headers", (headers) => headers.push(`X-Worker-Id: w${next++ % 3}`));
    const { workers } = await runLoad(plan(url));
    expect(workers.map(({ connections }) => connections)).toEqual([4, 4, 4]);
  });

  it("is spoiled when a process of the tool dies", async () => {
    const { url } = await wsServer(echo);
    const { execFileSync } = await import("node:child_process");
    let killed = false;
    const result = await runLoad(plan(url, { processes: 2, duration: 2 }), {
      onProgress: ({ answered }) => {
        if (killed || answered < 5) return;
        killed = true;
        const children = execFileSync("ps", ["--ppid", String(process.pid), "-o", "pid=,args="], { encoding: "utf8" });
        const own = children.split("\n").find((row) => row.includes("run-process.js"));
        process.kill(Number(own?.trim().split(" ")[0]), "SIGKILL");
      },
    });
    expect(result.tool).toMatchObject({ valid: false, invalidReason: "1 of its processes ended halfway (SIGKILL)" });
    expect(result.passed).toBe(false);
  });
});

describe("shapes", () => {
  it("spike: all connections for the middle third only", async () => {
    let [open, most] = [0, 0];
    const { url } = await wsServer((socket) => {
      echo(socket);
      most = Math.max(most, ++open);
      socket.on("close", () => open--);
    });
    const result = await runLoad(plan(url, { profile: "spike", connections: 30, duration: 3 }));
    expect(most).toBe(30);
    expect(result.connections).toMatchObject({ opened: 30, dropped: 0 });
    // A third sends all the time, the rest a third of it.
    expect(result.messages.sent).toBeGreaterThan(350);
    expect(result.messages.sent).toBeLessThan(560);
  });

  it("ramp: connections grow over the whole run", async () => {
    const { url } = await wsServer(echo);
    const progress: LoadProgress[] = [];
    const result = await runLoad(plan(url, { profile: "ramp", connections: 40, duration: 2, reply: "echo" }), {
      onProgress: (each) => progress.push(each),
    });
    const halfway = progress.find(({ done }) => done >= 0.5)?.connected ?? 0;
    expect(halfway).toBeGreaterThan(10);
    expect(halfway).toBeLessThan(40);
    expect(result.connections.opened).toBe(40);
  });

  it("reconnect-storm: all are cut and come back, and no answer is taken for one from before", async () => {
    const codes: number[] = [];
    const { url } = await wsServer((socket) => {
      // Some message of each connection always waits.
      socket.on("message", (data) => setTimeout(() => socket.send(String(data)), 150));
      socket.on("close", (code) => codes.push(code));
    });
    const result = await runLoad(
      plan(url, { profile: "reconnect-storm", connections: 20, duration: 2, reply: "echo" }),
    );
    expect(result.connections).toMatchObject({ wanted: 40, opened: 40, failed: 0, dropped: 0 });
    await expect.poll(() => codes.filter((code) => code === 1006).length, PATIENT).toBe(20);
    expect(result.messages.lost).toBe(0);
    expect(result.messages.answered).toBeGreaterThan(200);
    expect(result.messages.sent).toBeGreaterThan(200);
  });

  it("broadcast-lag: how late everybody hears one, over all processes", async () => {
    let told = 0;
    const { url, wss } = await wsServer((socket) =>
      socket.on("message", (data) => {
        setTimeout(() => {
          for (const client of wss.clients) {
            client.send(String(data));
            if (client !== socket) told++;
          }
        }, 30);
      }),
    );
    const result = await runLoad(
      plan(url, { profile: "broadcast-lag", connections: 21, interval: 0.1, duration: 1, processes: 2 }),
    );
    const { sent, answered, lost, latency } = result.messages;
    // A connection that opened late, on a busy machine, missed the first of them.
    expect(sent).toBeLessThanOrEqual(10);
    expect(sent).toBeGreaterThan(6);
    expect(answered).toBe(told);
    expect(answered).toBeGreaterThan(sent * 20 * 0.7);
    expect(lost).toBe(sent * 20 - answered);
    expect(latency?.p50).toBeGreaterThan(29);
    expect(latency?.p50).toBeLessThan(1000);
    expect(result.verdict.map(({ gate }) => gate.figure)).toEqual(["connected", "messages", "avg", "p95"]);
  });

  it("broadcast-lag: waits for the last ones, also when they are long on their way", async () => {
    const { url, wss } = await wsServer((socket) =>
      socket.on("message", (data) => {
        // What is said before the run is said alone, and does not reach into it.
        const delayMs = wss.clients.size > 1 ? 1500 : 0;
        setTimeout(() => {
          for (const client of wss.clients) client.send(String(data));
        }, delayMs);
      }),
    );
    const result = await runLoad(
      plan(url, { profile: "broadcast-lag", connections: 11, ramp: 1, interval: 0.8, duration: 0.6 }),
    );
    expect(result.messages).toMatchObject({ sent: 1, answered: 10, lost: 0 });
  });

  it("broadcast-lag: what listeners did not hear is lost", async () => {
    const { url, wss } = await wsServer((socket) =>
      socket.on("message", (data) => {
        for (const client of [...wss.clients].slice(0, 11)) client.send(String(data));
      }),
    );
    const result = await runLoad(
      plan(url, { profile: "broadcast-lag", connections: 21, interval: 0.1, duration: 1, timeoutMs: 1500 }),
    );
    const { sent, answered, lost } = result.messages;
    expect(sent).toBeGreaterThan(6);
    expect(answered).toBeGreaterThan(sent * 10 * 0.7);
    expect(answered).toBeLessThanOrEqual(sent * 10);
    expect(lost).toBe(sent * 20 - answered);
    expect(result.passed).toBe(false);
  });
});

describe("before a run", () => {
  it.each([
    [
      "ws://192.0.2.1:80",
      {},
      "192.0.2.1 is not this machine. Load only servers that are yours, and then say so: --i-own 192.0.2.1",
    ],
    ["ws://no-such-host.invalid", { ownHost: "another.invalid" }, "no-such-host.invalid is not this machine"],
    ["ws://no-such-host.invalid", { ownHost: "no-such-host.invalid" }, "expected the name of a machine"],
    ["ws://127.0.0.1:1", {}, "127.0.0.1:1: expected a server, got nothing listens there (ECONNREFUSED)"],
  ])("refuses %s with %j", async (url, options, message) => {
    await expect(runLoad(plan(url), options)).rejects.toThrow(message);
  });

  it("asks for nothing when the name means this machine, whichever its address", async () => {
    const { url } = await wsServer(echo);
    const result = await runLoad(plan(url.replace("127.0.0.1", "localhost")));
    expect(result.connections.opened).toBe(12);
  });

  it.each([
    [401, "It wants to know who connects: give --header"],
    [404, "There is no WebSocket at this path"],
    [500, "in trouble itself"],
  ])("explains HTTP %i", async (status, hint) => {
    const { url } = await wsServer(echo, { verifyClient: (_info, decide) => decide(false, status) });
    await expect(runLoad(plan(url))).rejects.toThrow(hint);
  });

  it("explains a server of something else", async () => {
    const url = await rawServer((socket) => socket.end("220 mail\r\n\r\n"));
    await expect(runLoad(plan(url))).rejects.toThrow("It may speak TLS: use wss://");
  });

  it("explains a server that ends connections when it gets the message", async () => {
    const { url } = await wsServer((socket) => socket.on("message", () => socket.close(1008, "what is that")));
    await expect(runLoad(plan(url))).rejects.toThrow("ended the connection when it got");
  });

  it("does not take what a talkative server says for answers", async () => {
    const { url } = await wsServer((socket) => {
      const timer = setInterval(() => socket.send("tick"), 20);
      socket.on("close", () => clearInterval(timer));
    });
    const { plan: ran, messages, warnings } = await runLoad(plan(url));
    expect([ran.message.reply, messages.answered, messages.latency]).toEqual(["none", 0, null]);
    expect(messages.received).toBeGreaterThan(100);
    expect(warnings.join()).toContain("the server also talks by itself");
  });

  it("finds an echo also on a talkative server", async () => {
    const { url } = await wsServer((socket) => {
      echo(socket);
      const timer = setInterval(() => socket.send("tick"), 20);
      socket.on("close", () => clearInterval(timer));
    });
    const { plan: ran, messages } = await runLoad(plan(url));
    expect(ran.message.reply).toBe("echo");
    expectSent(messages, 72);
  });

  it("refuses what the machine cannot do, and says what to do", async () => {
    const { url } = await wsServer(echo);
    await expect(runLoad(plan(url, { connections: 900_000, sources: 1 }))).rejects.toThrow(/ulimit -n|--sources/);
    await expect(runLoad(plan(url, { connections: 900_000, processes: 1 }))).rejects.toThrow(
      /file descriptors: \d+ are needed in each process, \d+ are allowed; raise it with ulimit -n \d+, or share the connections with --processes \d+/,
    );
  });
});

describe("a test in a process of its own", () => {
  it("tells progress and a result", async () => {
    const { url } = await wsServer(echo);
    const progress: LoadProgress[] = [];
    const run = startTest({ test: "load", plan: plan(url), ownHost: null, wsight: null }, (report) => {
      if (report.type === "progress" && report.test === "load") progress.push(report.progress);
    });
    const last = await run.done;
    if (last.type !== "result" || last.test !== "load") throw new Error(JSON.stringify(last));
    expectSent(last.result.messages, 72);
    expect(progress.length).toBeGreaterThan(2);
  });

  it("tells why it could not begin", async () => {
    const run = startTest({ test: "load", plan: plan("ws://127.0.0.1:1"), ownHost: null, wsight: null });
    expect(await run.done).toMatchObject({ type: "failed", code: "TARGET_FAILED" });
  });

  it("ends with a partial result when it is stopped", async () => {
    const { url } = await wsServer(echo);
    const run = startTest(
      { test: "load", plan: plan(url, { duration: 60 }), ownHost: null, wsight: null },
      (report) => report.type === "progress" && run.stop(),
    );
    afterTest(() => run.stop());
    expect(await run.done).toMatchObject({ type: "result", result: { aborted: true } });
  });
});
