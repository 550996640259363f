import { MessageChannel } from "node:worker_threads";
import { createPortLink, createProbe, MAX_UNACKNOWLEDGED, type Probe } from "@wsight/probe";
import { encodeLinkText, type LinkMessage } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { createRecordingLink } from "./recording-link.ts";

const MESSAGES = "websocket.server.messages";

let probe: Probe | undefined;
afterEach(() => {
  probe?.close();
  probe = undefined;
});

function create(): Probe {
  probe = createProbe({ service: "shop", instance: "one", intervalMs: 100 });
  return probe;
}

describe("a link", () => {
  it("hears hello and everything there is when it connects, then what changes", async () => {
    const { trackMessageSent, connect } = bind(create());
    trackMessageSent("order");
    const link = createRecordingLink();
    connect(link);
    expect(link.hellos[0]).toMatchObject({ service: "shop", instance: "one", intervalMs: 100, pid: process.pid });
    expect(link.sum(MESSAGES, { event: "order" })).toBe(1);
    trackMessageSent("order");
    trackMessageSent("refund");
    await until(() => link.sum(MESSAGES) === 3, { what: "the next snapshot" });
    expect(link.labels(MESSAGES, "event")).toEqual(new Set(["order", "refund"]));
  });

  it("gets everything again when the hub asks, at once", () => {
    const { trackMessageSent, connect } = bind(create());
    const link = createRecordingLink();
    connect(link);
    trackMessageSent("order");
    link.say({ type: "resync", reason: "a gap" });
    expect(link.hellos).toHaveLength(2);
    expect(link.sum(MESSAGES)).toBe(1);
  });

  it("is told no value without its name when another takes nothing", async () => {
    const failures: unknown[] = [];
    probe = createProbe({ service: "shop", intervalMs: 100, onError: (error) => failures.push(error) });
    let accepting = true;
    const busy = { ...createRecordingLink(), send: () => accepting };
    const other = createRecordingLink();
    probe.connect(busy);
    probe.connect(other);
    accepting = false;
    probe.trackMessageSent("something new");
    await until(() => other.sum("wsight.probe.sink.dropped") > 1, { what: "the loss to be told" });
    expect(failures).toEqual([]);
  });

  it("gets everything no oftener than with the next snapshot when the hub asks on and on", async () => {
    const { trackMessageSent, connect } = bind(create());
    const link = createRecordingLink();
    connect(link);
    for (let i = 0; i < 500; i++) link.say({ type: "resync", reason: "again" });
    expect(link.hellos.length).toBeLessThanOrEqual(6);
    trackMessageSent("order");
    const told = link.hellos.length;
    await until(() => link.hellos.length > told && link.sum(MESSAGES) === 1, { what: "the next snapshot" });
  });

  it("that takes nothing for a while has exact totals again when it does, and the loss is counted", async () => {
    let accepting = true;
    const { trackMessageSent, connect } = bind(create());
    let refused = 0;
    const accept = (): boolean => {
      if (!accepting) refused++;
      return accepting;
    };
    const link = createRecordingLink({ accept });
    connect(link);
    accepting = false;
    for (let i = 0; i < 500; i++) trackMessageSent(`event ${i % 50}`, i);
    await until(() => refused >= 3, { what: "three refusals" });
    accepting = true;
    await until(() => link.sum(MESSAGES) === 500, { what: "a keyframe" });
    expect(link.histogram("websocket.server.message.latency", { source: "app" }).count).toBe(500);
    expect(link.sum("wsight.probe.sink.dropped")).toBeGreaterThanOrEqual(2);
  });

  it("has gapless sequence numbers, and a new epoch with counts from zero after reset", async () => {
    const { trackMessageSent, connect } = bind(create());
    const link = createRecordingLink();
    connect(link);
    trackMessageSent("order", 5);
    await until(() => link.seqs.length >= 4, { what: "four snapshots" });
    expect(link.seqs).toEqual(link.seqs.map((_, i) => i + 1));
    probe?.reset();
    await until(() => link.hellos.length === 2, { what: "hello of the new epoch" });
    const [before, after] = link.hellos;
    expect(after?.epoch).not.toBe(before?.epoch);
    expect(after?.startedAt).toBeGreaterThan(before?.startedAt ?? 0);
    await until(() => link.seqs.filter((seq) => seq === 1).length === 2, {
      what: "the first snapshot of the new epoch",
    });
    expect(link.sum(MESSAGES)).toBe(0);
    expect(link.histogram("websocket.server.message.latency", { source: "app" }).count).toBe(0);
  });

  it("counts faults of the probe from zero again after reset, as all else", async () => {
    const created = create();
    const link = createRecordingLink();
    created.connect(link);
    const fail = (): void =>
      created.disregard({
        get socket() {
          throw new Error("no socket");
        },
      });
    const told = (): number => link.sum("wsight.probe.hook.errors");
    for (let i = 0; i < 3; i++) fail();
    await until(() => told() === 3, { what: "three faults" });
    created.reset();
    await until(() => link.seqs.filter((seq) => seq === 1).length === 2, { what: "the new epoch" });
    fail();
    await until(() => told() > 0, { what: "a fault since" });
    expect(told()).toBe(1);
  });

  it("says bye when it ends, once, and hears nothing more", () => {
    const said: LinkMessage[] = [];
    let closed = 0;
    const { connect } = bind(create());
    const end = connect({ send: (message) => said.push(message) > 0, onFrame() {}, close: () => void closed++ });
    end();
    end();
    probe?.close();
    expect(said.filter((message) => typeof message === "string" && message.includes('"bye"'))).toHaveLength(1);
    expect(closed).toBe(1);
  });

  it("that fails to send does no harm to the others", async () => {
    const { trackMessageSent, connect } = bind(create());
    const link = createRecordingLink();
    connect(link);
    trackMessageSent("x");
    await until(() => link.sum(MESSAGES) === 1, { what: "a snapshot" });
  });
});

