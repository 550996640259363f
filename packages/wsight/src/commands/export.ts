import { createWriteStream, existsSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { WsightError } from "@wsight/protocol";
import { parsePlace } from "../doctor/place.ts";
import { readEnvironment } from "../environment.ts";
import type { Command, FlagValues, Terminal } from "./command.ts";
import { readAll, readSettings, SHARED_FLAGS } from "./flags.ts";
import { findToken } from "./viewer-token.ts";

const ABORTED = 130;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

/** `wsight export`: exit status 130 when it was ended early. */
export const exportCommand: Command = {
  name: "export",
  summary: "write history to a file: of a running hub, or of a data directory",
  flags: {
    out: { value: "FILE", help: "a new file; with .gz at its end it is compressed (stdout)" },
    format: { value: "KIND", help: "ndjson, which import reads, csv or json (ndjson)" },
    metric: { value: "NAME", help: "only this metric; may be given several times", repeats: true },
    node: { value: "NAME", help: "only this process, as service/instance" },
    from: { value: "TIME", help: "2026-11-21T13:00:00Z, or how long ago: 24h (the beginning)" },
    to: { value: "TIME", help: "the same; what begins then is not in it (the end)" },
    step: {
      value: "TIER",
      help: "1s, 10s, 1m, 5m, 1h or all (ndjson: all; else the finest that reaches back to --from)",
    },
    events: { value: null, help: "events instead of samples" },
    url: { value: "URL", help: "a running hub, or the application it is mounted on (the data directory)" },
    token: { value: "TOKEN", help: "who asks there; on the hub's machine its data directory is enough" },
    data: { value: "DIR", help: "data directory to read, also while a hub writes to it (.wsight)" },
    secret: SHARED_FLAGS.secret,
  },
  async run(values, terminal) {
    const { signal, stderr } = terminal;
    const out = values.out === undefined ? null : resolve(values.out);
    if (out !== null && existsSync(out))
      throw new WsightError("BAD_OPTION", `--out: expected a new file, got ${out}, which is there`);
    try {
      const source = values.url === undefined ? openDirectory(values, terminal) : openHub(values.url, values, terminal);
      await write(source, out, signal);
      if (out !== null) stderr.write(`wsight: ${statSync(out).size.toLocaleString("en")} bytes to ${out}\n`);
      return 0;
    } catch (error) {
      if (signal.aborted) return ABORTED;
      // Whoever read the output has had enough of it.
      if (out === null && isBrokenPipe(error)) return 0;
      throw error;
    }
  },
};

/** Text in pieces; nothing is opened before the first is asked for. */
type Pieces = AsyncIterable<string | Uint8Array>;

async function write(pieces: Pieces, out: string | null, signal: AbortSignal): Promise<void> {
  const text = Readable.from(pieces, { objectMode: false });
  if (out === null) {
    await pipeline(text, process.stdout, { signal, end: false });
    return;
  }
  const partial = `${out}.partial`;
  const file = createWriteStream(partial, { mode: 0o600 });
  try {
    await (out.endsWith(".gz") ? pipeline(text, createGzip(), file, { signal }) : pipeline(text, file, { signal }));
    await rename(partial, out);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function* openDirectory(values: FlagValues, { environment, signal }: Terminal): Pieces {
  // Loaded here because an export from a hub needs none of it.
  const { borrowHistory, createLibsqlStore, parseTakeout, writeTakeout } = await import("@wsight/hub");
  const query = asOption(() => parseTakeout(readWords(values), Date.now(), (word) => `--${word}`));
  const { data = ".wsight" } = { ...readEnvironment(environment), ...readSettings(values, ["data"]) };
  if (data === null) throw new WsightError("BAD_OPTION", "--data: expected a directory, got none");
  const copy = await borrowHistory(resolve(data));
  try {
    const store = await createLibsqlStore({ dataDir: copy.dataDir });
    try {
      yield* writeTakeout(store, query, signal);
    } finally {
      await store.close();
    }
  } finally {
    await copy.remove();
  }
}

async function* openHub(url: string, values: FlagValues, { environment, signal }: Terminal): Pieces {
  const { parseTakeout } = await import("@wsight/hub");
  asOption(() => parseTakeout(readWords(values), Date.now(), (word) => `--${word}`));
  const { origin, mount, host } = parsePlace("--url", url);
  const token = await findToken(values, environment, LOOPBACK.test(host), "export");
  const answer = await ask(`${origin}${mount}/api/history/export?${addressOf(values)}`, token, signal);
  if (!answer.ok) throw await refusal(origin, answer);
  if (answer.body !== null) yield* answer.body;
}

async function ask(address: string, token: string | null, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(address, { signal, headers: token === null ? {} : { authorization: `Bearer ${token}` } });
  } catch (error) {
    if (signal.aborted) throw error;
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    const reason = cause instanceof Error ? cause.message || String((cause as { code?: unknown }).code) : String(cause);
    throw new WsightError("STORE_UNAVAILABLE", `${new URL(address).origin}: no answer (${reason})`, { cause: error });
  }
}

async function refusal(origin: string, answer: Response): Promise<WsightError> {
  const body: unknown = await answer.json().catch(() => null);
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : null;
  const message = typeof error === "object" && error !== null && "message" in error ? String(error.message) : "";
  const help = answer.status === 401 ? ". Give a token with --token or WSIGHT_TOKEN" : "";
  return new WsightError(
    "STORE_UNAVAILABLE",
    `${origin} answered ${answer.status}: ${message || "nothing more"}${help}`,
  );
}

function readWords(values: FlagValues) {
  const { format = null, node = null, from = null, to = null, step = null } = values;
  return { format, metrics: readAll(values, "metric"), node, from, to, step, events: values.events !== undefined };
}

function addressOf(values: FlagValues): string {
  const { metrics, events, ...words } = readWords(values);
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(words)) if (value !== null) query.append(name, value);
  for (const metric of metrics) query.append("metric", metric);
  if (events) query.append("events", "true");
  return query.toString();
}

/** What was typed wrong is a wrong use of the command. */
function asOption<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof WsightError && error.code === "BAD_REQUEST")
      throw new WsightError("BAD_OPTION", error.message, { cause: error });
    throw error;
  }
}

function isBrokenPipe(error: unknown): boolean {
  return (
    error instanceof Error &&
    ["EPIPE", "ERR_STREAM_PREMATURE_CLOSE"].includes(String((error as { code?: unknown }).code))
  );
}
