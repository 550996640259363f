import { performance } from "node:perf_hooks";
import { createProbe } from "@wsight/probe";
import { expect, onTestFinished, test } from "vitest";
import { askingHub } from "./asking.ts";

const CONNECTIONS = 20_000;
/** Between two looks there are turns by the hundred. Without a bound each turn has a look in it. */
const FEW = 0.3;

/**
 * Turns the event loop as a busy application does, and tells which part of its turns had to wait. Told by turns and
 * CPU time, since a busy machine takes time from this process that nobody here has used.
 */
async function watchTurns(ms: number): Promise<number> {
  const from = performance.now();
  let before = process.cpuUsage();
  let turns = 0;
  let waited = 0;
  while (performance.now() - from < ms) {
    await new Promise((resolve) => setImmediate(resolve));
    const { user, system } = process.cpuUsage(before);
    turns++;
    if (user + system > 500) waited++;
    before = process.cpuUsage();
  }
  return waited / turns;
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
  // What may be asked at once is used up first, which takes longer the less of the machine there is.
  let taken = 1;
  let answers = 0;
  for (let round = 0; round < 25 && taken >= FEW; round++) {
    const answered = searches;
    taken = await watchTurns(2000);
    answers = searches - answered;
  }
  stopped = true;
  await Promise.all(loops);
  expect(answers).toBeGreaterThan(0);
  expect(taken).toBeLessThan(FEW);
}, 90_000);
