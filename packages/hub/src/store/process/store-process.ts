import { WsightError } from "@wsight/protocol";
import type { BlockTables } from "../blocks/block-tables.ts";
import { BlockEngine } from "../blocks/engine.ts";
import { NamedSeries } from "../blocks/named-series.ts";
import type { StoreEvent } from "../store-event.ts";
import type { AppendRows, Asked, FromStoreProcess, StoreCalls, TablesOptions, ToStoreProcess } from "./messages.ts";
import { OPTIONS_VARIABLE, parseProcessOptions } from "./process-options.ts";

// Entry of the store's process: holds the database. Writes are done in the order they come, reads beside them.
// It lives as long as its channel: Ctrl-C and a service manager's signal reach it together with
// its parent, which still has a last second to write.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

const post = (message: FromStoreProcess): void => {
  process.send?.(message, undefined, undefined, () => undefined);
};
const report = (event: StoreEvent): void => post({ type: "event", event });
const { tables, keepMs, maxBytes } = parseProcessOptions(process.env[OPTIONS_VARIABLE]);
const opened = await openTables(tables);
const engine = new BlockEngine({ tables: opened, keepMs, maxBytes, report });
/** Series by the numbers that the parent gave them. */
const series = new NamedSeries();
/** Calls that may be ended early. */
const running = new Map<number, AbortController>();

type Answers = {
  readonly [Call in keyof StoreCalls]: (
    argument: StoreCalls[Call]["argument"],
    signal: AbortSignal,
  ) => Promise<StoreCalls[Call]["answer"]>;
};

const answers: Answers = {
  open: () => done(engine.open()),
  append: (argument) => done(append(argument)),
  appendEvents: (events) => done(engine.appendEvents(events)),
  page: (query, signal) => engine.page(query, signal),
  ask: ({ analysis, argument }: Asked, signal) => engine.ask(analysis, argument, signal),
  prune: (now) => done(prune(now)),
  stats: () => engine.stats(),
  backup: (path) => done(engine.backup(path)),
  close: () => done(engine.close()),
};

process.on("message", (message: ToStoreProcess) => {
  if ("cancel" in message) running.get(message.cancel)?.abort();
  else void run(message);
});
process.on("disconnect", () => {
  void engine.close().finally(() => process.exit());
});

async function run<Call extends keyof StoreCalls>(message: {
  readonly id: number;
  readonly call: Call;
  readonly argument: StoreCalls[Call]["argument"];
}): Promise<void> {
  const { id, call, argument } = message;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    post({ type: "answer", id, answer: await answers[call](argument, controller.signal) });
  } catch (error) {
    const { code, message, details } =
      error instanceof WsightError ? error : new WsightError("STORE_UNAVAILABLE", `history: ${String(error)}`);
    post({ type: "refused", id, code, message, details });
  } finally {
    running.delete(id);
  }
}

function append({ names, series: numbers, rows }: AppendRows): Promise<void> {
  for (const [number, named] of names) series.name(number, named);
  if (series.hasAll(numbers)) return engine.append(series, numbers, rows);
  return Promise.reject(new WsightError("STORE_UNAVAILABLE", "history: series were named to another process"));
}

/** Also what writers have left whose hubs are gone. */
async function prune(now: number): Promise<void> {
  await engine.prune(now);
  for (const left of (await opened.abandoned?.()) ?? []) {
    const another = new BlockEngine({ tables: left, keepMs, maxBytes: null, report });
    await another.prune(now).finally(() => another.close());
  }
}

async function done(work: Promise<void>): Promise<null> {
  await work;
  return null;
}

/** Only the client of the database that is used is loaded. */
async function openTables(options: TablesOptions): Promise<BlockTables> {
  if (options.engine === "libsql") {
    const { LibsqlTables } = await import("../libsql/libsql-tables.ts");
    return new LibsqlTables(options, report);
  }
  const { openPostgresTables } = await import("../postgres/postgres-tables.ts");
  return openPostgresTables(options, report);
}
