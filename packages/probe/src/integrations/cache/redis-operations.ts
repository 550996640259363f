import { CappedSet } from "../../instruments/capped.ts";
import type { Counter, Distribution } from "../../instruments/instruments.ts";
import { TimingSampler } from "../../instruments/timing-sampler.ts";
import type { ProbeContext } from "../../integration.ts";
import { doesWait, findCommand, foundIn, OTHER_COMMAND, type RedisCommand } from "./redis-commands.ts";
import { errorType } from "./redis-errors.ts";

/** The instruments of one command of one client. */
interface CommandSeries {
  readonly command: RedisCommand;
  readonly duration: Distribution;
  readonly errors: CappedSet<Counter>;
  /** Calls that were not timed since the last one that was. */
  untimed: number;
  /** Seconds of the last call that was timed; NaN before the first. */
  last: number;
  /** Whether a call is done with when it is answered: it neither waits by design, nor is part of a transaction. */
  readonly isPlain: boolean;
  /** For plain calls that are not timed, so that those need nothing of their own. */
  readonly answered: (reply: unknown) => void;
  readonly failed: (error: unknown) => void;
  /** Stands for each of those. */
  untimedCall: RedisCall | null;
}

/** A call under way. */
export interface RedisCall {
  readonly series: CommandSeries;
  /** When it was sent, ms; NaN for one that is not timed. */
  readonly begin: number;
  /** Keys it names. */
  readonly asked: number;
  readonly waits: boolean;
  /** Calls of the transaction that it is part of, or that it ends. */
  readonly transaction: RedisCall[] | null;
  /** Answered with `QUEUED`: the reply comes with that of `EXEC`. */
  queued: boolean;
}

/** Spellings of command names that are remembered: `get`, `GET`, `Get`. */
const MAX_SPELLINGS = 1024;
/** Calls of one transaction that are followed; hits and misses of further ones are not counted. */
const MAX_TRANSACTION = 10_000;
const QUEUED = "QUEUED";
const TRANSACTION: ReadonlySet<string> = new Set(["MULTI", "EXEC", "DISCARD"]);

/**
 * What a Redis client does, whichever client it is: calls by command, their time, their errors, and whether a cache
 * had what was asked for. Calls are counted exactly, as they settle; of many only some are timed, and each stands for
 * those before it that were not. Neither keys nor values are kept.
 */
export class RedisOperations {
  /** Calls under way that wait by design: whatever is sent after them waits too. */
  waiting = 0;
  readonly #context: ProbeContext;
  readonly #client: string;
  readonly #sampler = new TimingSampler();
  readonly #series = new Map<RedisCommand, CommandSeries>();
  readonly #bySpelling = new Map<unknown, CommandSeries>();
  readonly #waits = new Map<RedisCommand, Counter>();
  readonly #hits: Counter;
  readonly #misses: Counter;
  readonly #endTick: () => void;
  #transaction: RedisCall[] | null = null;
  #isOff = false;
  #isEnded = false;

