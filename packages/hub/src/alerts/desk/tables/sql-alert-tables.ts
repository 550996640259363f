import type { AlertRule } from "@wsight/protocol";
import type { Sql, SqlDatabase } from "../../../sql/database.ts";
import { createHubName, noteHub } from "../../../sql/hub-name.ts";
import type { AlertTables, LeasedGroup } from "../alert-tables.ts";
import type { AlertBook } from "../desk.ts";
import { deleteChannel, readChannels, readSealed, saveChannel } from "./channels.ts";
import {
  pruneEpisodes,
  readEpisode,
  readEpisodes,
  readInstances,
  readOpenEpisodes,
  saveEpisodes,
  saveInstances,
} from "./instances.ts";
import { endLeases, readWaiting, settle, takeGroups, takeOver } from "./leases.ts";
import { addNotices, dismiss, enqueue, pruneOutbox, readOutbox, retry } from "./outbox.ts";
import type { WaitingGroup } from "./outbox-order.ts";
import { hasEnded, nameOfProcess } from "./process-name.ts";
import {
  deleteRule,
  deleteSilence,
  pruneVersions,
  readRules,
  readRuleVersions,
  readSilences,
  saveRule,
  saveSilence,
} from "./rules.ts";
import { readRevision, readSetting, saveSetting } from "./settings.ts";

/** Table of the hubs that share the others. */
const HUBS = "alert_hubs";
/** A hub that was not seen for this long is gone, ms. */
const GONE_MS = 5 * 60_000;
const FORGOTTEN_MS = 30 * 86_400_000;

/** What tables are made from. */
export interface SqlAlertTablesParts {
  readonly database: SqlDatabase;
  /** Name that the hub wishes to have; empty in a file of its own. */
  readonly hub: string;
  /** ms epoch. */
  readonly now: () => number;
}

/** The tables in any database that speaks SQL as {@link SqlDatabase} says. */
export function createSqlAlertTables({ database, hub: wished, now }: SqlAlertTablesParts): AlertTables {
  const me = nameOfProcess();
  const hub = createHubName({ database, hubs: HUBS, wished, now });

  const read = <T>(work: (sql: Sql) => Promise<T>): Promise<T> => database.read(work);
  const write = <T>(work: (sql: Sql) => Promise<T>): Promise<T> => database.write(work);
  const { read: readOwn, write: writeOwn } = hub;

  const load = (): Promise<AlertBook> =>
    readOwn(async (sql, own) => ({
      rules: await readRules(sql),
      instances: await readInstances(sql, own),
      episodes: await readOpenEpisodes(sql, own),
      silences: await readSilences(sql),
      channels: await readChannels(sql),
      route: await readSetting(sql, "route"),
      inhibitions: await readSetting(sql, "inhibitions"),
      revision: await readRevision(sql),
    }));

  async function lease(
    at: number,
    leaseMs: number,
    most: number,
    busy: readonly string[],
  ): Promise<readonly LeasedGroup[]> {
    // Looked at first without keeping others out: mostly nothing is due.
    const due = await readOwn(async (sql, own) => chooseDue(await readWaiting(sql, own, at), at, most, busy));
    if (due.length === 0) return [];
    return writeOwn(async (sql, own) => {
      const still = chooseDue(await readWaiting(sql, own, at), at, most, busy);
      return takeGroups(sql, { hub: own, process: me }, still, at, leaseMs);
    });
  }

  const beat = (at: number): Promise<void> =>
    writeOwn(async (sql, own) => {
      await endLeases(sql, own, hasEnded);
      // A file is one hub's alone.
      if (own === "") return;
      await noteHub(sql, HUBS, own, at);
      await takeOver(sql, own, at - GONE_MS);
    });

  async function prune(at: number): Promise<void> {
    while (await write((sql) => pruneOutbox(sql, at)));
    while (await writeOwn((sql, own) => pruneEpisodes(sql, own, at)));
    await write(async (sql) => {
      await pruneVersions(sql, at);
      await sql.change("DELETE FROM alert_hubs WHERE seen_at < $1", [at - FORGOTTEN_MS]);
    });
  }

  async function close(): Promise<void> {
    await hub.leave();
    await database.close();
  }

  return {
    load,
    commit: (commit) =>
      writeOwn(async (sql, own) => {
        const at = now();
        await saveInstances(sql, own, commit, at);
        await saveEpisodes(sql, own, commit.episodes);
        await addNotices(sql, own, commit.notices, at);
      }),
    saveRule: (rule, ifVersion) => write((sql) => saveRule(sql, rule, ifVersion, now())),
    addRules: (rules) =>
      write(async (sql) => {
        const saved: AlertRule[] = [];
        for (const rule of rules) saved.push(await saveRule(sql, rule, null, now()));
        return saved;
      }),
    deleteRule: (id, ifVersion) => write((sql) => deleteRule(sql, id, ifVersion)),
    ruleVersions: (id) => read((sql) => readRuleVersions(sql, id)),
    saveSilence: (silence) => write((sql) => saveSilence(sql, silence)),
    deleteSilence: (id) => write((sql) => deleteSilence(sql, id)),
    saveChannel: (channel, sealed, ifVersion) => write((sql) => saveChannel(sql, channel, sealed, ifVersion)),
    deleteChannel: (id) => write((sql) => deleteChannel(sql, id)),
    sealedOf: (id) => read((sql) => readSealed(sql, id)),
    channels: () => read(readChannels),
    saveRoute: (route) => write((sql) => saveSetting(sql, "route", route)),
    saveInhibitions: (inhibitions) => write((sql) => saveSetting(sql, "inhibitions", inhibitions)),
    episodes: (query) => read((sql) => readEpisodes(sql, query)),
    episode: (id) => read((sql) => readEpisode(sql, id)),
    outbox: (query) => read((sql) => readOutbox(sql, query, now())),
    retry: (id) => writeOwn((sql, own) => retry(sql, own, id, now())),
    dismiss: (id) => write((sql) => dismiss(sql, id, now())),
    lease,
    settle: (ids, outcome, at) => writeOwn((sql, own) => settle(sql, { hub: own, process: me }, ids, outcome, at)),
    async nextDueAt(at) {
      const groups = await readOwn((sql, own) => readWaiting(sql, own, at));
      return (groups.find(({ dueAt }) => dueAt > at) ?? groups[0])?.dueAt ?? null;
    },
    enqueue: (dedupeKey, channelId, notice, at) =>
      writeOwn((sql, own) => enqueue(sql, own, dedupeKey, channelId, notice, at)),
    beat,
    prune,
    revision: () => read(readRevision),
    close,
  };
}

/** At most one group for each channel. */
function chooseDue(
  groups: readonly WaitingGroup[],
  at: number,
  most: number,
  busy: readonly string[],
): readonly WaitingGroup[] {
  const taken = new Set(busy);
  const chosen: WaitingGroup[] = [];
  for (const group of groups) {
    if (chosen.length >= most || group.dueAt > at) break;
    if (taken.has(group.channelId)) continue;
    taken.add(group.channelId);
    chosen.push(group);
  }
  return chosen;
}