describe("a port link", () => {
  it("to a hub that never acknowledges stays bounded, counts what it drops, and recovers by resync", async () => {
    const { port1, port2 } = new MessageChannel();
    const arrived: LinkMessage[] = [];
    const { trackMessageSent, connect } = bind(create());
    connect(createPortLink(port1));
    /** Hears every snapshot. */
    const beat = createRecordingLink();
    connect(beat);
    port2.on("message", (message: LinkMessage) => arrived.push(message));
    const snapshots = () => arrived.filter((message) => typeof message !== "string").length;
    for (let second = 0; second < 25; second++) {
      trackMessageSent(`event ${second}`);
      const told = beat.seqs.length;
      await until(() => beat.seqs.length > told, { what: "the next snapshot" });
    }
    expect(snapshots()).toBe(MAX_UNACKNOWLEDGED);
    const link = createRecordingLink();
    arrived.length = 0;
    port2.postMessage(encodeLinkText({ type: "resync", reason: "starting anew" }));
    await until(() => snapshots() > 0, { what: "everything anew" });
    for (const message of arrived) link.take(message);
    expect(link.sum(MESSAGES)).toBe(25);
    expect(link.sum("wsight.probe.sink.dropped")).toBeGreaterThan(3);
    port2.close();
  });

  it("goes on as long as the hub acknowledges, and ignores what it does not understand", async () => {
    const { port1, port2 } = new MessageChannel();
    const link = createRecordingLink();
    const { connect } = bind(create());
    connect(createPortLink(port1));
    port2.on("message", (message: LinkMessage) => {
      link.take(message);
      if (typeof message === "string") return;
      port2.postMessage("nonsense");
      port2.postMessage(encodeLinkText({ type: "ack", seq: link.seqs.at(-1) ?? 0 }));
    });
    await until(() => link.seqs.length > MAX_UNACKNOWLEDGED + 3, { what: "more snapshots than may be on their way" });
    expect(link.sum("wsight.probe.sink.dropped")).toBe(0);
    port2.close();
  });

  it("to a port that closed drops, and throws nothing", async () => {
    const { port1, port2 } = new MessageChannel();
    const link = createPortLink(port1);
    const gone = new Promise((resolve) => port1.once("close", resolve));
    port2.close();
    await gone;
    expect(link.send("x")).toBe(false);
    link.close();
    link.close();
  });
});

function bind(made: Probe): Pick<Probe, "trackMessageSent" | "connect"> {
  return { trackMessageSent: made.trackMessageSent, connect: (link) => made.connect(link) };
}
