/** A notice that waits or is being sent, without what it says. */
export interface WaitingNotice {
  readonly id: number;
  /** True when this hub is to send it. */
  readonly ours: boolean;
  readonly channelId: string;
  readonly groupKey: string;
  /** ms between two messages of its group. */
  readonly intervalMs: number;
  readonly episodeId: string | null;
  /** When its lease runs out, ms epoch; `null` while nobody sends it. */
  readonly leasedUntil: number | null;
  readonly attempts: number;
  /** ms epoch. */
  readonly nextAt: number;
}

/** What can be told in one message. */
export interface WaitingGroup {
  readonly channelId: string;
  readonly groupKey: string;
  /** ms epoch. */
  readonly dueAt: number;
  /** Oldest first, at most {@link MOST_IN_MESSAGE}. */
  readonly ids: readonly number[];
}

/** Most notices of one message; further ones go with the next. */
const MOST_IN_MESSAGE = 100;

/**
 * Groups of notices that could be told, by the time they are due. Of each
 * channel and episode the order is kept: a notice waits while an earlier one is
 * being sent, or waits in another group. A group that was tried is due when its
 * next try is; another one with its first notice, and not before its interval
 * since its last message is over. While a channel is being sent to, its groups
 * are due when that lease runs out.
 *
 * @param notices in order of id
 * @param sentAt when a group of a channel was last told, ms epoch
 */
export function orderOutbox(
  notices: readonly WaitingNotice[],
  sentAt: (channelId: string, groupKey: string) => number | null,
  now: number,
): readonly WaitingGroup[] {
  const busy = busyChannels(notices, now);
  const groups = new Map<string, WaitingNotice[]>();
  for (const notice of unblocked(notices, now)) {
    const key = `${notice.channelId}\n${notice.groupKey}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [notice]);
    else group.push(notice);
  }
  const waiting = [...groups.values()].map((group): WaitingGroup => {
    const [{ channelId, groupKey, intervalMs }] = group as [WaitingNotice];
    const told = sentAt(channelId, groupKey);
    const dueAt = Math.max(dueOf(group), told === null ? 0 : told + intervalMs, busy.get(channelId) ?? 0);
    return { channelId, groupKey, dueAt, ids: group.slice(0, MOST_IN_MESSAGE).map(({ id }) => id) };
  });
  return waiting.sort((a, b) => a.dueAt - b.dueAt);
}

/** Channels that this hub, or the one before it, is sending to, and until when. */
function busyChannels(notices: readonly WaitingNotice[], now: number): ReadonlyMap<string, number> {
  const busy = new Map<string, number>();
  for (const notice of notices) {
    if (notice.ours && isLeased(notice, now)) {
      busy.set(notice.channelId, Math.max(busy.get(notice.channelId) ?? 0, notice.leasedUntil ?? 0));
    }
  }
  return busy;
}

function unblocked(notices: readonly WaitingNotice[], now: number): readonly WaitingNotice[] {
  /** Of each channel and episode: the group that may tell it; `null` when nobody else may. */
  const first = new Map<string, string | null>();
  return notices.filter((notice) => {
    const { ours, channelId, groupKey, episodeId } = notice;
    const free = ours && !isLeased(notice, now);
    if (episodeId === null) return free;
    const key = `${channelId}\n${episodeId}`;
    const group = first.get(key);
    const takes = free && (group === undefined || group === groupKey);
    first.set(key, takes ? groupKey : null);
    return takes;
  });
}

function isLeased({ leasedUntil }: WaitingNotice, now: number): boolean {
  return leasedUntil !== null && leasedUntil > now;
}

function dueOf(group: readonly WaitingNotice[]): number {
  const tried = group.filter(({ attempts }) => attempts > 0);
  if (tried.length === 0) return Math.min(...group.map(({ nextAt }) => nextAt));
  return Math.max(...tried.map(({ nextAt, leasedUntil }) => leasedUntil ?? nextAt));
}
