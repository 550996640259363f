import { randomUUID } from "node:crypto";
import type { AlertChannel, ChannelTestResult, Notice } from "@wsight/protocol";
import { WsightError } from "@wsight/protocol";
import { Upkeep } from "../../../keeping/upkeep.ts";
import type { AlertCommit } from "../../commit.ts";
import type { AlertTables, OpenChannel, Outcome } from "../alert-tables.ts";
import type { AlertBook, ChannelDraft } from "../desk.ts";
import type { Dispatcher, DispatcherParts } from "../dispatcher.ts";
import type { Sealer } from "../sealing.ts";
import type { DeskCalls, DeskEvent } from "./messages.ts";

/** How long a test waits for what comes of it, ms. */
const TEST_MS = 30_000;
/** What changed is told this much later, ms, so that a burst is told once. */
const TELL_MS = 100;
/** How often it is looked whether another process changed something, ms. */
const POLL_MS = 5_000;
const BEAT_MS = 30_000;
const PRUNE_MS = 3_600_000;
/** Episodes and notices after which that is not waited for: thousands of alerts that flap make them faster. */
const PRUNE_ROWS = 20_000;

/** What the work is made from. */
export interface DeskWorkParts {
  readonly tables: AlertTables;
  readonly sealer: Sealer;
  readonly instance: string;
  readonly notifyHosts: readonly string[];
  readonly dataDir: string | null;
  readonly now: () => number;
  readonly report: (event: DeskEvent) => void;
  /** Starts who sends. */
  readonly dispatch: (parts: DispatcherParts) => Dispatcher;
}

/** Answers to all calls. */
type Answers = {
  readonly [Call in keyof DeskCalls]: (argument: DeskCalls[Call]["argument"]) => Promise<DeskCalls[Call]["answer"]>;
};

/**
 * Everything the desk's process does: answers calls from the tables, has
 * notices sent, says how they fare, and looks after the tables.
 */
export class DeskWork {
  readonly answers: Answers;
  readonly #parts: DeskWorkParts;
  readonly #upkeep: Upkeep;
  readonly #dispatcher: Dispatcher;
  /** Tests by the id of their notice, until something comes of them. */
  readonly #tests = new Map<number, (outcome: Outcome) => void>();
  readonly #timers: readonly NodeJS.Timeout[];
  #telling: NodeJS.Timeout | undefined;
  /** Since the tables were pruned last for their size. */
  #rowsAdded = 0;
  #closing: Promise<void> | null = null;

