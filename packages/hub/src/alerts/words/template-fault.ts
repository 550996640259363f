import type { AlertRule } from "@wsight/protocol";
import { checkTemplate, parseTemplate } from "./template.ts";
import type { NoticeFacts } from "./vocabulary.ts";
import { vocabularyOf } from "./vocabulary.ts";

/** Says what is wrong with a rule's template before it is saved; `null` for nothing. */
export function templateFault(template: string, rule: AlertRule): string | null {
  try {
    checkTemplate(parseTemplate(template), vocabularyOf(sampleFacts(rule), "", ""));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** One of everything, so that each name can be found. */
function sampleFacts(rule: AlertRule): NoticeFacts {
  return {
    kind: "firing",
    rule,
    state: {
      fingerprint: "",
      ruleId: rule.id,
      ruleVersion: rule.version,
      labels: { node: "shop/1" },
      status: "firing",
      level: "warning",
      limit: null,
      activeAt: 0,
      firedAt: 0,
      recoverAt: null,
      lowerAt: null,
      value: 1,
      sampleAt: 0,
      evaluatedAt: 0,
      stale: false,
      peak: 1,
      peakAt: 0,
      episodeId: "",
      transitions: [],
      flappingAt: null,
      holds: 0,
      ack: null,
      snoozeUntil: null,
      told: { firing: false, level: null, seq: 0, at: null, repeats: 0 },
      culprits: [{ label: "node", name: "shop/1", value: 1 }],
    },
    at: 0,
    seq: 1,
    episodeId: "",
    severity: "warning",
    limit: null,
    activeAt: 0,
    firedAt: 0,
    endedAt: null,
    endReason: null,
    unit: "",
    error: "",
  };
}
