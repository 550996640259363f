import { type AlertEpisode, type AlertRow, type AlertRule, MAX_ALERT_RULES, WsightError } from "@wsight/protocol";
import type { Clock } from "../clock.ts";
import type { CurrentView } from "../current-view.ts";
import type { AlertHappening, Alerts } from "./alerts.ts";
import { DEFAULT_RULES } from "./default-rules.ts";
import type { AlertDesk } from "./desk/desk.ts";
import type { AlertEngine } from "./engine/alert-engine.ts";
import { createAlertEngine } from "./engine.ts";
import { KeptSetup } from "./kept-setup.ts";
import { createNoticeWords, testNotice } from "./notice-words.ts";
import type { RuleObserver } from "./observation.ts";
import { silenceFault } from "./plan/silences.ts";
import { createSlicedEvaluation } from "./sliced-evaluation.ts";
import { createUlid } from "./ulid.ts";

/** Rows of the live table. */
const MAX_TABLE_ROWS = 200;
/** What is kept has this long to be read before evaluation begins without it, ms. */
const PATIENCE_MS = 5_000;
/** How often reading it is tried, ms: twice as long each time, up to the last. */
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 30_000;

/** What alerts are made of. */
export interface AlertsParts {
  readonly current: Pick<CurrentView, "at">;
  readonly clock: Clock;
  readonly observer: RuleObserver & { close(): void };
  readonly desk: AlertDesk;
  /** Evaluates a rule on history; `null` while none is kept. */
  readonly backTest: Alerts["backTest"] | null;
  /** Address that people reach this hub by; `null` while it is not known. */
  readonly publicUrl: () => string | null;
  /** Told of what fails in the background; must not throw. */
  readonly onError: (error: unknown) => void;
}

/**
 * Alerts of a hub: the engine evaluates on this thread, in slices; what comes of it goes to the desk, which keeps it
 * and sends what is to be told. Evaluation begins once what was kept before is read.
 */
