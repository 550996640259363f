import { once } from "node:events";
import { until } from "@wsight/testkit";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createRecordingLink, type RecordingLink } from "./recording-link.ts";
import { serve as serveSocketIo } from "./socket-io-support.ts";
import { serve } from "./ws-support.ts";

const WAIT = { what: "events to be told" };

const rowsOf = (link: RecordingLink, kind: string) =>
  link.events.flatMap(({ rows }) => rows).filter((row) => row.kind === kind);
const leftOut = (link: RecordingLink, kind: string): number =>
  link.events.reduce((sum, frame) => sum + (frame.leftOut[kind] ?? 0), 0);

describe("the journal of a probe", () => {
  it("tells of each connection that it opened, and how and after what it closed", async () => {
    const { connect, probe, close } = await serve();
    const link = createRecordingLink();
    probe.connect(link);
    const { client, socket } = await connect();
    socket.on("message", () => socket.send("pong"));
    client.send("ping!");
    await once(client, "message");
    client.close(4001);
    await until(() => rowsOf(link, "connection.closed").length === 1, WAIT);
    const [opened] = rowsOf(link, "connection.opened");
    const [closed] = rowsOf(link, "connection.closed");
    expect(opened?.subject).toBe(closed?.subject);
    expect(closed?.text).toBe("4001");
    expect(closed?.attributes).toMatchObject({ server: "ws", messagesIn: 1, messagesOut: 1, bytesIn: 5, bytesOut: 4 });
    expect(closed?.attributes.durationMs).toBeGreaterThanOrEqual(0);
    await close();
  });

  it("tells some of a crowd and counts the others, so that nothing is unsaid", async () => {
    const { port, wss, probe, close } = await serve();
    const link = createRecordingLink();
    probe.connect(link);
    const clients = Array.from({ length: 300 }, () => new WebSocket(`ws://127.0.0.1:${port}/`));
    await Promise.all(clients.map((client) => once(client, "open")));
    await until(() => wss.clients.size === 300, WAIT);
    const told = () => rowsOf(link, "connection.opened").length;
    await until(() => told() + leftOut(link, "connection.opened") === 300, WAIT);
    // A burst of 50, and ten for each second that the crowd took to come.
    expect(told()).toBeGreaterThanOrEqual(50);
    expect(told()).toBeLessThan(150);
    for (const client of clients) client.terminate();
    await close();
  });

  it("tells why a connection of Socket.IO closed", async () => {
    const served = await serveSocketIo();
    const link = createRecordingLink();
    served.probe.connect(link);
    const client = await served.client();
    await client.connected;
    client.socket.disconnect();
    await until(() => rowsOf(link, "connection.closed").length === 1, WAIT);
    expect(rowsOf(link, "connection.closed")[0]?.text).toMatch(/transport close|client namespace disconnect/);
    await served.close();
  });

  it("tells of errors, redacted", async () => {
    const { probe, close } = await serve();
    const link = createRecordingLink();
    probe.connect(link);
    probe.trackError("DB", "no route to postgres://user:hunter2@db/x");
    await until(() => rowsOf(link, "error").length === 1, WAIT);
    expect(rowsOf(link, "error")[0]).toMatchObject({ subject: "DB", attributes: {} });
    expect(JSON.stringify(link.events)).not.toContain("hunter2");
    await close();
  });
});
