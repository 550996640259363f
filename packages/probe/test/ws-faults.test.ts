import { Histogram } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { BREAKER_LIMIT } from "../dist/guard.js";
import { IN, MESSAGES, messages, read, type Served, serve } from "./ws-support.ts";

const { record } = Histogram.prototype;
let served: Served | undefined;
afterEach(async () => {
  Histogram.prototype.record = record;
  await served?.close();
  served = undefined;
});

async function echo({ connect, wss }: Served, count: number): Promise<string[]> {
  wss.once("connection", (socket) => socket.on("message", (data) => socket.send(String(data))));
  const { client } = await connect();
  const echoed = messages(client, count);
  for (let i = 0; i < count; i++) client.send(`message ${i}`);
  return (await echoed).map(({ data }) => String(data));
}

describe("faults inside the probe", () => {
  it("never reach the application; ten of them switch the integration off with one warning", async () => {
    served = await serve();
    Histogram.prototype.record = () => {
      throw new Error("a broken histogram");
    };
    const got = await echo(served, 50);
    expect(got).toEqual(Array.from({ length: 50 }, (_, i) => `message ${i}`));
    const warnings = served.faults.filter(({ source }) => source === "ws");
    expect(warnings.map(({ error }) => (error as Error).message)).toEqual([
      "a broken histogram",
      `${BREAKER_LIMIT} faults of ws; it is switched off. The last was: a broken histogram`,
    ]);
    expect(served.attachment?.finding).toMatchObject({ state: "partial" });
    expect(served.attachment?.finding.notes[0]).toMatch(/switched off/);
  });

  it("leave sockets that close able to give their records back, and the process able to tell", async () => {
    served = await serve({}, { probe: { getUser: () => "someone" } });
    Histogram.prototype.record = () => {
      throw new Error("a broken histogram");
    };
    await echo(served, 20);
    Histogram.prototype.record = record;
    const { probe, wss } = served;
    expect(probe.getSummary().connections.by_user).toEqual({ someone: 1 });
    for (const socket of wss.clients) socket.terminate();
    await until(() => wss.clients.size === 0, { what: "the close" });
    expect(probe.getSummary().connections).toMatchObject({ total: 0, by_user: {} });
    expect(read(probe).sum(MESSAGES, IN)).toBeLessThanOrEqual(BREAKER_LIMIT);
  });

  it("of handshakes are told where it says what is watched", async () => {
    served = await serve();
    Histogram.prototype.record = () => {
      throw new Error("a broken histogram");
    };
    for (let i = 0; i < BREAKER_LIMIT; i++) await served.connect();
    expect(served.attachment?.finding).toMatchObject({ state: "partial" });
    expect(served.attachment?.finding.notes).toContain(
      "handshakes are switched off after repeated faults of the probe",
    );
  });

  it("do not come of errors that throw when they are looked at", async () => {
    served = await serve();
    const { socket } = await served.connect();
    socket.on("error", () => undefined);
    const hostile = {
      get code() {
        throw new Error("hostile");
      },
    };
    for (let i = 0; i < BREAKER_LIMIT * 2; i++) socket.emit("error", hostile as unknown as Error);
    socket.emit("error", Object.assign(new Error("plain"), { code: "EPLAIN" }));
    expect(served.faults).toEqual([]);
    expect(served.attachment?.finding.state).toBe("attached");
    expect(served.probe.getSummary().errors.by_type).toEqual({ Error: BREAKER_LIMIT * 2, EPLAIN: 1 });
  });
});
