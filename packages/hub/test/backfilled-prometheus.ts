import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { findPrometheus, freePort, until } from "@wsight/testkit";
import { onTestFinished } from "vitest";
import { makeDir } from "./harness.ts";

/** Asks a Prometheus API: what `data` of its answer was. */
export type AskApi = (path: string, fields: Readonly<Record<string, string>>) => Promise<unknown>;

/** A real Prometheus that holds what an OpenMetrics text says, each sample at its own time. */
export async function backfillPrometheus(openMetrics: string, lookback: string): Promise<AskApi> {
  const path = findPrometheus();
  if (path === null) throw new Error("prometheus: expected it to be installed (Debian's package prometheus)");
  const directory = await makeDir();
  const [input, data, configuration] = ["metrics.txt", "data", "prometheus.yml"].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  await writeFile(input, openMetrics);
  await writeFile(configuration, "");
  const promtool = join(dirname(path), "promtool");
  await promisify(execFile)(promtool, ["tsdb", "create-blocks-from", "openmetrics", input, data]);
  const port = await freePort();
  const child = spawn(
    path,
    [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${data}`,
      "--storage.tsdb.retention.time=100y",
      `--web.listen-address=127.0.0.1:${port}`,
      `--query.lookback-delta=${lookback}`,
      "--log.level=error",
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  onTestFinished(async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  const ready = async (): Promise<boolean> => (await fetch(`${url}/-/ready`)).ok;
  await until(ready, { timeoutMs: 20_000, what: "prometheus to be ready" });
  return async (api, fields) => {
    const answer = await fetch(`${url}/api/v1/${api}`, { method: "POST", body: new URLSearchParams(fields) });
    const { status, data: told, error } = (await answer.json()) as Record<string, unknown>;
    if (status !== "success") throw new Error(`prometheus: ${error}`);
    return told;
  };
}
