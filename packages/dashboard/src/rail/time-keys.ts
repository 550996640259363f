import type { App } from "../app-context.ts";
import type { TimeRange } from "../state/index.ts";
import { AROUND_MARK_MS, type Mark, nextMark } from "./rail-marks.ts";

/** A window whose middle is this near to a mark shows it already, ms. */
const THERE_MS = 2000;

/** What the keys work on. */
export interface TimeKeyParts {
  readonly shown: () => TimeRange;
  readonly marks: () => readonly Mark[];
}

/** Moves what is shown; at the end of the rail it is live again. */
export function stepBy(app: App, { fromAt, toAt }: TimeRange, byMs: number): void {
  const now = app.live.now.peek();
  if (byMs > 0 && toAt + byMs >= now) app.time.goLive();
  else app.time.lookAt({ fromAt: fromAt + byMs, toAt: toAt + byMs });
}

/** Keys that move through time on every page. Returns how to take them back. */
export function registerTimeKeys(app: App, { shown, marks }: TimeKeyParts): () => void {
  const pan = (halves: number) => () => stepBy(app, shown(), ((shown().toAt - shown().fromAt) / 2) * halves);
  const zoom = (factor: number) => () => {
    const { fromAt, toAt } = shown();
    const away = app.route.range.peek() !== null;
    const lengthMs = (toAt - fromAt) * factor;
    // What ends now goes on ending now.
    const end = away ? (fromAt + toAt) / 2 + lengthMs / 2 : toAt;
    app.time.lookAt({ fromAt: end - lengthMs, toAt: end });
  };
  const toMark = (way: 1 | -1) => () => {
    const { fromAt, toAt } = shown();
    const away = app.route.range.peek() !== null;
    const mark = nextMark(marks(), away ? (fromAt + toAt) / 2 : app.live.now.peek(), way, THERE_MS);
    if (mark === null) app.say(way > 0 ? "No later mark" : "No earlier mark");
    else app.time.lookAt({ fromAt: mark.at - AROUND_MARK_MS, toAt: mark.at + AROUND_MARK_MS });
  };
  const keys = [
    { keys: ["["], label: "Half a window earlier", run: pan(-1) },
    { keys: ["]"], label: "Half a window later", run: pan(1) },
    { keys: ["+", "="], label: "Look closer", run: zoom(0.5) },
    { keys: ["-"], label: "Look from further away", run: zoom(2) },
    { keys: ["n"], label: "Next mark on the rail", run: toMark(1) },
    { keys: ["p"], label: "Mark before", run: toMark(-1) },
  ];
  const removals = keys.map((shortcut) => app.keyboard.register({ group: "Time", ...shortcut }));
  return () => {
    for (const remove of removals) remove();
  };
}