  constructor(parts: DeskWorkParts) {
    const { tables, instance, notifyHosts, dataDir, now } = parts;
    this.#parts = parts;
    this.#upkeep = new Upkeep({
      onTrouble: (reason) => parts.report({ type: "trouble", reason }),
      onWell: () => undefined,
    });
    this.answers = this.#makeAnswers();
    this.#dispatcher = parts.dispatch({
      tables: {
        lease: (...argument) => tables.lease(...argument),
        nextDueAt: (at) => tables.nextDueAt(at),
        enqueue: (...argument) => tables.enqueue(...argument),
        settle: (ids, outcome, at) => this.#settle(ids, outcome, at),
      },
      open: (id) => this.#openChannel(id),
      channelIds: async () => (await tables.channels()).map(({ id }) => id),
      instance,
      notifyHosts,
      dataDir,
      now,
      onError: (error) => this.#upkeep.trouble(error),
    });
    this.#timers = [
      setInterval(() => void this.#tell(), POLL_MS),
      setInterval(() => this.#care(() => tables.beat(now())), BEAT_MS),
      setInterval(() => this.#care(() => tables.prune(now())), PRUNE_MS),
    ];
    this.#care(async () => {
      await tables.beat(now());
      this.#dispatcher.wake();
      await this.#tell();
      await tables.prune(now());
    });
  }

  /** Takes nothing more, waits for what is being sent, and closes the tables; safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  #makeAnswers(): Answers {
    const { tables } = this.#parts;
    return {
      load: () => this.#load(),
      commit: ([commit]) => this.#committing(commit),
      saveRule: ([rule, ifVersion]) => this.#saving(tables.saveRule(rule, ifVersion)),
      addRules: ([rules]) => this.#saving(tables.addRules(rules)),
      deleteRule: ([id, ifVersion]) => this.#saving(tables.deleteRule(id, ifVersion)),
      ruleVersions: ([id]) => tables.ruleVersions(id),
      saveSilence: ([silence]) => this.#saving(tables.saveSilence(silence)),
      deleteSilence: ([id]) => this.#saving(tables.deleteSilence(id)),
      saveChannel: ([draft, ifVersion]) => this.#saving(this.#saveChannel(draft, ifVersion)),
      deleteChannel: ([id]) => this.#saving(tables.deleteChannel(id)),
      testChannel: ([id, notice]) => this.#test(id, notice),
      saveRoute: ([route]) => this.#saving(tables.saveRoute(route)),
      saveInhibitions: ([inhibitions]) => this.#saving(tables.saveInhibitions(inhibitions)),
      episodes: ([query]) => tables.episodes(query),
      episode: ([id]) => tables.episode(id),
      outbox: ([query]) => tables.outbox(query),
      retry: ([id]) => this.#changing(tables.retry(id), true),
      dismiss: ([id]) => this.#changing(tables.dismiss(id), false),
      close: async () => {
        await this.close();
        return null;
      },
    };
  }

  async #load(): Promise<AlertBook> {
    const book = await this.#parts.tables.load();
    return { ...book, channels: await this.#judged(book.channels) };
  }

  async #committing(commit: AlertCommit): Promise<void> {
    const { tables, now } = this.#parts;
    await this.#changing(tables.commit(commit), commit.notices.length > 0);
    this.#rowsAdded += commit.episodes.length + commit.notices.length;
    if (this.#rowsAdded < PRUNE_ROWS) return;
    this.#rowsAdded = 0;
    this.#care(() => tables.prune(now()));
  }

  async #changing<T>(work: Promise<T>, wake: boolean): Promise<T> {
    const answer = await work;
    if (wake) this.#dispatcher.wake();
    this.#tellSoon();
    return answer;
  }

  /** A change of what hubs share. */
  async #saving<T>(work: Promise<T>): Promise<T> {
    const answer = await this.#changing(work, true);
    this.#parts.report({ type: "changed", revision: await this.#parts.tables.revision() });
    return answer;
  }

  async #saveChannel({ secrets, ...channel }: ChannelDraft, ifVersion: number | null): Promise<AlertChannel> {
    const { tables, sealer } = this.#parts;
    const sealed = sealer.reseal(channel.id, await tables.sealedOf(channel.id), secrets);
    const saved = await tables.saveChannel(channel, sealed, ifVersion);
    const [judged = saved] = await this.#judged([saved]);
    return judged;
  }

  async #openChannel(id: string): Promise<OpenChannel | null> {
    const { tables, sealer } = this.#parts;
    const [channels, sealed] = [await tables.channels(), await tables.sealedOf(id)];
    const channel = channels.find((one) => one.id === id);
    if (channel === undefined || sealed === null) return null;
    const { name, type, enabled, config } = channel;
    return { id, name, type, enabled, config, secrets: sealer.open(id, sealed) };
  }

  /** With those marked whose secrets can't be read. */
  async #judged(channels: readonly AlertChannel[]): Promise<readonly AlertChannel[]> {
    const { tables, sealer } = this.#parts;
    return Promise.all(
      channels.map(async (channel) => {
        if (Object.keys(channel.secrets).length === 0) return channel;
        const sealed = await tables.sealedOf(channel.id);
        if (sealed === null || sealer.canOpen(channel.id, sealed)) return channel;
        return { ...channel, health: { ...channel.health, state: "unreadable" as const } };
      }),
    );
  }

  async #test(channelId: string, notice: Notice): Promise<ChannelTestResult> {
    const { tables, now } = this.#parts;
    if ((await tables.sealedOf(channelId)) === null) {
      throw new WsightError("NOT_FOUND", `channel ${channelId}: there is none`);
    }
    const startedAt = performance.now();
    const { id } = await tables.enqueue(`test.${randomUUID()}.${channelId}`, channelId, notice, now());
    const outcome = await this.#outcomeOf(id);
    const reply = outcome === null ? `nothing came back within ${TEST_MS / 1000} s` : replyOf(outcome);
    return { ok: outcome?.result === "sent", reply, tookMs: Math.round(performance.now() - startedAt) };
  }

  async #outcomeOf(id: number): Promise<Outcome | null> {
    let late: NodeJS.Timeout | undefined;
    const outcome = new Promise<Outcome | null>((resolve) => {
      this.#tests.set(id, resolve);
      late = setTimeout(() => resolve(null), TEST_MS);
      this.#dispatcher.wake();
    });
    return outcome.finally(() => {
      clearTimeout(late);
      this.#tests.delete(id);
    });
  }

  async #settle(ids: readonly number[], outcome: Outcome, at: number): Promise<void> {
    await this.#parts.tables.settle(ids, outcome, at);
    for (const id of ids) this.#tests.get(id)?.(outcome);
    this.#tellSoon();
  }

  #tellSoon(): void {
    this.#telling ??= setTimeout(() => void this.#tell(), TELL_MS);
  }

  async #tell(): Promise<void> {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    await this.#upkeep.attempt(async () => {
      const { tables, report } = this.#parts;
      const revision = await tables.revision();
      const channels = await this.#judged(await tables.channels());
      const sum = (key: "queued" | "dead"): number => channels.reduce((all, { health }) => all + health[key], 0);
      const figures = {
        queued: sum("queued"),
        dead: sum("dead"),
        channels: Object.fromEntries(channels.map(({ id, health }) => [id, health])),
      };
      report({ type: "status", figures, revision });
    });
  }

  #care(work: () => Promise<void>): void {
    void this.#upkeep.attempt(work);
  }

  async #shutDown(): Promise<void> {
    this.#upkeep.end();
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#telling);
    await this.#dispatcher.close();
    await this.#parts.tables.close();
  }
}

function replyOf(outcome: Outcome): string {
  return outcome.result === "sent" ? (outcome.reply ?? "sent") : outcome.error;
}
