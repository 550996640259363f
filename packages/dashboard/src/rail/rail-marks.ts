import type { HistoryEvent, HistoryEventKind } from "@wsight/protocol";
import { count, join } from "../format/quantity.ts";
import type { RailScale } from "./rail-scale.ts";

/** Events that are marked on the rail. */
export const MARKED_KINDS: readonly HistoryEventKind[] = ["node.started", "node.gone", "test.started", "alert.fired"];

/** A mark is looked at with so much time before and after it, ms. */
export const AROUND_MARK_MS = 900_000;

/** How a mark looks; the worst of several that stand together. */
export type MarkShape = "diamond" | "ring" | "flag" | "triangle" | "disc";

const WORDS: Readonly<Record<MarkShape, readonly [one: string, many: string]>> = {
  diamond: ["process started", "processes started"],
  ring: ["process ended", "processes ended"],
  flag: ["test", "tests"],
  triangle: ["alert", "alerts"],
  disc: ["critical alert", "critical alerts"],
};
const WORST_LAST: readonly MarkShape[] = ["ring", "diamond", "flag", "triangle", "disc"];

/** Something that happened, or several things too close together to tell apart. */
export interface Mark {
  /** Of the first of them, ms epoch. */
  readonly at: number;
  readonly shape: MarkShape;
  /** `2 processes started, 1 test`. */
  readonly label: string;
}

/** Marks at least so far apart have their own place. */
const APART_PX = 24;

/** Events as marks, oldest first, those too close to be pointed at one by one together. */
export function marksOf(events: readonly HistoryEvent[], scale: RailScale): readonly Mark[] {
  // The end of a long rail stands still until now is half a pixel further; what began meanwhile is marked at once.
  const toAt = scale.toAt + Math.max(1000, scale.perPx);
  const seen = events.filter(({ at }) => at >= scale.fromAt && at <= toAt).toSorted((a, b) => a.at - b.at);
  const groups: HistoryEvent[][] = [];
  for (const event of seen) {
    const group = groups.at(-1);
    const first = group?.[0];
    if (group !== undefined && first !== undefined && scale.xOf(event.at) - scale.xOf(first.at) < APART_PX)
      group.push(event);
    else groups.push([event]);
  }
  return groups.map((group) => {
    const counts = new Map<MarkShape, number>();
    for (const event of group) counts.set(shapeOf(event), (counts.get(shapeOf(event)) ?? 0) + 1);
    const shapes = WORST_LAST.filter((shape) => counts.has(shape));
    const words = shapes.map((shape) => {
      const n = counts.get(shape) ?? 0;
      const [alone] = group;
      // An alert by itself says which.
      if (group.length === 1 && alone?.kind === "alert.fired") return `${WORDS[shape][0]}: ${alone.text}`;
      return n === 1 ? `1 ${WORDS[shape][0]}` : `${join(count(n))} ${WORDS[shape][1]}`;
    });
    return { at: group[0]?.at ?? 0, shape: shapes.at(-1) ?? "diamond", label: words.reverse().join(", ") };
  });
}

function shapeOf({ kind, attributes }: HistoryEvent): MarkShape {
  if (kind === "alert.fired") return attributes.severity === "critical" ? "disc" : "triangle";
  if (kind === "test.started") return "flag";
  return kind === "node.gone" ? "ring" : "diamond";
}

/** The next mark after an instant, or the one before it. @param slackMs marks this near to it are where one is already */
export function nextMark(marks: readonly Mark[], at: number, way: 1 | -1, slackMs: number): Mark | null {
  return (
    (way > 0 ? marks.find((mark) => mark.at > at + slackMs) : marks.findLast((mark) => mark.at < at - slackMs)) ?? null
  );
}
