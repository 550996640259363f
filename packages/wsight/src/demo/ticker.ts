import type { IncomingMessage } from "node:http";
import { asFields, asText, parseJson } from "@wsight/protocol";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { DEMO_TOKEN, SYMBOLS } from "./events.ts";
import type { OnDemoError } from "./guarded.ts";
import { pause } from "./pause.ts";
import { logNormal, type Random } from "./random.ts";

const TICK_EVERY_MS = 250;
const PING_EVERY_MS = 5_000;
const CODE = "BAD_REQUEST";

/** What the ticker works with. */
export interface TickerParts {
  readonly random: Random;
  readonly onError: OnDemoError;
  readonly signal: AbortSignal;
}

/** A `ws` server at `/ticker` that sends quotes of the symbols a client asked for. The caller routes upgrades to it. */
export function createTicker(parts: TickerParts): WebSocketServer {
  const prices = new Map<string, number>(SYMBOLS.map((symbol, i) => [symbol, 40 + 35 * i]));
  const watching = new Map<WebSocket, Set<string>>();
  const wss = new WebSocketServer({
    noServer: true,
    path: "/ticker",
    verifyClient: ({ req }: { req: IncomingMessage }) => searchOf(req).get("token") === DEMO_TOKEN,
  });
  wss.on("connection", (ws) => {
    const symbols = new Set<string>();
    watching.set(ws, symbols);
    // The library closes the connection by itself; without a listener the process would end.
    ws.on("error", () => undefined);
    ws.on("close", () => watching.delete(ws));
    ws.on("message", (data) => {
      answer(ws, data, { symbols, prices, ...parts }).catch((error: unknown) => {
        parts.onError("BadMessage", error instanceof Error ? error.message : String(error));
        say(ws, { type: "error", message: "not understood" });
      });
    });
  });
  void tick(prices, watching, parts);
  void ping(wss, parts.signal);
  return wss;
}

/** Query of an upgrade request. */
export function searchOf(request: IncomingMessage): URLSearchParams {
  return new URL(request.url ?? "/", "http://localhost").searchParams;
}

interface Conversation extends TickerParts {
  readonly symbols: Set<string>;
  readonly prices: ReadonlyMap<string, number>;
}

async function answer(ws: WebSocket, data: RawData, conversation: Conversation): Promise<void> {
  const { symbols, prices, random, signal } = conversation;
  const fields = asFields(CODE, "message", parseJson(CODE, "message", String(data)));
  const symbol = asText(CODE, "symbol", fields.symbol, 8);
  switch (fields.type) {
    case "subscribe":
      if (prices.has(symbol)) symbols.add(symbol);
      return;
    case "unsubscribe":
      symbols.delete(symbol);
      return;
    case "quote":
      if (await pause(logNormal(random, 8, 0.7), signal)) say(ws, { type: "quote", symbol, price: prices.get(symbol) });
      return;
    default:
      throw new TypeError(`a message of type ${String(fields.type)}`);
  }
}

async function tick(
  prices: Map<string, number>,
  watching: ReadonlyMap<WebSocket, ReadonlySet<string>>,
  { random, signal }: TickerParts,
): Promise<void> {
  while (await pause(TICK_EVERY_MS, signal)) {
    for (const [symbol, price] of prices) prices.set(symbol, Math.max(1, price * (1 + (random() - 0.5) / 50)));
    for (const [ws, symbols] of watching) {
      if (symbols.size === 0) continue;
      say(ws, { type: "tick", prices: [...symbols].map((symbol) => [symbol, prices.get(symbol)]) });
    }
  }
}

async function ping(wss: WebSocketServer, signal: AbortSignal): Promise<void> {
  while (await pause(PING_EVERY_MS, signal)) for (const ws of wss.clients) ws.ping();
}

function say(ws: WebSocket, message: object): void {
  if (ws.readyState === ws.OPEN) ws.send(JSON.stringify(message));
}
