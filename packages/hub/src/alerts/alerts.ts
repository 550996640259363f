import type {
  AlertChannel,
  AlertEpisode,
  AlertInhibition,
  AlertRoute,
  AlertRow,
  AlertRule,
  AlertSilence,
  AlertsTable,
  BackTestAnswer,
  BackTestQuery,
  ChannelTestResult,
  EpisodeEnd,
  EpisodePage,
  OutboxRow,
} from "@wsight/protocol";
import type { ChannelDraft, EpisodeQuery, OutboxQuery } from "./desk/desk.ts";

/** Something that listeners hear of as it happens. */
export type AlertHappening =
  | { readonly type: "fired" | "escalated" | "deescalated" | "acknowledged"; readonly alert: AlertRow }
  | { readonly type: "resolved"; readonly alert: AlertRow; readonly endedAt: number; readonly reason: EpisodeEnd };

/** Alerts of a hub, for doors and pages. What changes something rejects with `STORE_UNAVAILABLE` while nothing can be kept. */
export interface Alerts {
  /** Looks at the seconds that `current` has closed; never waits. */
  observe(): void;
  /** For the live table. */
  table(): AlertsTable;
  /** Instances that are not in range, at most so many: firing before pending, worst and newest first. */
  active(most: number): readonly AlertRow[];
  rules(): readonly AlertRule[];
  /** @param ifVersion `null` for a new one. Rejects with `BAD_REQUEST`, `CONFLICT` */
  saveRule(rule: AlertRule, ifVersion: number | null, by: string): Promise<AlertRule>;
  /** New ones, all or none. Rejects as `saveRule` does */
  addRules(rules: readonly AlertRule[], by: string): Promise<readonly AlertRule[]>;
  deleteRule(id: string, ifVersion: number, by: string): Promise<void>;
  ruleVersions(id: string): Promise<readonly AlertRule[]>;
  backTest(query: BackTestQuery, signal: AbortSignal): Promise<BackTestAnswer>;
  silences(): readonly AlertSilence[];
  saveSilence(silence: AlertSilence): Promise<void>;
  deleteSilence(id: string): Promise<void>;
  channels(): readonly AlertChannel[];
  saveChannel(channel: ChannelDraft, ifVersion: number | null): Promise<AlertChannel>;
  deleteChannel(id: string): Promise<void>;
  testChannel(id: string, by: string): Promise<ChannelTestResult>;
  route(): AlertRoute;
  saveRoute(route: AlertRoute): Promise<void>;
  inhibitions(): readonly AlertInhibition[];
  saveInhibitions(inhibitions: readonly AlertInhibition[]): Promise<void>;
  episodes(query: EpisodeQuery): Promise<EpisodePage>;
  episode(id: string): Promise<AlertEpisode>;
  /** Of an episode that goes on. Rejects with `NOT_FOUND`, `CONFLICT` when it is over. */
  acknowledge(episodeId: string, by: string, note: string): Promise<AlertEpisode>;
  unacknowledge(episodeId: string, by: string): Promise<AlertEpisode>;
  /** @param until ms epoch */
  snooze(episodeId: string, by: string, until: number): Promise<AlertEpisode>;
  note(episodeId: string, by: string, text: string): Promise<AlertEpisode>;
  /** Ends it by hand; it fires anew when it breaches again after having been in range. */
  resolve(episodeId: string, by: string): Promise<AlertEpisode>;
  outbox(query: OutboxQuery): Promise<readonly OutboxRow[]>;
  retry(outboxId: number): Promise<OutboxRow>;
  /** Of a notice that was given up. Rejects with `NOT_FOUND`, `CONFLICT` for one that was not. */
  dismiss(outboxId: number): Promise<OutboxRow>;
  /** Hears of what happens; returns how to stop. Must not throw. */
  listen(listener: (happening: AlertHappening) => void): () => void;
  close(): Promise<void>;
}
