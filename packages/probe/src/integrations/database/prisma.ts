import { type Finding, OTHER } from "@wsight/protocol";
import { CappedSet } from "../../instruments/capped.ts";
import type { Distribution } from "../../instruments/instruments.ts";
import type { Statement } from "../../instruments/query-book.ts";
import type { Integration, IntegrationHandle, ProbeContext } from "../../integration.ts";
import type { SqlOperation } from "../../statements/sql-operation.ts";
import { watchedTargets } from "../../watched.ts";
import { type Ended, observed } from "../observed.ts";
import { createDatabaseSeries } from "./database-series.ts";
import {
  extendedSlot,
  isPrismaClient,
  type PrismaCall,
  type PrismaClientLike,
  type PrismaWatch,
  slotOf,
} from "./prisma-like.ts";
import { prismaOperation, rawOperation, rawSql } from "./prisma-operations.ts";
import { createPrismaPing, type PrismaActivity } from "./prisma-ping.ts";

/** Faults of watching operations are counted under this name. */
const SOURCE = "prisma";
/** Models told apart; a schema has them, so they are few. */
const MAX_MODELS = 200;
/** Operations of models whose instruments are kept. */
const MAX_CALLS = 4000;
const LINE = "new PrismaClient({ … }).$extends(prismaExtension())";

/** Names of databases, by Prisma's providers. */
const SYSTEMS: Readonly<Record<string, string>> = {
  postgresql: "postgresql",
  cockroachdb: "cockroachdb",
  mysql: "mysql",
  sqlite: "sqlite",
  sqlserver: "microsoft.sql_server",
  mongodb: "mongodb",
};

/** Watches clients of Prisma that `prismaExtension()` extended. */
export const prisma: Integration = {
  library: "prisma",
  detect: isPrismaClient,
  attach(target, name, context) {
    return attachPrisma(target as PrismaClientLike & object, name, context);
  },
};

function attachPrisma(client: PrismaClientLike & object, name: string, context: ProbeContext): IntegrationHandle {
  const { guard, hr } = context;
  const slot = slotOf(client);
  if (slot.watch !== null) return watchedElsewhere(name);
  const version = typeof client._clientVersion === "string" ? client._clientVersion.slice(0, 64) : null;
  const watch = watchOperations(context, { system: () => systemOf(slot.parent ?? client), name });
  slot.watch = watch;
  const ping = createPrismaPing(() => slot.parent ?? client, watch.activity, hr);
  const endComponent = context.provideComponent({ kind: "database", name, library: "prisma", ping });
  const finding = (): Finding => {
    const gaps = [
      ...(slot.parent === null ? [`operations can't be seen until the client is extended: ${LINE}`] : []),
      ...(guard.isOpen(SOURCE) ? ["switched off after repeated faults of the probe"] : []),
    ];
    const hint = extendedSlot(client) === null && slot.parent !== null;
    const notes = [...gaps, ...(hint ? ["only operations of the client that $extends() returned are seen"] : [])];
    return { library: "prisma", server: name, version, state: gaps.length > 0 ? "partial" : "attached", notes };
  };
  // The client may be extended after it was found.
  let told = slot.parent;
  const endTick = context.onTick(() => {
    if (slot.parent === told) return;
    told = slot.parent;
    context.foundChanged();
  });
  return {
    finding,
    detach() {
      endTick();
      endComponent();
      watch.end();
      if (slot.watch === watch) slot.watch = null;
    },
  };
}

interface OperationsWatch extends PrismaWatch {
  readonly activity: PrismaActivity;
  readonly end: () => void;
}

/** An operation with what counts it. */
interface Counted {
  readonly statement: Statement;
  readonly operation: SqlOperation;
  readonly duration: Distribution;
}

function watchOperations(
  context: ProbeContext,
  { system: readSystem, name }: { readonly system: () => string; readonly name: string },
): OperationsWatch {
  const { guard, hr } = context;
  // Known with the first operation: by then the pool below is watched, or is not.
  const made = once(() => {
    const system = readSystem();
    return {
      series: createDatabaseSeries(context, { system, client: name, collections: MAX_MODELS }),
      queries: context.queries.client(name, system),
    };
  });
  let isOn = true;
  let underWay = 0;
  let answerAt = Number.NEGATIVE_INFINITY;
  let useAt = Number.NEGATIVE_INFINITY;

  const calls = new CappedSet<Counted>(MAX_CALLS, (key) => {
    const [model = "", given = ""] = key === OTHER ? [] : key.split(".");
    const operation = prismaOperation(given);
    const { series, queries } = made();
    const statement = queries.named(model === "" ? operation.name : `${model}.${operation.name}`, operation);
    return { statement, operation, duration: series.duration(operation, model) };
  });
  const countedBy = ({ model = "", operation: given, args }: PrismaCall): Counted => {
    const operation = prismaOperation(given);
    const sql = rawSql(operation, args);
    if (sql === null) return calls.get(`${model}.${operation.name}`);
    const { series, queries } = made();
    const statement = queries.sql(sql);
    const done = rawOperation(operation, statement.operation);
    return { statement, operation: done, duration: series.duration(done, "") };
  };
  const record = ({ statement, operation, duration }: Counted, beganAt: number, error: unknown): void => {
    useAt = hr();
    if (error === null || isServersOwn(error)) answerAt = useAt;
    const { series, queries } = made();
    const seconds = (useAt - beganAt) / 1000;
    duration.record(seconds);
    queries.note(statement, seconds);
    if (error === null) return;
    series.errors(operation, error).value++;
    queries.noteError(statement);
  };
  const begin = (call: PrismaCall): Ended => {
    context.hookCalls.value++;
    const counted = countedBy(call);
    const beganAt = hr();
    underWay++;
    return (error) => {
      underWay--;
      if (isOn) guard.run("hook", () => record(counted, beganAt, error), undefined, SOURCE);
    };
  };

  return {
    activity: { underWay: () => underWay, lastUseAt: () => useAt, lastAnswerAt: () => answerAt },
    run(call) {
      if (guard.isOpen(SOURCE)) return call.query(call.args);
      const ended = guard.run<Ended | null>("hook", () => begin(call), null, SOURCE);
      if (ended === null) return call.query(call.args);
      try {
        return observed(call.query(call.args), ended);
      } catch (error) {
        ended(error);
        throw error;
      }
    },
    end() {
      isOn = false;
      made().queries.end();
    },
  };
}

/** An error that the database's answer led to, as opposed to one of reaching it or of waiting for a connection. */
function isServersOwn(error: unknown): boolean {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === "string" && /^P2/.test(code) && code !== "P2024" && code !== "P2028";
}

/**
 * The database, unless what its adapter does there is counted already, of the pool it was handed: then `prisma`, so
 * that nothing is added up twice.
 */
function systemOf({ _activeProvider, _engineConfig }: PrismaClientLike): string {
  const pool = _engineConfig?.adapter?.externalPool;
  if (typeof pool === "object" && pool !== null && watchedTargets().has(pool)) return "prisma";
  if (typeof _activeProvider !== "string") return "postgresql";
  return SYSTEMS[_activeProvider] ?? "other_sql";
}

function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function watchedElsewhere(name: string): IntegrationHandle {
  const notes = ["a client made from the same PrismaClient is watched already; its operations are counted there"];
  const finding: Finding = { library: "prisma", server: name, version: null, state: "partial", notes };
  return { finding: () => finding, detach: () => undefined };
}
