import { performance } from "node:perf_hooks";
import { createProbe } from "@wsight/probe";
import { expect, onTestFinished, test } from "vitest";
import { askingHub } from "./asking.ts";

const CONNECTIONS = 20_000;

/** CPU time of this process so far, ms: what a busy machine takes from it is nobody's doing here. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Turns the event loop as a busy application does, and tells which part of the time its turns had to wait. */
async function watchTurns(ms: number): Promise<number> {
  const from = performance.now();
  let before = cpuMs();
  let waited = 0;
  while (performance.now() - from < ms) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = cpuMs();
    if (now - before > 0.5) waited += now - before;
    before = now;
  }
  return waited / (performance.now() - from);
}

test("hubs that never stop asking get a part of the event loop, not all of it", async () => {
  const probe = createProbe({ service: "chat" });
  onTestFinished(() => probe.close());
  for (let i = 0; i < CONNECTIONS; i++) probe.trackConnectionOpened({ connectionId: `c${i}` });
  const hub = askingHub(probe);
  onTestFinished(() => hub.close());
  let stopped = false;
  let searches = 0;
  // Each another search, so that none is answered from the one before.
  const loop = async (): Promise<void> => {
    while (!stopped) await hub.page({ sort: "id", offset: 1000, filter: { text: [`${searches++}`] } });
  };
  const loops = [loop(), loop(), loop()];
  // What may be asked at once is used up by then.
  await watchTurns(12_000);
  const answered = searches;
  const taken = await watchTurns(2000);
  const answers = searches - answered;
  stopped = true;
  await Promise.all(loops);
  expect(answers).toBeGreaterThan(0);
  // A third, and what the hub of this test does with the answers. Without a bound it is nine tenths.
  expect(taken).toBeLessThan(0.6);
}, 90_000);
