import { encodeLinkText, findMetric, type LinkMessage, SnapshotEncoder } from "@wsight/protocol";

/** Says what a probe with two series says, as messages of a link. */
export interface SmallProbe {
  /** Who it is and what it measures. */
  readonly greeting: readonly LinkMessage[];
  /** One second: connections opened so far, and open now. */
  snapshot(opened: number, open: number): LinkMessage;
}

export function createSmallProbe(instance = "a"): SmallProbe {
  const labels = { "ws.library": "ws", "ws.server": "main" };
  const series = ["websocket.server.connections", "websocket.server.active_connections"].map((name) => {
    const metric = findMetric(name);
    if (metric === undefined) throw new Error(name);
    return { metric, labels };
  });
  const epoch = 7;
  const hello = {
    version: 1,
    service: "chat",
    instance,
    epoch,
    startedAt: Date.now(),
    pid: 1,
    host: "h",
    runtime: "r",
  };
  let seq = 0;
  return {
    greeting: [
      encodeLinkText({ type: "hello", ...hello, intervalMs: 1000, findings: [], capacity: null }),
      encodeLinkText({ type: "names", epoch, names: series.map((one, id) => ({ id, series: one })), retired: [] }),
    ],
    snapshot(opened, open) {
      const encoder = new SnapshotEncoder();
      encoder.begin();
      encoder.counter(0, opened);
      encoder.gauge(1, open);
      return encoder.finish({ epoch, seq: ++seq, at: Date.now(), keyframe: seq === 1 });
    },
  };
}
