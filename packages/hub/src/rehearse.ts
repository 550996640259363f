import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { get, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { signMachineToken } from "./access/machine-key.ts";
import { createHub } from "./hub.ts";

/**
 * Runs a hub for a moment on a free port of this machine, and asks it what a
 * new hub is asked first. Code that ran once is compiled: a hub that is started
 * in this thread afterwards answers within milliseconds, not tens of them.
 * It keeps nothing, lets nobody in but this thread, and its failure is of no
 * consequence.
 */
export async function rehearse(): Promise<void> {
  const machineKey = new Uint8Array(randomBytes(32));
  const secret = randomBytes(32).toString("base64url");
  const silent = { onError: () => undefined, env: {} };
  const hub = await createHub({ port: 0, dataDir: null, dashboardDir: ".", secret, machineKey, ...silent });
  try {
    for (let i = 0; i < 3; i++) {
      await askHealth(hub.port);
      await openLink(hub.port, machineKey);
    }
  } finally {
    await hub.close();
  }
}

async function askHealth(port: AddressInfo["port"]): Promise<void> {
  const [response] = await once(get({ host: "127.0.0.1", port, path: "/healthz", agent: false }), "response");
  response.resume();
  await once(response, "end");
}

async function openLink(port: AddressInfo["port"], machineKey: Uint8Array): Promise<void> {
  const headers = {
    authorization: `Bearer ${await signMachineToken(machineKey, "rehearsal", port)}`,
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": randomBytes(16).toString("base64"),
  };
  const call = request({ host: "127.0.0.1", port, path: "/ws/probe", headers, agent: false }).end();
  const [, socket] = (await once(call, "upgrade")) as [unknown, Duplex];
  socket.destroy();
}
