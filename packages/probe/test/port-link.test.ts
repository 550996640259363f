import { MessageChannel, type MessagePort } from "node:worker_threads";
import { createPortLink, createProbe, MAX_UNACKNOWLEDGED } from "@wsight/probe";
import { decodeProbeFrame, encodeLinkText, type LinkMessage, type ProbeFrame } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { afterEach, expect, it, onTestFinished } from "vitest";
import { describeLink } from "./link-contract.ts";

describeLink("a port link", async () => {
  const { port1, port2 } = new MessageChannel();
  const received: LinkMessage[] = [];
  port2.on("message", (message: LinkMessage) => received.push(message));
  onTestFinished(() => port2.close());
  return {
    link: createPortLink(port1),
    received,
    say: (text) => port2.postMessage(text),
    leave: () => port2.close(),
  };
});

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A probe that reports every 100 ms to a hub which takes messages only when told to. */
function linked(): {
  probe: ReturnType<typeof createProbe>;
  port: MessagePort;
  frames: ProbeFrame[];
  listen: () => void;
} {
  const { port1, port2 } = new MessageChannel();
  const probe = createProbe({ service: "linked", intervalMs: 100 });
  probe.connect(createPortLink(port1));
  closers.push(() => {
    probe.close();
    port2.close();
  });
  const frames: ProbeFrame[] = [];
  const listen = (): void => {
    port2.on("message", (message: LinkMessage) => frames.push(decodeProbeFrame(message)));
  };
  return { probe, port: port2, frames, listen };
}

const snapshots = (frames: readonly ProbeFrame[]): ProbeFrame[] => frames.filter(({ type }) => type === "snapshot");

it("keeps a bounded number of messages on their way to a hub that hangs, and counts what it drops", async () => {
  const { probe, frames, listen } = linked();
  listen();
  await until(() => snapshots(frames).length === MAX_UNACKNOWLEDGED, { timeoutMs: 10_000, what: "the bound" });
  const atTheBound = frames.length;
  // Errors and names are told as text; they must not pass the bound either.
  for (let i = 0; i < 20; i++) probe.trackMessageSent(`event-${i}`);
  for (let i = 0; i < 20; i++) probe.trackError("Boom", "again");
  const { uptime_seconds } = probe.getSummary();
  const tenIntervals = (): boolean => probe.getSummary().uptime_seconds > uptime_seconds + 1;
  await until(tenIntervals, { timeoutMs: 5000, what: "ten more intervals" });
  expect(frames.length).toBe(atTheBound);
});

it("tells everything anew once the hub asks, with exact totals and the drops", async () => {
  const { probe, port, frames, listen } = linked();
  listen();
  await until(() => snapshots(frames).length === MAX_UNACKNOWLEDGED, { timeoutMs: 10_000, what: "the bound" });
  for (let i = 0; i < 7; i++) probe.trackMessageSent("late");
  probe.trackError("Boom", "while nobody listened");
  await until(() => probe.getSummary().messages.rate_1m > 0, { timeoutMs: 5000, what: "the next interval" });
  frames.length = 0;
  port.postMessage(encodeLinkText({ type: "resync", reason: "back again" }));
  await until(() => frames.some(({ type }) => type === "table"), { timeoutMs: 5000, what: "a full report" });

  expect(frames.map(({ type }) => type).slice(0, 3)).toEqual(["hello", "names", "snapshot"]);
  const names = frames.find((frame) => frame.type === "names");
  const snapshot = frames.find((frame) => frame.type === "snapshot");
  const counted = (metric: string, event?: string): number | undefined => {
    const named = names?.names.find(
      ({ series }) => series.metric.name === metric && (event === undefined || series.labels.event === event),
    );
    return snapshot?.counters.find(([id]) => id === named?.id)?.[1];
  };
  expect(snapshot?.keyframe).toBe(true);
  expect(counted("websocket.server.messages", "late")).toBe(7);
  expect(counted("wsight.probe.sink.dropped")).toBeGreaterThan(0);
  const errors = frames.find((frame) => frame.type === "table" && frame.table === "errors");
  expect(errors).toMatchObject({ total: 1, rows: [{ type: "Boom", message: "while nobody listened" }] });
});