  constructor(context: ProbeContext, client: string) {
    this.#context = context;
    this.#client = client;
    this.#hits = context.registry.counter("redis.cache.hits", { "db.client": client });
    this.#misses = context.registry.counter("redis.cache.misses", { "db.client": client });
    const seconds = context.options.intervalMs / 1000;
    this.#endTick = context.onTick(() => {
      this.#sampler.tick(seconds);
      for (const series of this.#series.values()) settleUntimed(series);
    });
  }

  /** False once it was switched off after repeated faults. */
  get measuring(): boolean {
    return !this.#isOff;
  }

  /**
   * A call is sent. It must settle once at most. Never throws; `null` when it is not measured.
   * @param args may begin with the name @param asked how many keys it names at most
   */
  begin(name: unknown, args: ArrayLike<unknown>, asked: number): RedisCall | null {
    if (this.#isEnded) return null;
    this.#context.hookCalls.value++;
    if (this.#isOff) return null;
    try {
      const series = this.#bySpelling.get(name) ?? this.#find(name);
      const isTimed = this.#isTimed(series);
      if (!isTimed && series.isPlain && this.#transaction === null) return series.untimedCall;
      return this.#call(series, args, asked, isTimed);
    } catch (error) {
      this.#fault(error);
      return null;
    }
  }

  /**
   * A call is sent whose promise somebody else waits for: it is counted as that settles. Never throws.
   * @param args its name, then its arguments
   */
  follow(promise: Promise<unknown>, args: readonly unknown[]): void {
    const call = this.begin(args[0], args, args.length - 1);
    if (call === null) return;
    const { series } = call;
    if (call === series.untimedCall) {
      promise.then(series.answered, series.failed);
      return;
    }
    promise.then(
      (reply) => this.answered(call, reply),
      (error) => this.failed(call, error),
    );
  }

  /** A call is answered. Never throws. */
  answered(call: RedisCall, reply: unknown): void {
    const { series } = call;
    if (call === series.untimedCall) {
      series.answered(reply);
      return;
    }
    try {
      this.#settle(call);
      if (call.transaction === null) this.#look(series, reply, call.asked);
      else this.#lookInTransaction(call, call.transaction, reply);
    } catch (error) {
      this.#fault(error);
    }
  }

  /** A call failed. Never throws. */
  failed(call: RedisCall, error: unknown): void {
    const { series } = call;
    if (call === series.untimedCall) {
      series.failed(error);
      return;
    }
    try {
      this.#settle(call);
      series.errors.get(errorType(error)).value++;
    } catch (fault) {
      this.#fault(fault);
    }
  }

  /** Ends the measuring: no further call is counted, also where somebody keeps our covers in place. */
  end(): void {
    this.#isEnded = true;
    this.#endTick();
    for (const series of this.#series.values()) settleUntimed(series);
  }

  #fault(error: unknown): void {
    if (this.#context.guard.fault("hook", error, this.#client)) this.#isOff = true;
  }

  /** Each, while there are few; and each of a command that was not timed so far. */
  #isTimed(series: CommandSeries): boolean {
    return this.#sampler.take() || series.last !== series.last;
  }

  #call(series: CommandSeries, args: ArrayLike<unknown>, asked: number, isTimed: boolean): RedisCall {
    const { command } = series;
    const waits = command.waits !== "never" && doesWait(command, args);
    if (waits) this.waiting++;
    const call: RedisCall = {
      series,
      begin: isTimed && !waits ? this.#context.hr() : Number.NaN,
      asked,
      waits,
      transaction: this.#inTransaction(command),
      queued: false,
    };
    if (call.transaction !== null && command.name !== "EXEC") call.transaction.push(call);
    return call;
  }

  #settle(call: RedisCall): void {
    const { series, begin } = call;
    if (call.waits) {
      this.waiting--;
      this.#waitsOf(series.command).value++;
    } else if (begin === begin) {
      series.last = Math.max(0, this.#context.hr() - begin) / 1000;
      series.duration.record(series.last, 1 + series.untimed);
      series.untimed = 0;
    } else {
      series.untimed++;
    }
  }

  #lookSafely(series: CommandSeries, reply: unknown): void {
    try {
      this.#look(series, reply, 0);
    } catch (error) {
      this.#fault(error);
    }
  }

  #look({ command, errors }: CommandSeries, reply: unknown, asked: number): void {
    if (reply instanceof Error) errors.get(errorType(reply)).value++;
    else if (command.asks !== null) {
      const found = foundIn(command.asks, reply, asked);
      this.#hits.value += found?.hits ?? 0;
      this.#misses.value += found?.misses ?? 0;
    }
  }

  /** Of a transaction, only the reply of `EXEC` holds the replies. */
  #lookInTransaction(call: RedisCall, transaction: RedisCall[], reply: unknown): void {
    if (call.series.command.name === "EXEC") {
      if (!Array.isArray(reply)) return;
      const queued = transaction.filter((one) => one.queued);
      if (queued.length !== reply.length) return;
      for (const [i, one] of queued.entries()) this.#look(one.series, reply[i], one.asked);
      return;
    }
    call.queued = isQueued(reply);
    if (call.queued) return;
    // The server knows of no transaction: it was lost with its connection, or never begun.
    if (this.#transaction === transaction) this.#transaction = null;
    this.#look(call.series, reply, call.asked);
  }

  /** Commands of one connection are answered in their order, so what is sent between `MULTI` and `EXEC` is one. */
  #inTransaction({ name }: RedisCommand): RedisCall[] | null {
    const open = this.#transaction;
    if (name === "MULTI") {
      this.#transaction = [];
      return null;
    }
    if (open === null) return null;
    if (name === "EXEC" || name === "DISCARD" || open.length >= MAX_TRANSACTION) this.#transaction = null;
    return name === "DISCARD" ? null : open;
  }

  #find(name: unknown): CommandSeries {
    const command = findCommand(name);
    const series = this.#series.get(command) ?? this.#make(command);
    // Names of the application's own making are looked up anew each time; so are bytes, which may become others.
    const isLasting = typeof name === "string" && command !== OTHER_COMMAND;
    if (isLasting && this.#bySpelling.size < MAX_SPELLINGS) this.#bySpelling.set(name, series);
    return series;
  }

  #make(command: RedisCommand): CommandSeries {
    const { registry, options } = this.#context;
    const labels = { "db.system.name": "redis", "db.client": this.#client, "db.operation.name": command.name };
    const errors = new CappedSet(options.caps.types, (type) =>
      registry.counter("db.client.operation.errors", { ...labels, "error.type": type }),
    );
    const duration = registry.histogram("db.client.operation.duration", {
      ...labels,
      "db.operation.kind": command.kind,
      "db.collection.name": "",
    });
    const series: CommandSeries = {
      command,
      duration,
      errors,
      untimed: 0,
      last: Number.NaN,
      isPlain: command.waits === "never" && command.asks !== "number" && !TRANSACTION.has(command.name),
      answered: (reply) => {
        series.untimed++;
        if (command.asks !== null || reply instanceof Error) this.#lookSafely(series, reply);
      },
      failed: (error) => {
        series.untimed++;
        try {
          errors.get(errorType(error)).value++;
        } catch (fault) {
          this.#fault(fault);
        }
      },
      untimedCall: null,
    };
    series.untimedCall = {
      series,
      begin: Number.NaN,
      asked: 0,
      waits: false,
      transaction: null,
      queued: false,
    };
    this.#series.set(command, series);
    return series;
  }

  #waitsOf(command: RedisCommand): Counter {
    const known = this.#waits.get(command);
    if (known !== undefined) return known;
    const labels = { "db.system.name": "redis", "db.client": this.#client, "db.operation.name": command.name };
    const made = this.#context.registry.counter("db.client.operation.waits", labels);
    this.#waits.set(command, made);
    return made;
  }
}

/** So that counts are exact at each snapshot: what was not timed took what the last one did. */
function settleUntimed(series: CommandSeries): void {
  if (series.untimed === 0 || series.last !== series.last) return;
  series.duration.record(series.last, series.untimed);
  series.untimed = 0;
}

function isQueued(reply: unknown): boolean {
  return reply === QUEUED || (Buffer.isBuffer(reply) && reply.length === QUEUED.length && String(reply) === QUEUED);
}
