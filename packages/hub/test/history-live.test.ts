import { createLibsqlStore, createRecorder, type RecorderOptions } from "@wsight/hub";
import type { HistorySelector, Selector } from "@wsight/protocol";
import { expect, it, onTestFinished } from "vitest";
import { Rig, START } from "./current-rig.ts";
import { makeDir } from "./harness.ts";

const LATENCY = "websocket.server.message.latency";
const MESSAGES = "websocket.server.messages";
const DISK = "system.disk.io";

/** What the live view says, and what history is asked for the same. */
const PAIRS: readonly (readonly [Selector, HistorySelector])[] = [
  ...(["rate", "total"] as const).flatMap((agg) => [
    both({ metric: MESSAGES, agg }),
    both({ metric: MESSAGES, agg, where: { direction: "in" } }),
    both({ metric: DISK, agg }),
    both({ metric: "redis.keyspace.hits", agg }),
  ]),
  ...(["last", "sum", "max"] as const).flatMap((agg) => [
    both({ metric: "websocket.server.active_connections", agg }),
    both({ metric: "system.cpu.utilization", agg }),
    both({ metric: "wsight.probe.timing.sample_ratio", agg }),
  ]),
  [
    { metric: "websocket.server.active_connections", agg: "last" },
    { metric: "websocket.server.active_connections", agg: "mean" },
  ],
  ...(["rate", "mean", "max", "p50", "p95", "p99"] as const).map((agg) => both({ metric: LATENCY, agg })),
  both({ metric: LATENCY, agg: "octave", octave: -6 }),
  [
    { metric: MESSAGES, agg: "rate", node: "chat/b" },
    { metric: MESSAGES, agg: "rate", nodes: ["chat/b"] },
  ],
];

function both(
  selector: Pick<HistorySelector, "metric" | "where" | "octave"> & {
    readonly agg: Selector["agg"] & HistorySelector["agg"];
  },
): readonly [Selector, HistorySelector] {
  const isFigure = selector.metric === LATENCY && selector.agg !== "rate" && selector.agg !== "octave";
  return [isFigure ? { ...selector, window: 1 } : selector, selector];
}

it("a second of history says what the live view said of it, after a restart and a gap too", async () => {
  const rig = new Rig();
  const store = await createLibsqlStore({ dataDir: await makeDir() });
  onTestFinished(() => store.close());
  const written: Promise<void>[] = [];
  const recorder = createRecorder({
    current: rig.current,
    write: (samples: Parameters<RecorderOptions["write"]>[0]) => void written.push(store.appendPacked(samples)),
  });
  const probes = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
  const live: number[][] = [];
  const evaluate = rig.current.compile(PAIRS.map(([selector]) => selector));
  for (let i = 0; i < 40; i++) {
    const at = rig.second(() => {
      for (const [n, probe] of probes.entries()) {
        if (i === 20 && n === 1) {
          probe.restart(2);
          probe.nameAll();
        }
        // Node a is silent for ten seconds.
        if (n === 0 && i >= 25 && i < 35) continue;
        probe.set("process.uptime", i);
        probe.grow(MESSAGES, 3 + n * i, { direction: "in" }).grow(MESSAGES, 2, { direction: "out" });
        probe.grow(DISK, 100 + n, { "disk.io.direction": "read" }).grow(DISK, 7, { "disk.io.direction": "write" });
        probe
          .grow("redis.keyspace.hits", 5 + n, { "db.client": "x" })
          .grow("redis.keyspace.hits", 9, { "db.client": "y" });
        probe.set("websocket.server.active_connections", 10 + i + n, { transport: "websocket" });
        probe.set("websocket.server.active_connections", n, { transport: "polling" });
        probe.set("system.cpu.utilization", 0.25 + n / 8);
        probe.set("wsight.probe.timing.sample_ratio", 0.5 + n / 4);
        probe.record(LATENCY, [0.01 * (1 + n), 0.02, 0.5 + i / 10], { source: n === 0 ? "ack" : "handler" });
        probe.snapshot();
      }
    });
    live.push([...evaluate.evaluate(at)]);
    recorder.observe();
  }
  recorder.flush();
  await Promise.all(written);
  const range = { fromAt: START, toAt: START + 40_000, stepMs: 1_000 };
  const { results, resolutionMs } = await store.ask("query", {
    ...range,
    selectors: PAIRS.map(([, selector]) => selector),
  });
  expect(resolutionMs).toBe(1_000);
  const differences: string[] = [];
  let known = 0;
  PAIRS.forEach(([selector], i) => {
    for (let second = 3; second < 40; second++) {
      // While a is silent, and when it is heard again, the live view waits for what history spreads over that time.
      if (second >= 25 && second <= 35) continue;
      const is = results[i]?.lines[0]?.values[second] ?? Number.NaN;
      const was = live[second]?.[i] ?? Number.NaN;
      if (is === is) known++;
      if (!(Math.abs(is - was) <= 1e-9 * Math.abs(was)) && !(is !== is && was !== was)) {
        differences.push(`${selector.agg} ${selector.metric} at ${second}: live ${was}, history ${is}`);
      }
    }
  });
  expect(differences).toEqual([]);
  expect(known).toBeGreaterThan(0.95 * 26 * PAIRS.length);
});
