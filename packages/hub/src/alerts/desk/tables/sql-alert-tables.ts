import type { AlertChannel, AlertRule, OutboxRow } from "@wsight/protocol";
import type { AlertTables, LeasedGroup, Outcome } from "../alert-tables.ts";
import type { AlertBook } from "../desk.ts";
import { deleteChannel, readChannels, readSealed, saveChannel } from "./channels.ts";
import type { AlertDatabase } from "./database.ts";
import {
  pruneEpisodes,
  readEpisode,
  readEpisodes,
  readInstances,
  readOpenEpisodes,
  saveEpisodes,
  saveInstances,
} from "./instances.ts";
import {
  addNotices,
  endLeases,
  enqueue,
  pruneOutbox,
  readOutbox,
  readWaiting,
  retry,
  type Sender,
  settle,
  takeGroups,
  takeOver,
} from "./outbox.ts";
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

/** A hub that was not seen for this long is gone, ms. */
const GONE_MS = 5 * 60_000;
const FORGOTTEN_MS = 30 * 86_400_000;

/** What tables are made from. */
export interface SqlAlertTablesParts {
  readonly database: AlertDatabase;
  /** Name of the hub; empty in a file of its own. */
  readonly hub: string;
  /** ms epoch. */
  readonly now: () => number;
}

/** The tables in any database that speaks SQL as {@link AlertDatabase} says. */
export function createSqlAlertTables({ database, hub, now }: SqlAlertTablesParts): AlertTables {
  const sender: Sender = { hub, process: nameOfProcess() };
  const { read, write } = { read: database.read.bind(database), write: database.write.bind(database) };

  async function load(): Promise<AlertBook> {
    return read(async (sql) => ({
      rules: await readRules(sql),
      instances: await readInstances(sql, hub),
      episodes: await readOpenEpisodes(sql, hub),
      silences: await readSilences(sql),
      channels: await readChannels(sql),
      route: await readSetting(sql, "route"),
      inhibitions: await readSetting(sql, "inhibitions"),
      revision: await readRevision(sql),
    }));
  }

  async function lease(
    at: number,
    leaseMs: number,
    most: number,
    busy: readonly string[],
  ): Promise<readonly LeasedGroup[]> {
    // Looked at first without keeping others out: mostly nothing is due.
    const due = await read(async (sql) => chooseDue(await readWaiting(sql, hub, at), at, most, busy));
    if (due.length === 0) return [];
    return write(async (sql) => {
      const still = chooseDue(await readWaiting(sql, hub, at), at, most, busy);
      return takeGroups(sql, sender, still, at, leaseMs);
    });
  }

  async function beat(at: number): Promise<void> {
    await write(async (sql) => {
      await endLeases(sql, hub, hasEnded);
      // A file is one hub's alone.
      if (hub === "") return;
      await sql.change(
        "INSERT INTO alert_hubs (hub, seen_at) VALUES ($1, $2) ON CONFLICT (hub) DO UPDATE SET seen_at = excluded.seen_at",
        [hub, at],
      );
      await takeOver(sql, hub, at - GONE_MS);
    });
  }

  async function prune(at: number): Promise<void> {
    while (await write((sql) => pruneOutbox(sql, at)));
    while (await write((sql) => pruneEpisodes(sql, hub, at)));
    await write(async (sql) => {
      await pruneVersions(sql, at);
      await sql.change("DELETE FROM alert_hubs WHERE seen_at < $1", [at - FORGOTTEN_MS]);
    });
  }

  return {
    load,
    commit: (commit) =>
      write(async (sql) => {
        const at = now();
        await saveInstances(sql, hub, commit, at);
        await saveEpisodes(sql, hub, commit.episodes);
        await addNotices(sql, hub, commit.notices, at);
      }),
    saveRule: (rule, ifVersion): Promise<AlertRule> => write((sql) => saveRule(sql, rule, ifVersion, now())),
    deleteRule: (id, ifVersion) => write((sql) => deleteRule(sql, id, ifVersion)),
    ruleVersions: (id) => read((sql) => readRuleVersions(sql, id)),
    saveSilence: (silence) => write((sql) => saveSilence(sql, silence)),
    deleteSilence: (id) => write((sql) => deleteSilence(sql, id)),
    saveChannel: (channel, sealed, ifVersion): Promise<AlertChannel> =>
      write((sql) => saveChannel(sql, channel, sealed, ifVersion)),
    deleteChannel: (id) => write((sql) => deleteChannel(sql, id)),
    sealedOf: (id) => read((sql) => readSealed(sql, id)),
    channels: () => read(readChannels),
    saveRoute: (route) => write((sql) => saveSetting(sql, "route", route)),
    saveInhibitions: (inhibitions) => write((sql) => saveSetting(sql, "inhibitions", inhibitions)),
    episodes: (query) => read((sql) => readEpisodes(sql, query)),
    episode: (id) => read((sql) => readEpisode(sql, id)),
    outbox: (query) => read((sql) => readOutbox(sql, query, now())),
    retry: (id): Promise<OutboxRow> => write((sql) => retry(sql, hub, id, now())),
    lease,
    settle: (ids: readonly number[], outcome: Outcome, at: number) =>
      write((sql) => settle(sql, sender, ids, outcome, at)),
    async nextDueAt(at) {
      const groups = await read((sql) => readWaiting(sql, hub, at));
      return (groups.find(({ dueAt }) => dueAt > at) ?? groups[0])?.dueAt ?? null;
    },
    enqueue: (dedupeKey, channelId, notice, at) => write((sql) => enqueue(sql, hub, dedupeKey, channelId, notice, at)),
    beat,
    prune,
    revision: () => read(readRevision),
    close: () => database.close(),
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
