import type {
  AlertChannel,
  AlertInhibition,
  AlertRoute,
  AlertSilence,
  AlertSuppression,
  Notice,
} from "@wsight/protocol";
import type { NoticeDraft } from "../commit.ts";
import { compileInhibitions, createInhibitors, type Inhibitors } from "./inhibitors.ts";
import { createRoutes, DEFAULT_ROUTE } from "./routes.ts";
import { createSilences } from "./silences.ts";
import { type AlertSubject, labelsOfNotice } from "./subject.ts";

/** What a plan is made of, as it is kept. */
export interface PlanSetup {
  readonly silences: readonly AlertSilence[];
  readonly channels: readonly Pick<AlertChannel, "id" | "enabled">[];
  /** `null`: never set, see `DEFAULT_ROUTE`. */
  readonly route: AlertRoute | null;
  /** `null`: never set, see `DEFAULT_INHIBITIONS`. */
  readonly inhibitions: readonly AlertInhibition[] | null;
}

/** Who is told of what, and when nobody is. Made anew when anything of its setup changes. */
export interface Plan {
  /**
   * Silences and maintenance windows that are in force for a subject at a moment (ms epoch), and what inhibits it of
   * `firing`. Cheap: clocks are looked at only when a window begins or ends.
   */
  suppressions(subject: AlertSubject, at: number, firing: Inhibitors): readonly AlertSuppression[];
  /** An empty list of what fires, for {@link Plan.suppressions}. Tell it of all that fires, then ask. */
  inhibitors(): Inhibitors;
  /** One draft for each channel that is to be told; none when there is no channel. */
  drafts(notice: Notice): readonly NoticeDraft[];
  /** When the next window begins or ends, ms epoch, a day ahead at most; `null` without silences. */
  nextChangeAt(at: number): number | null;
  /** What of the setup could not be used, one sentence each. */
  readonly troubles: readonly string[];
}

/** Inhibitions while nobody set any: without workers for what waits a queue grows, and of a process that is silent nothing is known. */
export const DEFAULT_INHIBITIONS: readonly AlertInhibition[] = [
  {
    source: [{ label: "rule", op: "=", value: "no-active-workers" }],
    target: [{ label: "rule", op: "=~", value: "queue-length|job-processing-time|no-workers" }],
    equal: ["queue"],
  },
  {
    source: [{ label: "rule", op: "=", value: "process-silent" }],
    target: [{ label: "rule", op: "!=", value: "process-silent" }],
    equal: ["node"],
  },
];

/** Never throws: what can't be read is left out, and named in `troubles`. */
export function createPlan(setup: PlanSetup): Plan {
  const silences = createSilences(setup.silences);
  const routes = createRoutes(setup.route ?? DEFAULT_ROUTE, setup.channels);
  const troubles = [...silences.troubles, ...routes.troubles];
  const inhibitions = compileInhibitions(setup.inhibitions ?? DEFAULT_INHIBITIONS, troubles);
  return {
    troubles,
    suppressions(subject, at, firing) {
      const silenced = silences.of(subject, at);
      const id = firing.of(subject);
      return id === null ? silenced : [...silenced, { by: "inhibition", id }];
    },
    inhibitors: () => createInhibitors(inhibitions),
    drafts(notice) {
      return routes
        .waysOf(labelsOfNotice(notice))
        .map((way) => ({ ...way, dedupeKey: dedupeKeyOf(notice, way.channelId), notice }));
    },
    nextChangeAt: (at) => silences.nextChangeAt(at),
  };
}

/** What is not of an episode is told once for its moment. */
function dedupeKeyOf({ episodeId, ruleId, kind, seq, at }: Notice, channelId: string): string {
  return episodeId === null
    ? `${ruleId ?? "hub"}.${kind}.${at}.${channelId}`
    : `${episodeId}.${kind}.${seq}.${channelId}`;
}
