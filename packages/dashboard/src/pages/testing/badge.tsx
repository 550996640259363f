import type { TestSummary } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { type App, useApp } from "../../app-context.ts";
import { fade } from "../../charts/palette.ts";
import { createTestsApi } from "./tests-api.ts";
import { poll } from "./use-tests.ts";

const EVERY_MS = 5000;

/** Says beside the link that a test runs, and puts marks of tests on the time rail. */
export function TestingBadge(): VNode | null {
  const app = useApp();
  const api = useMemo(() => createTestsApi(new URL(document.baseURI), (input, init) => fetch(input, init)), []);
  const [running, setRunning] = useState(false);
  const connected = app.live.status.value.state === "live";
  useEffect(() => {
    if (!connected) return undefined;
    return poll(
      async (signal) => {
        const list = await api.list(signal);
        markTests(app, list.tests);
        setRunning(list.running !== null);
        return EVERY_MS;
      },
      // The page itself says what went wrong; the rail can do without.
      () => setRunning(false),
    );
  }, [app, api, connected]);
  if (!running) return null;
  return (
    <small class="nav-badge" data-tone="quiet">
      1<span class="sr-only"> test is running</span>
    </small>
  );
}

/** Tests that ended longer ago are not marked: the rail reaches back a month at most, ms. */
const MARKED_MS = 30 * 86_400_000;
/** From the top of the rail to its curve, and from there to its foot, px. */
const [TOP, BOTTOM] = [18, 20];

/** Marks on the time rail when tests were run: a bar over the time of each, and a tint under it. */
export function markTests(app: App, tests: readonly TestSummary[]): void {
  const from = app.live.now.peek() - MARKED_MS;
  const marked = tests.filter(({ startedAt, endedAt }) => (endedAt ?? startedAt) >= from);
  app.railMarks.value = {
    label: marked.length === 0 ? "" : `, marked: ${marked.length} ${marked.length === 1 ? "test" : "tests"}`,
    draw({ ctx, height }, xOf) {
      const { accent } = app.palette.peek();
      for (const { startedAt, endedAt } of marked) {
        const x = xOf(startedAt);
        const wide = Math.max(2, xOf(endedAt ?? app.live.now.peek()) - x);
        ctx.fillStyle = accent;
        ctx.fillRect(x, TOP - 3, wide, 3);
        ctx.fillStyle = fade(accent, 0.12);
        ctx.fillRect(x, TOP, wide, height - TOP - BOTTOM);
      }
    },
  };
}
