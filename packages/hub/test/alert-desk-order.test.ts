import { orderOutbox, type WaitingNotice } from "@wsight/hub";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const NOW = 1_000_000;

/** A channel's and episode's notices, in any state, as they may lie in the outbox. */
const outbox = fc
  .array(
    fc.record({
      ours: fc.boolean(),
      channelId: fc.constantFrom("chat", "mail"),
      groupKey: fc.constantFrom("a", "b", "c"),
      intervalMs: fc.constantFrom(0, 60_000),
      episodeId: fc.constantFrom("E1", "E2", null),
      leasedUntil: fc.constantFrom(null, null, NOW - 5, NOW + 5_000),
      attempts: fc.constantFrom(0, 0, 1, 3),
      nextAt: fc.integer({ min: NOW - 90_000, max: NOW + 90_000 }),
    }),
    { maxLength: 40 },
  )
  .map((notices) => notices.map((notice, index): WaitingNotice => ({ id: index + 1, ...notice })));
const told = fc.dictionary(fc.constantFrom("chat a", "chat b", "mail a"), fc.integer({ min: NOW - 90_000, max: NOW }));

const isLeased = ({ leasedUntil }: WaitingNotice): boolean => leasedUntil !== null && leasedUntil > NOW;

describe("the order of what is told", () => {
  it("never passes over an earlier notice of the same episode and channel, whatever lies in the outbox", () => {
    fc.assert(
      fc.property(outbox, told, (notices, sentAt) => {
        for (const group of orderOutbox(notices, (channel, key) => sentAt[`${channel} ${key}`] ?? null, NOW)) {
          for (const id of group.ids) {
            const notice = notices[id - 1] as WaitingNotice;
            expect(notice).toMatchObject({ ours: true, channelId: group.channelId, groupKey: group.groupKey });
            expect(isLeased(notice)).toBe(false);
            const earlier = notices.filter(
              (other) => other.id < id && other.channelId === notice.channelId && other.episodeId === notice.episodeId,
            );
            if (notice.episodeId !== null)
              expect(group.ids).toEqual(expect.arrayContaining(earlier.map((one) => one.id)));
          }
          expect([...group.ids].sort((a, b) => a - b)).toEqual(group.ids);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("tells everything in the end, each notice once, when each try succeeds", () => {
    fc.assert(
      fc.property(outbox, (all) => {
        let waiting: readonly WaitingNotice[] = all.map((notice) => ({ ...notice, ours: true }));
        let now = NOW;
        const seen: number[] = [];
        for (let turn = 0; waiting.length > 0 && turn < 200; turn++) {
          const [first] = orderOutbox(waiting, () => null, now);
          if (first === undefined) now += 10_000;
          else {
            now = Math.max(now, first.dueAt);
            seen.push(...first.ids);
            waiting = waiting.filter(({ id }) => !first.ids.includes(id));
          }
        }
        expect(seen.sort((a, b) => a - b)).toEqual(all.map(({ id }) => id));
      }),
      { numRuns: 300 },
    );
  });
});
