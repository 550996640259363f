import type { Notice } from "@wsight/protocol";
import type { NoticeWords } from "./engine/alert-engine.ts";
import { composeNotice, composeSummary } from "./words/compose-notice.ts";

/** Gives the engine its words. @param publicUrl address that people reach the hub by, asked each time; `null` for not known yet */
export function createNoticeWords(publicUrl: () => string | null): NoticeWords {
  return {
    notice: (facts) => composeNotice(facts, { publicUrl: publicUrl() }),
    summary: (facts) => composeSummary(facts, { publicUrl: publicUrl() }),
  };
}

/** What a channel is sent to see whether it works. */
export function testNotice(channel: string, at: number): Notice {
  const name = `Test of ${channel}`;
  return {
    kind: "test",
    episodeId: null,
    seq: 0,
    fingerprint: null,
    ruleId: null,
    name,
    severity: "warning",
    labels: {},
    summary: `${name}: wsight can reach this channel`,
    description: "Somebody asked for this test. Nothing has happened.",
    metric: "",
    unit: "",
    value: null,
    limit: null,
    peak: null,
    firedAt: null,
    endedAt: null,
    endReason: null,
    culprits: [],
    runbookUrl: "",
    url: "",
    at,
  };
}
