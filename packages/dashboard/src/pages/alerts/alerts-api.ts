import {
  type AlertChannel,
  type AlertEpisode,
  type AlertInhibition,
  type AlertRoute,
  type AlertRule,
  type AlertSilence,
  asFields,
  asList,
  asText,
  type ChannelForm,
  type ChannelTestResult,
  type EpisodePage,
  type OutboxRow,
} from "@wsight/protocol";
import type { HubAsk } from "./hub-ask.ts";

/** A silence and its window: the one that is on, else the next; `null` when it is over. */
export interface ShownSilence extends AlertSilence {
  readonly active: boolean;
  readonly fromAt: number | null;
  readonly toAt: number | null;
}

/** What a silence is made of. */
export type SilenceDraft = Omit<AlertSilence, "id" | "createdBy" | "createdAt">;

/** What a channel is made of; secrets that are left out stay, `null` takes one away. */
export interface ChannelDraft extends Pick<AlertChannel, "name" | "type" | "enabled" | "config"> {
  readonly secrets: Readonly<Record<string, string | null>>;
}

/** Which episodes. */
interface HistoryQuery {
  readonly fromAt: number;
  readonly toAt: number;
  /** Id of a rule; empty for all. */
  readonly rule: string;
  /** `next` of the page before; empty for the first. */
  readonly before: string;
}

/** What can be done to an alert that fires, beside notes. */
type AlertAct = "ack" | "unack" | "snooze" | "note" | "resolve";

/** Questions about alerts, and what administrators may change. All throw as `HubAsk` does. */
export interface AlertsApi {
  rules(signal: AbortSignal): Promise<readonly AlertRule[]>;
  history(query: HistoryQuery, signal: AbortSignal): Promise<EpisodePage>;
  episode(id: string, signal: AbortSignal): Promise<AlertEpisode>;
  /** @param body `{ note? }` · `{}` · `{ forSec }` · `{ text }` · `{}` */
  act(episodeId: string, act: AlertAct, body: object): Promise<void>;
  silences(signal: AbortSignal): Promise<readonly ShownSilence[]>;
  /** @param id `null` for a new one */
  saveSilence(id: string | null, draft: SilenceDraft): Promise<void>;
  deleteSilence(id: string): Promise<void>;
  channelForms(signal: AbortSignal): Promise<readonly ChannelForm[]>;
  channels(signal: AbortSignal): Promise<readonly AlertChannel[]>;
  /** @param known what is replaced; `null` for a new one */
  saveChannel(known: Pick<AlertChannel, "id" | "version"> | null, draft: ChannelDraft): Promise<AlertChannel>;
  deleteChannel(id: string): Promise<void>;
  /** Sends a notice, and waits for what comes of it. */
  testChannel(id: string): Promise<ChannelTestResult>;
  route(signal: AbortSignal): Promise<AlertRoute>;
  saveRoute(route: AlertRoute): Promise<void>;
  inhibitions(signal: AbortSignal): Promise<readonly AlertInhibition[]>;
  saveInhibitions(inhibitions: readonly AlertInhibition[]): Promise<void>;
  /** Notices that were given up. */
  deadLetters(signal: AbortSignal): Promise<readonly OutboxRow[]>;
  /** Notices of one episode. */
  notices(episodeId: string, signal: AbortSignal): Promise<readonly OutboxRow[]>;
  retry(outboxId: number): Promise<void>;
  /** Keeps a notice that was given up as seen. */
  dismiss(outboxId: number): Promise<void>;
}

const BAD = "BAD_FRAME";
const MOST = 1000;
/** Episodes of a page of history. */
const PAGE = 50;

/** Puts questions into words for `ask`. */
export function createAlertsApi(ask: HubAsk): AlertsApi {
  // Answers are looked at down to their outer shape only: the hub made them.
  async function list<Row>(path: string, name: string, signal: AbortSignal): Promise<readonly Row[]> {
    const fields = asFields(BAD, path, await ask("GET", path, { signal }));
    return asList(BAD, name, fields[name], MOST) as readonly Row[];
  }
  const one = (path: string, id: string): string => `${path}/${encodeURIComponent(id)}`;
  return {
    rules: (signal) => list<AlertRule>("rules", "rules", signal),
    async history({ fromAt, toAt, rule, before }, signal) {
      const query = new URLSearchParams({ from: String(fromAt), to: String(toAt), limit: String(PAGE) });
      if (rule !== "") query.set("rule", rule);
      if (before !== "") query.set("before", before);
      const fields = asFields(BAD, "history", await ask("GET", `history?${query}`, { signal }));
      asList(BAD, "episodes", fields.episodes, MOST);
      return fields as unknown as EpisodePage;
    },
    async episode(id, signal) {
      const fields = asFields(BAD, "episode", await ask("GET", one("episodes", id), { signal }));
      asText(BAD, "id", fields.id);
      return fields as unknown as AlertEpisode;
    },
    async act(episodeId, act, body) {
      await ask("POST", `${one("episodes", episodeId)}/${act}`, { body });
    },
    silences: (signal) => list<ShownSilence>("silences", "silences", signal),
    async saveSilence(id, draft) {
      if (id === null) await ask("POST", "silences", { body: draft });
      else await ask("PUT", one("silences", id), { body: draft });
    },
    async deleteSilence(id) {
      await ask("DELETE", one("silences", id));
    },
    channelForms: (signal) => list<ChannelForm>("channel-types", "types", signal),
    channels: (signal) => list<AlertChannel>("channels", "channels", signal),
    async saveChannel(known, draft) {
      const saved =
        known === null
          ? await ask("POST", "channels", { body: draft })
          : await ask("PUT", one("channels", known.id), { body: draft, version: known.version });
      asText(BAD, "id", asFields(BAD, "channel", saved).id);
      return saved as AlertChannel;
    },
    async deleteChannel(id) {
      await ask("DELETE", one("channels", id));
    },
    async testChannel(id) {
      const fields = asFields(BAD, "test", await ask("POST", `${one("channels", id)}/test`, { body: {} }));
      asText(BAD, "reply", fields.reply, 4000);
      return fields as unknown as ChannelTestResult;
    },
    async route(signal) {
      const fields = asFields(BAD, "route", await ask("GET", "routes", { signal }));
      asList(BAD, "routes", fields.routes, MOST);
      return fields as unknown as AlertRoute;
    },
    async saveRoute(route) {
      await ask("PUT", "routes", { body: route });
    },
    inhibitions: (signal) => list<AlertInhibition>("inhibitions", "inhibitions", signal),
    async saveInhibitions(inhibitions) {
      await ask("PUT", "inhibitions", { body: { inhibitions } });
    },
    deadLetters: (signal) => list<OutboxRow>("outbox?state=dead&limit=100", "notices", signal),
    notices: (episodeId, signal) =>
      list<OutboxRow>(`outbox?episode=${encodeURIComponent(episodeId)}&limit=100`, "notices", signal),
    async retry(outboxId) {
      await ask("POST", `outbox/${outboxId}/retry`, { body: {} });
    },
    async dismiss(outboxId) {
      await ask("DELETE", `outbox/${outboxId}`);
    },
  };
}
