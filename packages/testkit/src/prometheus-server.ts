import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findIn, pathDirectories } from "./find-program.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

/** What a Prometheus of one test scrapes, and how. */
export interface PrometheusSetup {
  /** Where `/metrics` is: `127.0.0.1:4700`. */
  readonly target: string;
  /** Bearer token that is shown there. */
  readonly token: string;
  /** Features to be switched on: `native-histograms`. */
  readonly features?: readonly string[];
  /** Between two scrapes, ms. @default 1000 */
  readonly scrapeMs?: number;
}

/** One series of an answer to an instant query. */
export interface PrometheusSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A Prometheus of one test, on a port of its own, its data in a directory that goes with it. */
export interface PrometheusServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** An instant query; NaN where an answer is no number. @throws Error with what Prometheus said */
  query(expression: string): Promise<readonly PrometheusSample[]>;
  /** How the newest scrape ended: empty for well; `null` before the first. */
  lastScrapeError(): Promise<string | null>;
  /** Ends it. Safe to call twice. */
  stop(): Promise<void>;
}

const DIRECTORIES = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];

/** Path of `prometheus`, `null` when there is none. */
export function findPrometheus(environment: Readonly<Record<string, string | undefined>> = process.env): string | null {
  return findIn([...pathDirectories(environment), ...DIRECTORIES], ["prometheus"]);
}

/** What `promtool check metrics` says of an exposition, line by line; none when all is well. */
export async function checkMetrics(exposition: string | Uint8Array): Promise<readonly string[]> {
  const path = findIn([...pathDirectories(process.env), ...DIRECTORIES], ["promtool"]);
  if (path === null) throw new Error("promtool: expected it to be installed (Debian's package prometheus)");
  const child = execFile(path, ["check", "metrics"]);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => lines.push(String(text)));
  // It may end before it has read all.
  child.stdin?.on("error", () => {});
  child.stdin?.end(exposition);
  const [status] = await once(child, "close");
  const said = lines.join("").trim();
  if (status !== 0 && said === "") return [`ended with status ${status}`];
  return said === "" ? [] : said.split("\n");
}

/** Starts a Prometheus that scrapes one place. End it with `stop()`. */
export async function startPrometheus(setup: PrometheusSetup): Promise<PrometheusServer> {
  const path = findPrometheus();
  if (path === null) throw new Error("prometheus: expected it to be installed (Debian's package prometheus)");
  const directory = await mkdtemp(join(tmpdir(), "wsight-prometheus-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const configuration = join(directory, "prometheus.yml");
  await writeFile(join(directory, "token"), setup.token, { mode: 0o600 });
  await writeFile(configuration, configure(setup, join(directory, "token")));
  const child = spawn(
    path,
    [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
      ...(setup.features ?? []).map((feature) => `--enable-feature=${feature}`),
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const api = async (address: string): Promise<Record<string, unknown>> => {
    const answer = (await (await fetch(`${url}/api/v1/${address}`)).json()) as Record<string, unknown>;
    if (answer.status !== "success") throw new Error(`prometheus: ${JSON.stringify(answer)}`);
    return answer.data as Record<string, unknown>;
  };
  const server: PrometheusServer = {
    url,
    async query(expression) {
      const { result } = await api(`query?query=${encodeURIComponent(expression)}`);
      return (result as readonly RawSample[]).map(({ metric, value }) => ({
        labels: metric,
        value: value?.[1] === undefined ? Number.NaN : Number(value[1]),
      }));
    },
    async lastScrapeError() {
      const { activeTargets } = await api("targets");
      const [target] = activeTargets as readonly { health: string; lastError: string }[];
      return target === undefined || target.health === "unknown" ? null : target.lastError;
    },
    stop: () => end(child, directory),
  };
  try {
    const ready = async (): Promise<boolean> => (await fetch(`${url}/-/ready`)).ok;
    await until(ready, { timeoutMs: 20_000, what: "prometheus to be ready" });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

interface RawSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [at: number, value: string];
}

function configure({ target, scrapeMs = 1000 }: PrometheusSetup, tokenFile: string): string {
  return `global:
  scrape_interval: ${scrapeMs}ms
  scrape_timeout: ${scrapeMs}ms
scrape_configs:
  - job_name: wsight
    authorization:
      credentials_file: ${JSON.stringify(tokenFile)}
    static_configs:
      - targets: [${JSON.stringify(target)}]
`;
}

async function end(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
  await rm(directory, { recursive: true, force: true });
}
