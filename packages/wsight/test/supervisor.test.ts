import { once } from "node:events";
import type { MessagePort } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { backoffMs } from "../dist/backoff.js";
import { createHubSupervisor, type HubEvent, type HubSupervisor } from "../dist/hub-supervisor.js";

const entry = new URL("./fixtures/failing-hub.mjs", import.meta.url);
const open: HubSupervisor[] = [];

afterEach(async () => {
  for (const name of Object.keys(process.env)) if (name.startsWith("FAILURE_")) delete process.env[name];
  await Promise.all(open.splice(0).map((supervisor) => supervisor.close()));
});

interface Told {
  readonly restarts: { readonly count: number; readonly last: string | null };
  readonly port: number;
  readonly code: string | null;
}

function supervise(failures: Readonly<Record<string, string>>) {
  for (const [life, failure] of Object.entries(failures)) process.env[`FAILURE_${life}`] = failure;
  const events: HubEvent[] = [];
  const links: Promise<Told>[] = [];
  let up: () => void = () => undefined;
  const supervisor = createHubSupervisor({
    entry,
    hub: { port: 0, dashboardDir: "" },
    code: "a-code",
    link: (port: MessagePort) => {
      links.push(once(port, "message").then(([told]) => told as Told));
      return () => port.close();
    },
    authenticate: async () => null,
    onTrouble: () => undefined,
    onEvent: (event) => {
      events.push(event);
      if (event.type === "up") up();
    },
  });
  open.push(supervisor);
  const nextUp = (): Promise<void> =>
    new Promise((resolve) => {
      up = resolve;
    });
  return { supervisor, events, links, nextUp };
}

describe("a hub that fails", () => {
  it.each([
    ["throw", "Error: something broke"],
    ["exit", "exit code 3"],
    ["reject", "TypeError: nobody caught this"],
  ])("by %s is started again on its port, and is told why", async (failure, reason) => {
    const { supervisor, events, links, nextUp } = supervise({ 0: failure });
    await supervisor.start();
    await nextUp();
    expect(events[0]).toMatchObject({ type: "down", reason });
    expect(events[1]).toMatchObject({ type: "up", restarts: 1 });
    expect(await links[0]).toEqual({ restarts: { count: 0, last: null }, port: 0, code: "a-code" });
    expect(await links[1]).toEqual({ restarts: { count: 1, last: reason }, port: 4242, code: "a-code" });
  });

  it("again and again waits longer each time, also when it fails before it listens", async () => {
    const { supervisor, events, nextUp } = supervise({ 0: "throw", 1: "throw at start", 2: "exit" });
    await supervisor.start();
    await nextUp();
    await nextUp();
    const waits = events.flatMap((event) => (event.type === "down" ? [event.retryInMs] : []));
    expect(waits).toHaveLength(3);
    for (const [i, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(250 * 2 ** i * 0.75);
      expect(wait).toBeLessThanOrEqual(250 * 2 ** i * 1.25);
    }
  });

  it("at its very first start rejects with the reason, and is not started again", async () => {
    const { supervisor, events } = supervise({ 0: "throw at start" });
    await expect(supervisor.start()).rejects.toThrow("The hub ended before it listened: Error: no luck");
    expect(events).toEqual([]);
  });

  it("while it is being closed is not started again", async () => {
    const { supervisor, events } = supervise({ 0: "exit" });
    await supervisor.start();
    await Promise.all([supervisor.close(), supervisor.close()]);
    expect(events.filter(({ type }) => type === "up")).toEqual([]);
  });
});

describe("the pause before a restart", () => {
  it("doubles from 0.25 s to 30 s, a quarter more or less", () => {
    expect([0, 1, 2, 6, 7, 50].map((attempt) => backoffMs(attempt, () => 0.5))).toEqual([
      250, 500, 1000, 16_000, 30_000, 30_000,
    ]);
    expect(backoffMs(0, () => 0)).toBe(187.5);
    expect(backoffMs(0, () => 0.999999)).toBeCloseTo(312.5, 2);
  });
});
