import { setTimeout as wait } from "node:timers/promises";
import { bytesIn } from "./cost.mjs";

/** VictoriaMetrics: lines of JSON to /api/v1/import, parts merged before they are measured. */
export const VICTORIA_METRICS = {
  name: "VictoriaMetrics",
  program: "/usr/bin/victoria-metrics",
  flags: (dir, port) => [
    `-storageDataPath=${dir}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    "-retentionPeriod=12",
    "-search.latencyOffset=0s",
    "-search.disableCache",
    "-search.maxStalenessInterval=10s",
  ],
  ready: "/health",
  *encode(chunk, startAt) {
    const [[, first]] = chunk;
    const timestamps = Array.from(first, (_, i) => startAt + i * 1_000).join(",");
    let lines = [];
    for (const [metric, values] of chunk) {
      lines.push(`{"metric":${JSON.stringify(metric)},"values":[${values.join(",")}],"timestamps":[${timestamps}]}`);
      if (lines.length < 2_000) continue;
      yield { path: "/api/v1/import", headers: {}, body: lines.join("\n") };
      lines = [];
    }
    yield { path: "/api/v1/import", headers: {}, body: lines.join("\n") };
  },
  // What is in memory goes to files by itself within some seconds; merged before that, 1.79 loses it.
  async settle(url) {
    await wait(8_000);
    await fetch(`${url}/internal/force_merge`);
    await wait(2_000);
    while (/^vm_active_merges\{[^}]*\} [1-9]/m.test(await (await fetch(`${url}/metrics`)).text())) await wait(100);
  },
  bytes: (_url, dir) => bytesIn(`${dir}/data`),
};
