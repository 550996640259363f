import { once } from "node:events";
import { createHub, type Hub, readMachineKey, signMachineToken } from "@wsight/hub";
import { until } from "@wsight/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { makeDir, SECRET } from "./harness.ts";
import { createSmallProbe } from "./small-probe.ts";

async function machineKey(): Promise<Uint8Array> {
  const found = await readMachineKey({ dir: await makeDir() });
  if ("problem" in found) throw new Error(found.problem);
  return found.key;
}

/** A process of this machine, as the hub sees it. */
async function join(hub: Hub, key: Uint8Array, instance: string) {
  const token = await signMachineToken(key, "chat", hub.port);
  const socket = new WebSocket(`ws://127.0.0.1:${hub.port}/ws/probe`, {
    headers: { authorization: `Bearer ${token}` },
  });
  onTestFinished(() => socket.terminate());
  const welcomes: { heir: boolean; dataDir: string | null; startedAt: number; seq: number | null }[] = [];
  socket.on("message", (data) => {
    const frame = JSON.parse(String(data));
    if (frame.type === "welcome") welcomes.push(frame);
  });
  socket.on("open", () => {
    for (const message of createSmallProbe(instance).greeting) socket.send(message);
  });
  await until(() => welcomes.length > 0, { what: "a welcome" });
  return { socket, welcomes };
}

describe("the heir of a hub", () => {
  test("is the process of this machine that is linked longest, and another one when it leaves", async () => {
    const key = await machineKey();
    const dataDir = await makeDir();
    const hub = await createHub({ port: 0, dataDir, secret: SECRET, dashboardDir: "/nonexistent", machineKey: key });
    onTestFinished(() => hub.close());
    const own: string[] = [];
    const link = hub.openLink((message) => own.push(message));
    for (const message of createSmallProbe("own").greeting) link.receive(message);
    expect(JSON.parse(own[0] ?? "")).toMatchObject({ type: "welcome", heir: false, dataDir: null });

    const first = await join(hub, key, "first");
    const second = await join(hub, key, "second");
    const third = await join(hub, key, "third");
    expect([first, second, third].map(({ welcomes }) => welcomes.at(-1)?.heir)).toEqual([true, false, false]);
    expect(first.welcomes[0]).toMatchObject({ dataDir, seq: null, startedAt: expect.any(Number) });
    second.socket.close();
    await once(second.socket, "close");
    first.socket.terminate();
    await until(() => third.welcomes.at(-1)?.heir === true, { what: "the third to be chosen" });
    expect(second.welcomes).toHaveLength(1);
  });

  test("is nobody when the hub runs for itself, and everybody is told that", async () => {
    const key = await machineKey();
    const options = { port: 0, dataDir: null, secret: SECRET, dashboardDir: "/nonexistent", machineKey: key };
    const hub = await createHub({ ...options, standalone: true });
    onTestFinished(() => hub.close());
    const { welcomes } = await join(hub, key, "first");
    expect(welcomes).toMatchObject([{ heir: false, standalone: true }]);
  });
});
