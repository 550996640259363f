import { once } from "node:events";
import { WebSocket } from "ws";
import type { ClientSetting } from "./chat-client.ts";
import { DEMO_TOKEN, SYMBOLS } from "./events.ts";
import { pause } from "./pause.ts";
import { exponential, pickSkewed } from "./random.ts";

const VISIT_MS = 60_000;
const ABSENCE_MS = 2_000;
const ACTION_MS = 1_200;

/** A screen that follows some symbols of the ticker, and asks for quotes. */
export async function runTickerClient(setting: ClientSetting): Promise<void> {
  const { random, signal } = setting;
  while (!signal.aborted) {
    await visit(setting);
    await pause(exponential(random, ABSENCE_MS), signal);
  }
}

async function visit({ url, user, random, busy, signal }: ClientSetting): Promise<void> {
  const ws = new WebSocket(`${url.replace("http", "ws")}/ticker?user=${user}&token=${DEMO_TOKEN}`);
  ws.on("error", () => undefined);
  const leave = (): void => ws.close(1000);
  signal.addEventListener("abort", leave, { once: true });
  try {
    await once(ws, "open", { signal });
    const symbols = new Set([pickSkewed(random, SYMBOLS), pickSkewed(random, SYMBOLS), pickSkewed(random, SYMBOLS)]);
    for (const symbol of symbols) say(ws, "subscribe", symbol);
    const leavesAt = Date.now() + exponential(random, VISIT_MS);
    while (Date.now() < leavesAt && (await pause(exponential(random, ACTION_MS / busy()), signal))) {
      const type = random() < 0.992 ? "quote" : "qoute";
      say(ws, type, pickSkewed(random, SYMBOLS));
    }
  } catch {
    // Refused, or the demo ends; either way it comes again later.
  } finally {
    signal.removeEventListener("abort", leave);
    if (random() < 0.2 && !signal.aborted) ws.terminate();
    else leave();
  }
}

function say(ws: WebSocket, type: string, symbol: string): void {
  if (ws.readyState === WebSocket.OPEN) ws.send(JSON.stringify({ type, symbol }));
}
