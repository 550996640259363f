import type { ChannelType, Notice } from "@wsight/protocol";
import type { LeasedNotice } from "../../desk/alert-tables.ts";
import { CHANNEL_KINDS } from "../channel-kinds.ts";

const HOUR_MS = 3_600_000;
/** More of one channel in an hour are not told through the others: all are listed among the dead letters. */
const MOST_AN_HOUR = 20;

/** The channel that could not tell it; `type` is `null` when it could not be read. */
export interface LostChannel {
  readonly id: string;
  readonly name: string;
  readonly type: ChannelType | null;
}

/** Counts what is told of each channel that fails, so that its failure floods nobody. */
export class UndeliverableLimit {
  readonly #told = new Map<string, { sinceAt: number; count: number }>();

  /** `yes`, `last` (say that nothing more comes this hour) or `no`. */
  next(channelId: string, now: number): "yes" | "last" | "no" {
    const told = this.#told.get(channelId);
    if (told === undefined || now - told.sinceAt >= HOUR_MS) {
      this.#told.set(channelId, { sinceAt: now, count: 1 });
      return "yes";
    }
    told.count++;
    return told.count > MOST_AN_HOUR ? "no" : told.count === MOST_AN_HOUR ? "last" : "yes";
  }
}

/** True for notices whose loss is told through other channels. */
export function worthTelling({ notice }: LeasedNotice): boolean {
  return notice.kind !== "undeliverable" && notice.kind !== "test";
}

/** Says through another channel what could not be told through this one. */
export function undeliverableNotice(
  channel: LostChannel,
  lost: readonly [Notice, ...Notice[]],
  reason: string,
  { now, last }: { readonly now: number; readonly last: boolean },
): Notice {
  const [first, ...others] = lost;
  const through = channel.type === null ? channel.name : `${channel.name} (${CHANNEL_KINDS[channel.type].title})`;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  const lines = [
    `Nothing got through: ${reason}`,
    ...lost.slice(1, 10).map(({ summary }) => `Also: ${summary}`),
    ...(first.description === "" ? [] : [first.description]),
    ...(last ? [`More of this channel are not told this hour; all are listed under Alerts, Channels.`] : []),
  ];
  return {
    ...first,
    kind: "undeliverable",
    episodeId: null,
    seq: 0,
    fingerprint: null,
    severity: lost.some(({ severity }) => severity === "critical") ? "critical" : "warning",
    labels: { ...first.labels, channel: channel.name },
    summary: `Not delivered through ${through}: ${first.summary}${more}`,
    description: lines.join("\n"),
    at: now,
  };
}
