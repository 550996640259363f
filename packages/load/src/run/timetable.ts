import type { LoadPlan, LoadShape } from "@wsight/protocol";

/** Something that happens to connections `from` up to but not including `to`, `at` ms after the start. */
export interface Move {
  readonly type: "open" | "close" | "cut";
  readonly at: number;
  readonly from: number;
  readonly to: number;
  /** ms over which it is spread, evenly. */
  readonly overMs: number;
}

/** What happens when, in ms after the start. */
export interface Timetable {
  /** In the order of their times. */
  readonly moves: readonly Move[];
  /** Before this nobody sends. */
  readonly messagesFrom: number;
  /** From here on nobody sends. */
  readonly endsAt: number;
}

/** The timetable of a plan. */
export function timetableOf(plan: LoadPlan): Timetable {
  return SHAPES[plan.shape](plan.connections, plan.rampSeconds * 1000, plan.durationSeconds * 1000);
}

type Shape = (connections: number, rampMs: number, durationMs: number) => Timetable;

const steady: Shape = (connections, rampMs, durationMs) => ({
  moves: [{ type: "open", at: 0, from: 0, to: connections, overMs: rampMs }],
  messagesFrom: rampMs,
  endsAt: rampMs + durationMs,
});

const SHAPES: Readonly<Record<LoadShape, Shape>> = {
  steady,
  soak: steady,
  "broadcast-lag": steady,
  ramp: (connections, _rampMs, durationMs) => ({
    moves: [{ type: "open", at: 0, from: 0, to: connections, overMs: durationMs }],
    messagesFrom: 0,
    endsAt: durationMs,
  }),
  spike: (connections, rampMs, durationMs) => {
    const third = Math.max(1, Math.ceil(connections / 3));
    const spike = { from: third, to: connections, overMs: 0 };
    return {
      moves: [
        { type: "open", at: 0, from: 0, to: third, overMs: rampMs },
        { type: "open", at: rampMs + durationMs / 3, ...spike },
        { type: "close", at: rampMs + (durationMs * 2) / 3, ...spike },
      ],
      messagesFrom: rampMs,
      endsAt: rampMs + durationMs,
    };
  },
  "reconnect-storm": (connections, rampMs, durationMs) => {
    const at = rampMs + durationMs / 2;
    const all = { at, from: 0, to: connections, overMs: 0 };
    return {
      moves: [
        { type: "open", at: 0, from: 0, to: connections, overMs: rampMs },
        { type: "cut", ...all },
        { type: "open", ...all },
      ],
      messagesFrom: rampMs,
      endsAt: rampMs + durationMs,
    };
  },
};
