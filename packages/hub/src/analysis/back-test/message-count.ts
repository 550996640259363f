import type { NoticeDraft } from "../../alerts/commit.ts";

interface Group {
  /** When its next message goes; `null` while nothing waits. */
  dueAt: number | null;
  /** When its last one went. */
  sentAt: number;
}

/** Counts the messages that notices make, grouped as their route says. Notices must come in the order of their times. */
export class MessageCount {
  readonly #groups = new Map<string, Group>();
  #count = 0;

  /** Messages, those that are still to go included. */
  get count(): number {
    return this.#count;
  }

  add({ groupKey, groupWaitSec, groupIntervalSec, notice }: NoticeDraft): void {
    const group = this.#groups.get(groupKey) ?? { dueAt: null, sentAt: Number.NEGATIVE_INFINITY };
    this.#groups.set(groupKey, group);
    if (group.dueAt !== null && notice.at < group.dueAt) return;
    if (group.dueAt !== null) group.sentAt = group.dueAt;
    group.dueAt = Math.max(notice.at + groupWaitSec * 1000, group.sentAt + groupIntervalSec * 1000);
    this.#count++;
  }
}
