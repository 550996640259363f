import type {
  AlertChannel,
  AlertEpisode,
  AlertInhibition,
  AlertRoute,
  AlertRule,
  AlertSilence,
  ChannelHealth,
  ChannelTestResult,
  ChannelType,
  EpisodePage,
  Notice,
  OutboxRow,
  OutboxState,
} from "@wsight/protocol";
import type { AlertCommit } from "../commit.ts";
import type { InstanceState } from "../machine/instance-state.ts";

/** Everything that is kept, as it stands when the hub starts. */
export interface AlertBook {
  readonly rules: readonly AlertRule[];
  /** All but those in range. */
  readonly instances: readonly InstanceState[];
  /** Those that go on. */
  readonly episodes: readonly AlertEpisode[];
  readonly silences: readonly AlertSilence[];
  readonly channels: readonly AlertChannel[];
  /** `null`: never set. */
  readonly route: AlertRoute | null;
  readonly inhibitions: readonly AlertInhibition[] | null;
  /** Grows with each change of rules, silences, channels and routes, by whichever hub. */
  readonly revision: number;
}

/** A channel to be kept. Secrets that are left out stay as they are; `null` takes one away. */
export interface ChannelDraft {
  readonly id: string;
  readonly name: string;
  readonly type: ChannelType;
  readonly enabled: boolean;
  readonly config: AlertChannel["config"];
  readonly secrets: Readonly<Record<string, string | null>>;
}

/** Which episodes. */
export interface EpisodeQuery {
  readonly fromAt: number;
  readonly toAt: number;
  readonly ruleId?: string;
  readonly fingerprint?: string;
  /** Id of the last one of the page before. */
  readonly before?: string;
  /** 1 to 500. */
  readonly limit: number;
}

/** Which notices. */
export interface OutboxQuery {
  readonly state?: OutboxState;
  readonly channelId?: string;
  readonly episodeId?: string;
  /** 1 to 500; newest first. */
  readonly limit: number;
}

/** How the desk fares. */
export interface DeskStatus {
  readonly state: "ok" | "opening" | "failing" | "off";
  readonly queued: number;
  readonly dead: number;
  /** Notices that gave way since the start, because more than 10,000 waited to be kept. */
  readonly dropped: number;
  readonly lastError: string | null;
  readonly channels: Readonly<Record<string, ChannelHealth>>;
}

/**
 * Keeps rules, states and notices, and sees that notices are told: a process
 * of its own, so that neither a disk nor a mail server is ever waited for.
 * Everything rejects with `STORE_UNAVAILABLE` while it can't be reached, with
 * `NOT_FOUND` and `CONFLICT` (another version than `ifVersion`) where they apply.
 */
export interface AlertDesk {
  load(): Promise<AlertBook>;
  /**
   * Resolves once it survives a crash. The same again changes nothing. Rejects with `STORE_UNAVAILABLE` when the first
   * try failed; it is then kept in memory, put together with what comes after it, and tried again until it is kept:
   * callers need not, and must not, try again themselves.
   */
  commit(commit: AlertCommit): Promise<void>;
  /** @param ifVersion the version that is replaced, `null` for a new rule; the answer has the next one */
  saveRule(rule: AlertRule, ifVersion: number | null): Promise<AlertRule>;
  /** Saves new rules, all or none. */
  addRules(rules: readonly AlertRule[]): Promise<readonly AlertRule[]>;
  deleteRule(id: string, ifVersion: number): Promise<void>;
  /** Every version there was, newest first, at most 50. */
  ruleVersions(id: string): Promise<readonly AlertRule[]>;
  saveSilence(silence: AlertSilence): Promise<void>;
  deleteSilence(id: string): Promise<void>;
  saveChannel(channel: ChannelDraft, ifVersion: number | null): Promise<AlertChannel>;
  deleteChannel(id: string): Promise<void>;
  /** Sends at once, through the outbox, and waits for what comes of it, 30 s at most. */
  testChannel(id: string, notice: Notice): Promise<ChannelTestResult>;
  saveRoute(route: AlertRoute): Promise<void>;
  saveInhibitions(inhibitions: readonly AlertInhibition[]): Promise<void>;
  episodes(query: EpisodeQuery): Promise<EpisodePage>;
  episode(id: string): Promise<AlertEpisode>;
  outbox(query: OutboxQuery): Promise<readonly OutboxRow[]>;
  /** Puts a dead notice back into the queue. */
  retry(id: number): Promise<OutboxRow>;
  /** Keeps a dead notice as seen: it counts as undelivered no more. */
  dismiss(id: number): Promise<OutboxRow>;
  /** The newest that was told by the process; never waits. */
  status(): DeskStatus;
  /** Grows when another hub of the same database changed something: `load` again. */
  readonly revision: number;
  /** Finishes what was accepted; safe to call twice. */
  close(): Promise<void>;
}