export function createAlerts(parts: AlertsParts): Alerts {
  const { current, clock, observer, desk, onError } = parts;
  const words = createNoticeWords(parts.publicUrl);
  const setup = new KeptSetup();
  const listeners = new Set<(happening: AlertHappening) => void>();
  /** The newest commit: how it went, once that is known. */
  let newest: Promise<void> = Promise.resolve();
  let plan = setup.plan();
  let engine = newEngine();
  let state: "opening" | "without" | "open" = "opening";
  let closed = false;
  let loadProblem: string | null = null;
  let retry: NodeJS.Timeout | null = null;
  let revision = desk.revision;
  let reloading = false;
  let tableRows: readonly AlertRow[] | null = null;

  const evaluation = createSlicedEvaluation({ evaluate: (at) => engine.evaluate(at), onSlice: settle, onError });
  const begunAt = clock.now();
  void open(FIRST_RETRY_MS);

  function newEngine(): AlertEngine {
    const made = createAlertEngine({ observer, plan, words, newEpisodeId: createUlid });
    made.setRules(setup.rules, sampleTime());
    return made;
  }

  function sampleTime(): number {
    return current.at ?? Math.floor(clock.now() / 1000) * 1000;
  }

  /** Hands on what happened: to be kept, and to who listens. */
  function settle(): void {
    tableRows = null;
    const changes = engine.take();
    if (changes === null) return;
    // What was evaluated without knowing what was kept, nobody could be told of: it begins anew once that is known.
    if (state === "open") {
      newest = desk.commit(changes.commit);
      // The desk says by itself that it fails, and tries again.
      newest.catch(() => undefined);
    }
    for (const happening of changes.happenings) for (const listener of listeners) listener(happening);
  }

  /** Reads what is kept, again and again until it is there. */
  async function open(retryMs: number): Promise<void> {
    try {
      const book = await desk.load();
      await evaluation.between(() => {
        if (closed) return;
        setup.load(book);
        plan = setup.plan();
        engine = newEngine();
        engine.restore(book.instances, book.episodes, sampleTime());
        revision = desk.revision;
        loadProblem = null;
        state = "open";
        settle();
      });
    } catch (error) {
      if (closed) return;
      loadProblem = messageOf(error);
      onError(error);
      retry = setTimeout(() => void open(Math.min(retryMs * 2, LONGEST_RETRY_MS)), retryMs);
    }
  }

  /** Takes over what another hub of the same database changed. */
  async function reload(): Promise<void> {
    reloading = true;
    try {
      const seen = desk.revision;
      const book = await desk.load();
      await evaluation.between(() => {
        setup.load(book);
        revision = seen;
        apply();
      });
    } catch (error) {
      onError(error);
    } finally {
      reloading = false;
    }
  }

  /** Lets the engine know what was set up anew. */
  function apply(): void {
    plan = setup.plan();
    engine.setPlan(plan);
    engine.setRules(setup.rules, sampleTime());
    settle();
  }

  function checkOpen(): void {
    if (state !== "open" || closed)
      throw new WsightError("STORE_UNAVAILABLE", "Alerts are not read yet; try again in a moment");
  }

  /** Saves, and then works with what was saved. */
  async function change<T>(save: () => Promise<T>, take: (saved: T) => void): Promise<T> {
    checkOpen();
    const saved = await save().catch(async (error: unknown) => {
      // Another hub changed it: who loads it again is to get the newest.
      if (error instanceof WsightError && error.code === "CONFLICT" && !reloading) await reload();
      throw error;
    });
    await evaluation.between(() => {
      take(saved);
      apply();
    });
    return saved;
  }

  async function command(id: string, work: (engine: AlertEngine) => AlertEpisode): Promise<AlertEpisode> {
    checkOpen();
    let done: { readonly episode: AlertEpisode; readonly kept: Promise<void> };
    try {
      done = await evaluation.between(() => {
        const episode = work(engine);
        settle();
        return { episode, kept: newest };
      });
    } catch (error) {
      if (!(error instanceof WsightError) || error.code !== "NOT_FOUND") throw error;
      throw notHere(await desk.episode(id));
    }
    await done.kept.catch((cause: unknown) => {
      throw new WsightError("STORE_UNAVAILABLE", `It could not be kept yet, and is tried again: ${messageOf(cause)}`, {
        cause,
      });
    });
    return done.episode;
  }

  async function saveRule(rule: AlertRule, ifVersion: number | null): Promise<AlertRule> {
    if (ifVersion === null) checkNew([rule]);
    else if (setup.rule(rule.id) === undefined) throw new WsightError("NOT_FOUND", `There is no rule ${rule.id}`);
    return desk.saveRule(rule, ifVersion);
  }

  async function addRules(rules: readonly AlertRule[]): Promise<readonly AlertRule[]> {
    checkNew(rules);
    return desk.addRules(rules);
  }

  function checkNew(rules: readonly AlertRule[]): void {
    const known = rules.find(({ id }) => setup.rule(id) !== undefined);
    if (known !== undefined) throw new WsightError("CONFLICT", `There is a rule ${known.id} already`);
    const there = setup.rules.length;
    if (there + rules.length > MAX_ALERT_RULES)
      throw new WsightError("CONFLICT", `There are ${there} rules, and there may be no more than ${MAX_ALERT_RULES}`);
  }

  function problem(): string | null {
    const { leftOut } = engine.counts();
    const { lastError, dropped } = desk.status();
    const said = loadProblem ?? lastError ?? plan.troubles[0];
    if (said !== undefined && said !== null) return said;
    if (dropped > 0) return `${dropped} notices could not be kept and were dropped`;
    return leftOut > 0 ? `${leftOut} label sets are not watched: there are too many` : null;
  }

  function tableState(): ReturnType<Alerts["table"]>["state"] {
    if (state === "opening") return "opening";
    return state === "without" || desk.status().state === "failing" ? "failing" : "ok";
  }

  return {
    observe() {
      if (closed || current.at === null) return;
      if (state === "opening" && clock.now() - begunAt < PATIENCE_MS) return;
      if (state === "opening") state = "without";
      if (state === "open" && desk.revision !== revision && !reloading) void reload();
      evaluation.start(current.at);
    },
    table() {
      const { critical, warning, pending } = engine.counts();
      tableRows ??= engine.rows(MAX_TABLE_ROWS);
      return {
        rows: tableRows,
        critical,
        warning,
        pending,
        undelivered: desk.status().dead,
        state: tableState(),
        problem: problem(),
      };
    },
    active: (most) => engine.rows(most),
    rules: () => setup.rules,
    saveRule: (rule, ifVersion, by) =>
      change(
        () => saveRule({ ...rule, createdBy: setup.rule(rule.id)?.createdBy ?? by, updatedAt: clock.now() }, ifVersion),
        (saved) => setup.putRule(saved),
      ),
    addRules: (rules, by) =>
      change(
        () => addRules(rules.map((rule) => ({ ...rule, createdBy: by, updatedAt: clock.now() }))),
        (saved) => {
          for (const rule of saved) setup.putRule(rule);
        },
      ),
    async deleteRule(id, ifVersion) {
      const rule = setup.rule(id);
      if (rule === undefined) throw new WsightError("NOT_FOUND", `There is no rule ${id}`);
      if (rule.builtin)
        throw new WsightError("CONFLICT", "A rule that came with wsight can be switched off, not deleted");
      await change(
        () => desk.deleteRule(id, ifVersion),
        () => setup.dropRule(id),
      );
    },
    async ruleVersions(id) {
      if (setup.rule(id) === undefined) throw new WsightError("NOT_FOUND", `There is no rule ${id}`);
      const builtin = DEFAULT_RULES.filter((rule) => rule.id === id);
      const saved = await desk.ruleVersions(id);
      // The first version of a rule that came with wsight is in no table; of 50 it is the first to go.
      const isWhole = saved.length === 0 || saved.at(-1)?.version === 2;
      return isWhole ? [...saved, ...builtin] : saved;
    },
    async backTest(query, signal) {
      if (parts.backTest === null)
        throw new WsightError("STORE_UNAVAILABLE", "This hub keeps no history that a rule could be tested on");
      return parts.backTest(query, signal);
    },
    silences: () => setup.silences,
    async saveSilence(silence) {
      const others = setup.silences.filter(({ id }) => id !== silence.id);
      const fault = silenceFault(silence, others);
      if (fault !== null) throw new WsightError("CONFLICT", fault);
      return change(
        () => desk.saveSilence(silence),
        () => setup.putSilence(silence),
      );
    },
    deleteSilence: (id) =>
      change(
        () => desk.deleteSilence(id),
        () => setup.dropSilence(id),
      ),
    channels() {
      const { channels } = desk.status();
      return setup.channels.map((channel) => ({ ...channel, health: channels[channel.id] ?? channel.health }));
    },
    saveChannel: (channel, ifVersion) =>
      change(
        () => desk.saveChannel(channel, ifVersion),
        (saved) => setup.putChannel(saved),
      ),
    deleteChannel: (id) =>
      change(
        () => desk.deleteChannel(id),
        () => setup.dropChannel(id),
      ),
    async testChannel(id) {
      checkOpen();
      const channel = setup.channels.find((one) => one.id === id);
      if (channel === undefined) throw new WsightError("NOT_FOUND", `There is no channel ${id}`);
      return desk.testChannel(id, testNotice(channel.name, clock.now()));
    },
    route: () => setup.route,
    saveRoute: (route) =>
      change(
        () => desk.saveRoute(route),
        () => {
          setup.route = route;
        },
      ),
    inhibitions: () => setup.inhibitions,
    saveInhibitions: (inhibitions) =>
      change(
        () => desk.saveInhibitions(inhibitions),
        () => {
          setup.inhibitions = inhibitions;
        },
      ),
    episodes: (query) => desk.episodes(query),
    async episode(id) {
      return engine.openEpisodes().find((episode) => episode.id === id) ?? desk.episode(id);
    },
    acknowledge: (id, by, note) => command(id, (now) => now.acknowledge(id, by, note, clock.now())),
    unacknowledge: (id, by) => command(id, (now) => now.unacknowledge(id, by, clock.now())),
    snooze: (id, by, until) => command(id, (now) => now.snooze(id, by, until, clock.now())),
    note: (id, by, text) => command(id, (now) => now.note(id, by, text, clock.now())),
    resolve: (id, by) => command(id, (now) => now.resolve(id, by, clock.now())),
    outbox: (query) => desk.outbox(query),
    retry: (id) => desk.retry(id),
    dismiss: (id) => desk.dismiss(id),
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      if (closed) return;
      closed = true;
      if (retry !== null) clearTimeout(retry);
      await evaluation.close();
      observer.close();
      await desk.close();
    },
  };
}

/** Why nothing can be done with an episode that this hub does not watch. */
function notHere({ endedAt }: AlertEpisode): WsightError {
  const why =
    endedAt === null
      ? "Another hub of this database watches this alert: do it there"
      : `This alert is over since ${new Date(endedAt).toISOString()}`;
  return new WsightError("CONFLICT", why);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
